// Writes a CPU profile of known work to the file that the argument names.
package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"runtime/pprof"
)

const rounds = 100_000_000

var (
	sink float64
	kept [][]byte
)

//go:noinline
func more(n int, x float64) float64 {
	for i := range n {
		x += 1 / (x + float64(i))
	}
	return x
}

//go:noinline
func less(n int, x float64) float64 {
	for i := range n {
		x += 1 / (x + float64(i))
	}
	return x
}

//go:noinline
func leaf(i int) int { return i*7 + 1 }

//go:noinline
func calls(n int) (sum int) {
	for i := range n {
		sum += leaf(i)
	}
	return sum
}

//go:noinline
func allocates(n int) {
	for range n {
		kept = append(kept, make([]byte, 64))
		if len(kept) > 100000 {
			kept = nil
		}
	}
}

//go:noinline
func copies(n int) {
	a, b := make([]byte, 1<<20), make([]byte, 1<<20)
	for range n {
		copy(a, b)
	}
}

func work() {
	for range 10 {
		sink = more(rounds/5, sink+1)
		sink = less(rounds/10, sink+1)
	}
	pprof.Do(context.Background(), pprof.Labels("who", "caller"), func(context.Context) {
		sink = float64(calls(rounds))
	})
	allocates(rounds / 30)
	copies(rounds / 50_000)
}

func main() {
	f, err := os.Create(os.Args[1])
	if err != nil {
		panic(err)
	}
	fmt.Println(pprof.StartCPUProfile(f))
	fmt.Println(pprof.StartCPUProfile(io.Discard))
	work()
	pprof.StopCPUProfile()
	fmt.Println(f.Close())
	// A second profile, without a sample.
	fmt.Println(pprof.StartCPUProfile(io.Discard) == nil)
	pprof.StopCPUProfile()
}
