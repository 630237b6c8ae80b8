// Methods of interfaces whose values are known: the calls are direct, and do what calls through interfaces do.
package main

import (
	"bytes"
	"errors"
	"io"
	"strings"
)

type shape interface {
	area(scale int) int
	name() string
}

type square struct{ side int }

func (s *square) area(scale int) int { return s.side * s.side * scale }
func (s *square) name() string       { return "square" }

type rect struct{ w, h int }

func (r rect) area(scale int) int { return r.w * r.h * scale }
func (r rect) name() string       { return "rect" }

type grid struct{ cells [40]int }

func (g grid) area(scale int) int { return (g.cells[0] + g.cells[39]) * scale }
func (g grid) name() string       { return "grid" }

type unit int

func (u unit) area(scale int) int { return int(u) * scale }
func (u unit) name() string       { return "unit" }

type holder struct {
	label string
	*square
}

type nested struct {
	n int
	holder
}

type inner struct {
	n int
	square
}

type wrapped struct{ shape }

func try(what string, f func()) {
	defer func() {
		r := recover()
		if e, ok := r.(error); ok {
			println(what, "panics:", e.Error())
		} else if r != nil {
			println(what, "panics")
		} else {
			println(what, "is done")
		}
	}()
	f()
}

func step(n int) int {
	println("step", n)
	return n
}

func direct() {
	var s shape = &square{3}
	println(s.area(step(2)), s.name())
	var r shape = rect{2, 5}
	println(r.area(1), r.name())
	var p shape = &rect{3, 5}
	println(p.area(1), p.name())
	var g grid
	g.cells[39] = 7
	var b shape = g
	g.cells[39] = 8
	println(b.area(2), b.name())
	var u shape = unit(9)
	println(u.area(3), shape(unit(4)).area(5))
}

func promoted() {
	var h shape = holder{"a", &square{4}}
	println(h.area(1), h.name())
	var n shape = &nested{1, holder{"b", &square{5}}}
	println(n.area(1))
	var i shape = &inner{1, square{6}}
	println(i.area(1))
	var w shape = wrapped{&square{7}}
	println(w.area(1))
	var x shape = &wrapped{&wrapped{rect{8, 1}}}
	println(x.area(1))
}

func nils() {
	try("nil pointer receiver", func() {
		var s shape
		if step(0) > 0 {
			s = &square{}
		}
		println(s.area(step(1)))
	})
	try("nil value receiver", func() {
		var s shape
		if step(0) > 0 {
			s = rect{}
		}
		println(s.area(step(2)))
	})
	try("nil pointer to a value receiver", func() {
		var r *rect
		var s shape = r
		println(s.area(step(3)))
	})
	try("nil embedded pointer", func() {
		var s shape = holder{}
		println(s.area(step(4)))
	})
	try("nil embedded interface", func() {
		var s shape = wrapped{}
		println(s.area(step(5)))
	})
	try("nil interface with an embedded one", func() {
		var s shape
		if step(0) > 0 {
			s = wrapped{}
		}
		println(s.area(step(6)))
	})
	try("nil pointer with an embedded interface", func() {
		var s shape
		if step(0) > 0 {
			s = &wrapped{}
		}
		println(s.area(step(7)))
	})
	try("deferred nil", func() {
		var s shape
		if step(0) > 0 {
			s = &square{}
		}
		defer s.area(step(8))
		println("deferred")
	})
	try("pointer method of a nil pointer", func() {
		var q *square
		var s shape = q
		println(s.name())
	})
}

func failing() error {
	var e error = errors.New("known")
	return errors.New(e.Error() + "!")
}

func changed() {
	var s shape = &square{1}
	println(s.area(func() int { s = &square{10}; return 1 }()))
	println(s.area(1))
	k := s
	for i := range 3 {
		s, k = k, s
		println(i, s.area(1), k.area(1))
	}
}

type recoverer struct{ what string }

func (r *recoverer) catch() {
	if recover() != nil {
		println("caught", r.what)
	}
}

func (r *recoverer) nothing() {}

type catcher interface{ catch() }

type embedsRecoverer struct{ *recoverer }

func recovers() {
	func() {
		var c catcher = &recoverer{"direct"}
		defer c.catch()
		panic("a")
	}()
	func() {
		var c catcher = embedsRecoverer{&recoverer{"promoted"}}
		defer c.catch()
		panic("b")
	}()
	func() {
		var c catcher = &struct{ catcher }{&recoverer{"embedded"}}
		defer c.catch()
		panic("c")
	}()
}

func library() {
	var w io.Writer = &bytes.Buffer{}
	n, err := w.Write([]byte("text"))
	println(n, err == nil, w.(*bytes.Buffer).String())
	var r io.ReadSeeker = strings.NewReader("some text")
	var b [16]byte
	var reader io.Reader = r
	n, _ = reader.Read(b[:4])
	at, _ := r.Seek(1, io.SeekCurrent)
	println(n, at, string(b[:n]))
}

func asserted(v any) {
	var s shape = rect{1, 2}
	switch x := s.(type) {
	case interface{ name() string }:
		println(x.name())
	}
	try("impossible assertion", func() {
		println(any(unit(0)).(error).Error())
	})
	if x, ok := s.(interface{ area(int) int }); ok {
		println(x.area(1))
	}
}

func concurrent() {
	done := make(chan int)
	var s shape = &square{2}
	send := func(k shape) { done <- k.area(step(3)) }
	go send(s)
	println(<-done)
	var c interface{ run(chan int) } = runner(5)
	go c.run(done)
	println(<-done)
}

type runner int

func (r runner) run(c chan int) { c <- int(r) }

func main() {
	direct()
	promoted()
	nils()
	println(failing().Error())
	changed()
	recovers()
	library()
	asserted(nil)
	concurrent()
}
