// Types with long arrays: the collector finds their pointers without a bitmap.
package main

import (
	"fmt"
	"reflect"
	"runtime"
	"unsafe"
)

const long = 1 << 18

type node struct{ value int }

type wide struct {
	name  string
	nodes [long]*node
	gap   [100]int
	pairs [long / 4]struct {
		n     int
		inner [3]any
	}
	last *node
	tail [200]byte
}

type deep [3]struct {
	n    int
	wide wide
}

var (
	globalArray [long]*node
	globalWide  wide
	globalDeep  deep
	mixed       struct {
		p    *node
		tail [1 << 16]uint64
	}
)

func fill(w *wide, at int) {
	for i := range w.nodes {
		w.nodes[i] = &node{at + i}
	}
	for i := range w.pairs {
		w.pairs[i].n = -1
		for j := range w.pairs[i].inner {
			w.pairs[i].inner[j] = at + 1000000 + 3*i + j
		}
	}
	w.name = fmt.Sprint("wide", at)
	w.last = &node{at - 1}
}

func sum(w *wide) (total int) {
	for _, n := range w.nodes {
		total += n.value
	}
	for i := range w.pairs {
		for _, x := range w.pairs[i].inner {
			total += x.(int)
		}
	}
	return total + len(w.name) + w.last.value
}

func churn() {
	for range 3 {
		for range 200000 {
			_ = &node{-7}
		}
		runtime.GC()
	}
}

func main() {
	for i := range mixed.tail {
		mixed.tail[i] = 0xc000000000 + uint64(i)*8 // no pointers, whatever they look like
	}
	mixed.p = &node{77}
	for i := range globalArray {
		globalArray[i] = &node{i}
	}
	fill(&globalWide, 5)
	for i := range globalDeep {
		fill(&globalDeep[i].wide, 10*i)
	}
	heapWide, heapDeep := new(wide), new(deep)
	fill(heapWide, 7)
	fill(&heapDeep[2].wide, 9)
	fill(&heapDeep[0].wide, 9)
	fill(&heapDeep[1].wide, 9)
	rows := make([]wide, 2)
	fill(&rows[1], 11)
	fill(&rows[0], 11)
	made := reflect.New(reflect.StructOf([]reflect.StructField{
		{Name: "A", Type: reflect.TypeFor[int]()},
		{Name: "B", Type: reflect.ArrayOf(5000, reflect.TypeFor[any]())},
		{Name: "C", Type: reflect.TypeFor[*node]()},
	})).Elem()
	for i := range 5000 {
		made.Field(1).Index(i).Set(reflect.ValueOf(i + 1000000))
	}
	made.Field(2).Set(reflect.ValueOf(&node{8}))
	churn()
	copied := new(wide)
	*copied = *heapWide
	churn()
	total := 0
	for _, n := range globalArray {
		total += n.value
	}
	fmt.Println(total, sum(&globalWide), sum(&globalDeep[0].wide), sum(&globalDeep[2].wide), mixed.p.value)
	fmt.Println(sum(heapWide), sum(&heapDeep[0].wide), sum(&heapDeep[2].wide), sum(&rows[0]), sum(&rows[1]), sum(copied))
	found := 0
	for i := range 5000 {
		found += made.Field(1).Index(i).Interface().(int)
	}
	fmt.Println(found, made.Field(2).Interface().(*node).value)

	a := []*int{new(int), new(int)}
	p := (*[1 << 36]*int)(unsafe.Pointer(&a[0]))[:2:2]
	var x any = (*[1 << 36]*int)(nil)
	fmt.Printf("%d %T %v\n", len(p), x, reflect.TypeOf(x).Elem().Size())
	runtime.KeepAlive(p)
}
