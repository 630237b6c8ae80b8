// The formats of print and println. Real Go and Tricolor print them to standard error.
package main

type hex uint64

func main() {
	var e any = 5
	_ = e
	println(float32(0.1), 0.1, 1e100, float32(1e10), 3+4i, complex64(0.1+2i), uintptr(16), uint8(200), 'x', "s", true, nil == nil2, hex(255), int64(-1)<<63, 1.0, 100000.0, 1e21, 0.000001)
	print("a", 1, "b\n")
	println()
	var m map[int]int
	println(m == nil, len([]int{1}))
	var inf float64
	inf = 1 / inf
	println(inf, -inf, inf-inf)
}

var nil2 *int
