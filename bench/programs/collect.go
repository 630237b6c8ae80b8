// What a forced collection costs when there is nothing to mark, alone and beside goroutines that wait.
package main

import (
	"flag"
	"runtime"
	"time"
)

func collectMedian(times int) float64 {
	took := make([]float64, times)
	for i := range took {
		start := time.Now()
		runtime.GC()
		took[i] = float64(time.Since(start).Nanoseconds()) / 1e3
	}
	return median(took)
}

func main() {
	parked := flag.Int("parked", 100_000, "goroutines that wait")
	times := flag.Int("times", 200, "collections of the empty heap")
	flag.Parse()
	collectMedian(3)
	figure("empty", collectMedian(*times), "us")
	gate := make(chan struct{})
	for range *parked {
		go func() { <-gate }()
	}
	// Goroutines run in turn: after this pause all wait.
	time.Sleep(100 * time.Millisecond)
	collectMedian(2)
	figure("parked", collectMedian(max(*times/20, 1)), "us")
	close(gate)
}
