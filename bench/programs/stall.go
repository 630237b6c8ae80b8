// The longest time that a loop which only reads the clock is kept from running, beside forced collections of a large live heap.
package main

import (
	"flag"
	"runtime"
	"time"
)

type node struct{ left, right *node }

func grow(depth int) *node {
	if depth == 0 {
		return &node{}
	}
	return &node{grow(depth - 1), grow(depth - 1)}
}

// longestGap reads the clock in a loop, and returns the longest time between two readings.
func longestGap(seconds float64) time.Duration {
	start := time.Now()
	longest, last := time.Duration(0), start
	for last.Sub(start).Seconds() < seconds {
		now := time.Now()
		longest = max(longest, now.Sub(last))
		last = now
	}
	return longest
}

func main() {
	depth := flag.Int("depth", 24, "depth of the tree that lives")
	seconds := flag.Float64("seconds", 2, "how long the loop runs")
	flag.Parse()
	tree := grow(*depth)
	runtime.GC()
	// What the machine itself, with its other work, keeps the loop waiting.
	alone := longestGap(*seconds)
	before := collections()
	go func() {
		for {
			runtime.GC()
		}
	}()
	longest := longestGap(*seconds)
	ended := collections()
	figure("alone", float64(alone.Nanoseconds())/1e6, "ms")
	figure("longest", float64(longest.Nanoseconds())/1e6, "ms")
	figure("collections", float64(ended-before), "times")
	runtime.KeepAlive(tree)
}
