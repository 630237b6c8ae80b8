// Calls, func values and dynamic types through reflection.
package main

import (
	"errors"
	"fmt"
	"reflect"
	"runtime"
	"sort"
	"strings"
)

type shape interface {
	Area() float64
	Name() string
}

type square struct{ side float64 }

func (s square) Area() float64           { return s.side * s.side }
func (s square) Name() string            { return "square" }
func (s *square) Grow(by float64, n int) { s.side += by * float64(n) }
func (s square) Many(a, b int, c ...string) (int, string, error) {
	return a + b, strings.Join(c, "+"), errors.New("many")
}

type big struct {
	a, b, c, d, e int64
	s             string
}

func takesBig(b big, f float32, ok bool) (big, float32, bool) {
	b.a += int64(f)
	b.s += "!"
	return b, f * 2, !ok
}

type pair[K comparable, V any] struct {
	Key K `json:"key"`
	Val V
}

func (p pair[K, V]) String() string { return fmt.Sprint(p.Key, "=", p.Val) }

func recovered(f func()) {
	defer func() { fmt.Println("recovered:", recover()) }()
	f()
}

func main() {
	sq := &square{2}
	v := reflect.ValueOf(sq)
	for i := 0; i < v.NumMethod(); i++ {
		fmt.Println(v.Type().Method(i).Name, v.Type().Method(i).Type)
	}
	v.MethodByName("Grow").Call([]reflect.Value{reflect.ValueOf(1.5), reflect.ValueOf(2)})
	fmt.Println(sq.side, v.MethodByName("Area").Call(nil)[0].Float())
	out := v.MethodByName("Many").Call([]reflect.Value{reflect.ValueOf(1), reflect.ValueOf(2), reflect.ValueOf("x"), reflect.ValueOf("y")})
	fmt.Println(out[0], out[1], out[2])
	out = v.MethodByName("Many").CallSlice([]reflect.Value{reflect.ValueOf(1), reflect.ValueOf(2), reflect.ValueOf([]string{"p", "q"})})
	fmt.Println(out[0], out[1], out[2])
	out = reflect.ValueOf(takesBig).Call([]reflect.Value{reflect.ValueOf(big{a: 1, e: 5, s: "s"}), reflect.ValueOf(float32(2.5)), reflect.ValueOf(true)})
	fmt.Printf("%+v %v %v\n", out[0], out[1], out[2])

	area := v.MethodByName("Area").Interface().(func() float64)
	sq.side = 10
	fmt.Println(area())
	var sh shape = *sq
	fmt.Println(reflect.ValueOf(&sh).Elem().Method(1).Call(nil)[0])

	swap := func(in []reflect.Value) []reflect.Value { return []reflect.Value{in[1], in[0]} }
	var intSwap func(int, string) (string, int)
	reflect.ValueOf(&intSwap).Elem().Set(reflect.MakeFunc(reflect.TypeOf(intSwap), swap))
	fmt.Println(intSwap(7, "seven"))
	var bigSwap func(big, float64) (float64, big)
	reflect.ValueOf(&bigSwap).Elem().Set(reflect.MakeFunc(reflect.TypeOf(bigSwap), swap))
	fmt.Println(bigSwap(big{a: 9, s: "nine"}, 0.5))

	p := pair[string, int]{"k", 3}
	t := reflect.TypeOf(p)
	fmt.Println(t, t.Name(), t.Field(0).Tag.Get("json"), t.NumMethod(), p)
	dynamic := reflect.StructOf([]reflect.StructField{
		{Name: "A", Type: reflect.TypeOf(0), Tag: `json:"a"`},
		{Name: "B", Type: reflect.TypeOf([]string{})},
	})
	d := reflect.New(dynamic).Elem()
	d.Field(0).SetInt(42)
	d.Field(1).Set(reflect.ValueOf([]string{"x", "y"}))
	runtime.GC()
	fmt.Printf("%v %+v\n", d.Type(), d.Interface())
	m := reflect.MakeMap(reflect.MapOf(reflect.TypeOf(""), reflect.TypeOf([]int{})))
	m.SetMapIndex(reflect.ValueOf("one"), reflect.ValueOf([]int{1}))
	m.SetMapIndex(reflect.ValueOf("two"), reflect.ValueOf([]int{2, 2}))
	keys := m.MapKeys()
	sort.Slice(keys, func(i, j int) bool { return keys[i].String() < keys[j].String() })
	fmt.Println(keys, m.Len(), m.Interface())
	arr := reflect.New(reflect.ArrayOf(3, reflect.TypeOf(int16(0)))).Elem()
	arr.Index(1).SetInt(5)
	fmt.Println(arr.Type(), arr)
	ch := reflect.MakeChan(reflect.ChanOf(reflect.BothDir, reflect.TypeOf(0)), 1)
	ch.Send(reflect.ValueOf(11))
	chosen, got, ok := reflect.Select([]reflect.SelectCase{
		{Dir: reflect.SelectDefault},
		{Dir: reflect.SelectRecv, Chan: ch},
	})
	fmt.Println(chosen, got, ok)
	fmt.Println(reflect.DeepEqual(map[string][]int{"a": {1}}, map[string][]int{"a": {1}}))
	fmt.Println(reflect.TypeFor[shape]().Method(0).Name, reflect.TypeOf(sq).Implements(reflect.TypeFor[shape]()))
	slice := reflect.Append(reflect.ValueOf([]int{1}), reflect.ValueOf(2))
	slice = reflect.AppendSlice(slice, reflect.ValueOf([]int{3, 4}))
	fmt.Println(slice, slice.Slice(1, 3), slice.Cap() >= 4)
	recovered(func() { reflect.ValueOf(takesBig).Call(nil) })
	recovered(func() { reflect.ValueOf(1).Elem() })
	recovered(func() { reflect.ValueOf(sq).MethodByName("Nope").Call(nil) })
	recovered(func() { reflect.ValueOf(square{}).Field(0).SetFloat(1) })
	fn := runtime.FuncForPC(reflect.ValueOf(takesBig).Pointer())
	fmt.Println(fn.Name())
	convert := reflect.ValueOf(65).Convert(reflect.TypeOf(float32(0)))
	fmt.Println(convert.Type(), convert)
	w := reflect.FuncOf([]reflect.Type{reflect.TypeOf(0)}, []reflect.Type{reflect.TypeOf("")}, false)
	made := reflect.MakeFunc(w, func(in []reflect.Value) []reflect.Value { return []reflect.Value{reflect.ValueOf(fmt.Sprint(in[0]))} })
	fmt.Println(made.Call([]reflect.Value{reflect.ValueOf(3)})[0])
}
