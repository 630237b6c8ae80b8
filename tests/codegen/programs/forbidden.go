// The snippets of the section "Incorrect compilation" of Go's memory model: each function, and what a compiler must not make of it.
package main

type node struct {
	next  *node
	value int
}

var (
	count int
	table [4]func()
)

// A write must not be moved out of a condition: nobody may see 2 if cond is false.

//go:noinline
func conditional(p *int, cond bool, f func()) {
	*p = 1
	if cond {
		f()
		*p = 2
	}
}

//go:noinline
func conditionalWrong(p *int, cond bool, f func()) {
	*p = 2
	if !cond {
		f()
		*p = 1
	}
}

// A write must not be invented after a loop that may not write.

//go:noinline
func counted(list *node) {
	for e := list; e != nil; e = e.next {
		if e.value > 0 {
			count++
		}
	}
}

//go:noinline
func countedWrong(list *node) {
	n := count
	for e := list; e != nil; e = e.next {
		if e.value > 0 {
			n++
		}
	}
	count = n
}

// A value that was checked must not be loaded again: it may have changed.

//go:noinline
func checked(p *int, f func()) {
	i := *p
	if i < 0 || i >= 4 {
		panic("range")
	}
	f()
	f()
	table[i]()
}

//go:noinline
func checkedWrong(p *int, f func()) {
	if i := *p; i < 0 || i >= 4 {
		panic("range")
	}
	f()
	f()
	table[*p]()
}

// A destination must not be used as scratch memory.

//go:noinline
func scratch(p *int, i int, f func()) {
	*p = i + *p/2
}

//go:noinline
func scratchWrong(p *int, i int, f func()) {
	*p /= 2
	f()
	*p += i
}

// Accesses after a loop must not be moved before it: the loop may not end, or wait.

//go:noinline
func afterLoop(list *node, p, q *int) int {
	n := 0
	for e := list; e != nil; e = e.next {
		n++
	}
	i := *p
	*q = 1
	return i + n
}

//go:noinline
func afterLoopWrong(list *node, p, q *int) int {
	i := *p
	*q = 1
	n := 0
	for e := list; e != nil; e = e.next {
		n++
	}
	return i + n
}

// The same after a loop without accesses. It ends for even numbers only, and must not be deleted.

//go:noinline
func afterCount(n int, q *int) {
	for i := 0; i != n; i += 2 {
	}
	*q = 1
}

//go:noinline
func afterCountWrong(n int, q *int) {
	*q = 1
}

// Accesses after a call must not be moved before it: the call may not return, or synchronize.

//go:noinline
func afterCall(p, q *int, f func()) int {
	f()
	i := *p
	*q = 1
	return i
}

//go:noinline
func afterCallWrong(p, q *int, f func()) int {
	i := *p
	*q = 1
	f()
	return i
}

// A word must be written whole.

//go:noinline
func whole(p *uint64) {
	*p |= 1 << 40
}

//go:noinline
func wholeWrong(p *[8]byte) {
	p[5] |= 1
}

// The addresses of the functions are taken, so that the compiler knows nothing of their arguments.
var functions = []any{
	conditional, conditionalWrong, counted, countedWrong, checked, checkedWrong, scratch, scratchWrong,
	afterLoop, afterLoopWrong, afterCount, afterCountWrong, afterCall, afterCallWrong, whole, wholeWrong,
}

func main() {
	println(len(functions), count)
}
