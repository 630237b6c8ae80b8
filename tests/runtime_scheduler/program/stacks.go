package main

import (
	"runtime"
	"runtime/debug"
)

func deepRecursion([]string) {
	for range 2 {
		got := deep(1_000_000)
		expect(got == 1_000_000, "depth", got)
	}
}

// many has more arguments than there are registers, and a frame that needs a new segment at some depths.
//
//go:noinline
func many(a, b, c, d, e, f int, x, y, z, u, v, w, s, t, r float64, g, h, i, j, k, l int) (int, int, int) {
	var room [300]byte
	use(room[:])
	sum := x + y + z + u + v + w + s + t + r
	return a + b + int(sum), c + d + g + h, e + f + i + j + k + l
}

//go:noinline
func half(x float64) float64 {
	var room [700]byte
	use(room[:])
	return x * 0.5
}

//go:noinline
func use(room []byte) {}

//go:noinline
func descend(n int) int {
	if n == 0 {
		return 0
	}
	a, b, c := many(1, 2, 3, 4, 5, 6, 1, 2, 3, 4, 5, 6, 7, 8, 9, 7, 8, 9, 10, 11, 12)
	expect(a == 48 && b == 22 && c == 53, "results", a, b, c)
	h := half(9)
	expect(h == 4.5, "result in a floating-point register", h)
	return descend(n-1) + 1
}

func argumentsSurvive([]string) {
	got := descend(3000)
	expect(got == 3000, "depth", got)
}

//go:noinline
func large(n int) int {
	var room [300_000]byte
	use(room[:])
	if n == 0 {
		return 0
	}
	room[n] = 1
	return large(n-1) + int(room[n])
}

func largeFrames([]string) {
	got := large(20)
	expect(got == 20, "depth", got)
}

func overflow([]string) {
	println(deep(-1))
}

// overflowLimit exceeds a limit that debug.SetMaxStack has set; a goroutine that stays below it ends well.
func overflowLimit([]string) {
	old := debug.SetMaxStack(1 << 20)
	expect(old == 1_000_000_000, "first limit", old)
	old = debug.SetMaxStack(1 << 17)
	expect(old == 1<<20, "limit", old)
	done := make(chan bool)
	go func() {
		got := deep(500)
		expect(got == 500, "depth", got)
		done <- true
	}()
	<-done
	println(deep(-1))
}

//go:noinline
func fall(n int) {
	if n == 0 {
		panic("bottom")
	}
	fall(n - 1)
	runtime.KeepAlive(&n)
}

//go:noinline
func catch(n int) (caught any) {
	defer func() { caught = recover() }()
	fall(n)
	return nil
}

func recoverFromDeeper([]string) {
	for i := range 1000 {
		caught := catch(i * 37)
		expect(caught == "bottom", "recovered", caught)
		got := deep(100)
		expect(got == 100, "depth", got)
	}
}
