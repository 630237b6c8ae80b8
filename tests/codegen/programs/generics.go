package main

import "unsafe"

type number interface{ ~int | ~float64 | ~uint8 }

func sum[T number](xs ...T) (t T) {
	for _, x := range xs {
		t += x
	}
	return
}

type list[T any] struct {
	head *node[T]
	size int
}
type node[T any] struct {
	v    T
	next *node[T]
}

func (l *list[T]) push(v T) { l.head = &node[T]{v, l.head}; l.size++ }
func (l *list[T]) all() func(func(T) bool) {
	return func(yield func(T) bool) {
		for n := l.head; n != nil; n = n.next {
			if !yield(n.v) {
				return
			}
		}
	}
}

type pair[K comparable, V any] struct {
	k K
	v V
}

func collect[K comparable, V any](m map[K]V) []pair[K, V] {
	var out []pair[K, V]
	for k, v := range m {
		out = append(out, pair[K, V]{k, v})
	}
	return out
}

func apply[T, U any](xs []T, f func(T) U) []U {
	out := make([]U, 0, len(xs))
	for _, x := range xs {
		out = append(out, f(x))
	}
	return out
}

type stringer interface{ String() string }
type celsius float64

func (c celsius) String() string { return "degrees" }

func show[T stringer](x T) string { return x.String() }

func kind[T any](x T) string {
	switch any(x).(type) {
	case int:
		return "int"
	case string:
		return "string"
	case []T:
		return "slice"
	}
	return "other"
}

type embedded struct {
	pair[string, int]
	*list[int]
}

func find(l *list[string], want string) (int, bool) {
	i := 0
	for s := range l.all() {
		if s == want {
			return i, true
		}
		i++
	}
	return -1, false
}

func main() {
	println(sum(1, 2, 3), sum(1.5, 2), sum[uint8](200, 100))
	l := &list[string]{}
	l.push("a")
	l.push("b")
	l.push("c")
	println(find(l, "a"))
	println(find(l, "z"))
	for s := range l.all() {
		if s == "b" {
			continue
		}
		print(s, " ")
	}
	println(l.size)
	ps := collect(map[string]int{"k": 5})
	println(ps[0].k, ps[0].v, ps[0] == pair[string, int]{"k", 5})
	lens := apply([]string{"a", "bb"}, func(s string) int { return len(s) })
	println(lens[0], lens[1])
	println(show(celsius(1)), kind(1), kind("s"), kind(1.5))
	e := embedded{pair[string, int]{"x", 1}, &list[int]{}}
	e.push(4)
	println(e.k, e.size, e.head.v)
	xs := [4]int32{1, 2, 3, 4}
	p := unsafe.Pointer(&xs)
	println(*(*int32)(unsafe.Add(p, 8)), *(*int32)(unsafe.Pointer(uintptr(p) + unsafe.Sizeof(xs[0]))))
	view := unsafe.Slice((*byte)(p), 16)
	println(len(view), view[4], unsafe.String(&view[0], 1) == "\x01", *unsafe.SliceData(view), unsafe.StringData("q") != nil)
}
