// Order of evaluation: builtins, and recover on behalf of another function.
package main

import "iter"

type list []int

var global = list{1, 2, 3}

func builtins() {
	x, c, n := make([]int, 1, 2), 1+1i, 1.0
	change := func() int {
		x, c, n = make([]int, 3, 5), 3+4i, 7
		return 2
	}
	reset := func() { x, c, n = make([]int, 1, 2), 1+1i, 1 }
	a, b, d := len(x), change(), len(x)
	println(a, b, d)
	reset()
	a, b, d = cap(x), change(), cap(x)
	println(a, b, d)
	reset()
	r, b, s := real(c), change(), imag(c)
	println(r, b, s)
	reset()
	z, b, w := complex(n, 0), change(), complex(n, 1)
	println(z, b, w)
	reset()
	p, b, q := min(n, 5), change(), max(n, 5)
	println(p, b, q)
	reset()
	show(len(x), change(), len(x), x)
	reset()
	println(len(x)+change()*10+len(x)*100, -len(x)+change())
	reset()
	y := [...]int{len(x), change(), cap(x)}
	println(y[0], y[1], y[2])
	reset()
	x[0], a = len(x), change()
	println(x[0], a, len(x))
	func() {
		defer func() { println(recover().(error).Error()) }()
		global[len(global)-1] = shrink()
	}()
	global, global[len(global)-1] = list{4, 5}, len(global)+shrink()
	println(len(global), global[0], global[1])
	next := func() (int, int) { return shrink(), 1 }
	global = list{1, 2, 3}
	a, global[len(global)-3] = next()
	println(a, len(global), global[0])
}

func shrink() int {
	global = global[:1:1]
	global[0] = 9
	return 5
}

func show(a, b, c int, x []int) { println(a, b, c, len(x)) }

func try(n int) (result any) {
	defer func() { result = recover() }()
	recoverings(n)
	return "returned"
}

func one(yield func(int) bool) { yield(1) }

func recoverings(n int) {
	switch n {
	case 0:
		defer recover()
		panic(0)
	case 1:
		defer func() {
			defer recover()
		}()
		panic(1)
	case 2:
		defer func() {
			defer recover()
			panic(22)
		}()
		panic(2)
	case 3:
		defer func() {
			defer recover()
			defer func() { recover() }()
			panic(33)
		}()
		panic(3)
	case 4:
		defer func() {
			func() { defer recover() }()
		}()
		panic(4)
	case 5:
		defer func() {
			for range iter.Seq[int](one) {
				println("in a loop", recover() != nil)
			}
		}()
		panic(5)
	case 6:
		defer func() {
			for range iter.Seq[int](one) {
				defer recover()
			}
		}()
		panic(6)
	}
}

type box struct{ c chan int }

func made(n int) chan int {
	println("made", n)
	c := make(chan int, 1)
	c <- n
	return c
}

func selects() {
	var none *box
	func() {
		defer func() { println(recover() != nil) }()
		select {
		case <-none.c:
		case <-made(1):
		}
	}()
	b, n := &box{make(chan int, 1)}, 5
	first := b.c
	change := func() chan int {
		b, n = &box{make(chan int, 1)}, 6
		return nil
	}
	select {
	case b.c <- n:
	case <-change():
	}
	println(<-first, len(b.c), n)
}

func main() {
	builtins()
	selects()
	for i := range 7 {
		print(i, " ")
		switch v := try(i).(type) {
		case int:
			println(v)
		case string:
			println(v)
		case nil:
			println("nil")
		}
	}
}
