package main

import "errors"

type shape interface{ area() int }
type square struct{ n int }
type rect struct{ w, h int }

func (s square) area() int { return s.n * s.n }
func (r *rect) area() int  { return r.w * r.h }

func kinds(xs ...any) {
	for _, x := range xs {
		switch v := x.(type) {
		case nil:
			println("nil")
		case int, int8:
			println("int or int8", v != nil)
		case string:
			println("string", len(v))
		case shape:
			println("shape", v.area())
		case error:
			println("error", v.Error())
		case [3]int:
			println("array", v[1])
		case func() int:
			println("func", v())
		case []byte:
			println("bytes", string(v))
		default:
			_, isMap := v.(map[string]int)
			println("other", isMap)
		}
	}
}

func words(s string) int {
	switch s {
	case "":
		return 0
	case "a", "b", "c":
		return 1
	case "ab", "cd":
		return 2
	case "hello":
		return 5
	}
	return -1
}

func numbers(n int) (out string) {
	switch {
	case n < 0:
		return "negative"
	case n == 0:
		out = "zero "
		fallthrough
	case n == 1:
		out += "one "
		fallthrough
	default:
		out += "rest"
	}
	switch n {
	case 5, 6, 7:
		out += " five"
	case 1 << 40:
		out += " big"
	}
	return
}

func labels() {
outer:
	for i := 0; ; i++ {
		for j := range 5 {
			switch {
			case j == 2:
				continue outer
			case i == 3:
				break outer
			}
			println(i, j)
		}
	}
	n := 0
again:
	n++
	if n < 3 {
		goto again
	}
	println("n", n)
}

func ranges() {
	arr := [4]int{1, 2, 3, 4}
	for i, v := range arr {
		arr[3] = 10
		println(i, v)
	}
	for i, v := range &arr {
		arr[3] = 20
		println(i, v)
	}
	s := []int{1, 2, 3}
	for i, v := range s {
		s = append(s, v)
		s[2] = 9
		println(i, v, len(s))
	}
	for i, r := range "aé\xff世" {
		println(i, r)
	}
	for i := range []byte("xyz") {
		print(i, " ")
	}
	println()
	var m map[string]int
	for range m {
		println("never")
	}
	total := 0
	for k, v := range map[int]int{1: 10, 2: 20, 3: 30} {
		total += k * v
	}
	println(total)
	c := make(chan int, 3)
	c <- 1
	c <- 2
	close(c)
	for v := range c {
		println("chan", v)
	}
	for i := range uint8(3) {
		print(i)
	}
	println()
	for range 2 {
		print("x")
	}
	println()
	funcs := []func() int{}
	for i := 0; i < 3; i++ {
		funcs = append(funcs, func() int { i *= 10; return i })
	}
	for _, f := range funcs {
		print(f(), " ", f(), " ")
	}
	println()
	seq := func(yield func(int, string) bool) {
		for i, s := range []string{"a", "b", "c"} {
			if !yield(i, s) {
				println("stopped")
				return
			}
		}
	}
	for i, s := range seq {
		if i == 2 {
			break
		}
		defer println("deferred in range func", i)
		println(i, s)
	}
}

func deferred() (n int, err error) {
	defer func() {
		if r := recover(); r != nil {
			err = r.(error)
			n *= 2
		}
	}()
	for i := range 3 {
		defer func() { n += i }()
	}
	n = 10
	var p *rect
	n += p.w
	return 1, nil
}

func nested() (s string) {
	defer func() {
		s += "|" + recover().(string)
	}()
	defer func() {
		defer func() { s += recover().(string) }()
		panic("inner")
	}()
	panic("outer")
}

func results() (a int, b string, c [6]int) {
	defer func() { a, c[5] = a+1, c[0] }()
	c[0] = 7
	return 41, "b", c
}

func main() {
	kinds(nil, 1, int8(2), "xyz", square{3}, &rect{2, 5}, errors.New("e"), [3]int{1, 2, 3}, func() int { return 8 }, []byte("by"), 1.5, map[string]int{})
	for _, s := range []string{"", "a", "c", "ab", "cd", "hello", "hellx", "zz"} {
		print(words(s), " ")
	}
	println()
	for _, n := range []int{-1, 0, 1, 5, 1 << 40} {
		println(numbers(n))
	}
	labels()
	ranges()
	n, err := deferred()
	println(n, err.Error())
	println(nested())
	a, b, c := results()
	println(a, b, c[5])
}
