// What the programs that print figures share. A figure is a line: its name, its value, its unit.
package main

import (
	"fmt"
	"runtime"
	"slices"
	"time"
)

func figure(name string, value float64, unit string) {
	fmt.Printf("%s %.5g %s\n", name, value, unit)
}

// perOperation repeats loop with more and more operations until it takes atLeast, twice in a row, and returns the nanoseconds per
// operation of the shorter time. Twice, as once may mean that something else ran meanwhile.
func perOperation(atLeast time.Duration, loop func(n int)) float64 {
	n := 64
	for {
		start := time.Now()
		loop(n)
		took := time.Since(start)
		if took >= atLeast {
			start = time.Now()
			loop(n)
			took = min(took, time.Since(start))
		}
		if took >= atLeast*9/10 || n >= 1<<40 {
			return float64(took.Nanoseconds()) / float64(n)
		}
		// Aim a fifth too far, so that the next try is long enough; but never more than 50 times, as short times say little.
		aim := float64(n) * 1.2 * float64(atLeast) / float64(max(took, 1))
		n = int(min(max(aim, float64(2*n)), float64(50*n)))
	}
}

func median(values []float64) float64 {
	sorted := slices.Sorted(slices.Values(values))
	return sorted[len(sorted)/2]
}

// collections returns how many collections have ended.
func collections() uint32 {
	var stats runtime.MemStats
	runtime.ReadMemStats(&stats)
	return stats.NumGC
}
