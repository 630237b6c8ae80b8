// Memory limits: with GOGC=off and a limit of 1.2 times the live heap, how much memory three programs take and what collections cost.
package main

import (
	"flag"
	"runtime"
	"runtime/debug"
	"runtime/metrics"
	"strconv"
	"time"
)

type node struct{ left, right *node }

func grow(depth int) *node {
	if depth == 0 {
		return &node{}
	}
	return &node{grow(depth - 1), grow(depth - 1)}
}

// A program builds its live heap and returns a step, which replaces a small part of it.
type program struct {
	name  string
	build func(megabytes int) (step func())
}

var programs = []program{
	{"trees", func(megabytes int) func() {
		trees := make([]*node, megabytes*4)
		for i := range trees {
			trees[i] = grow(13)
		}
		at := 0
		return func() {
			trees[at%len(trees)] = grow(13)
			at += 7
		}
	}},
	{"blobs", func(megabytes int) func() {
		blobs := make([][]byte, megabytes*64)
		for i := range blobs {
			blobs[i] = make([]byte, 8192+i%2*16384)
		}
		at := 0
		return func() {
			blobs[at%len(blobs)] = make([]byte, 8192+at%2*16384)
			at += 7
		}
	}},
	{"words", func(megabytes int) func() {
		words := map[int]*string{}
		fresh := func(i int) {
			word := "the word with number " + strconv.Itoa(i)
			words[i%(megabytes*8192)] = &word
		}
		for i := range megabytes * 8192 {
			fresh(i)
		}
		at := 0
		return func() {
			for range 100 {
				fresh(at)
				at += 7
			}
		}
	}},
}

// used returns the bytes that the limit is about: all that the runtime has mapped and not given back.
func used() float64 {
	samples := []metrics.Sample{{Name: "/memory/classes/total:bytes"}, {Name: "/memory/classes/heap/released:bytes"}}
	metrics.Read(samples)
	return float64(samples[0].Value.Uint64() - samples[1].Value.Uint64())
}

// collectorSeconds returns the processor time of the collector, without what would have been idle.
func collectorSeconds() float64 {
	samples := []metrics.Sample{{Name: "/cpu/classes/gc/total:cpu-seconds"}, {Name: "/cpu/classes/gc/mark/idle:cpu-seconds"}}
	metrics.Read(samples)
	return samples[0].Value.Float64() - samples[1].Value.Float64()
}

func measure(p program, megabytes int, lasting time.Duration) {
	debug.SetMemoryLimit(1 << 50)
	debug.SetGCPercent(100)
	step := p.build(megabytes)
	debug.FreeOSMemory()
	var stats runtime.MemStats
	runtime.ReadMemStats(&stats)
	limit := 1.2 * float64(stats.HeapAlloc)
	debug.SetMemoryLimit(int64(limit))
	debug.SetGCPercent(-1)
	peak, before, start := 0.0, collectorSeconds(), time.Now()
	for time.Since(start) < lasting {
		for range 20 {
			step()
		}
		peak = max(peak, used())
	}
	took := time.Since(start).Seconds()
	figure(p.name+"-peak", peak/limit, "limits")
	figure(p.name+"-collector", (collectorSeconds()-before)/took/float64(runtime.GOMAXPROCS(0)), "share")
	runtime.KeepAlive(step)
}

func main() {
	megabytes := flag.Int("megabytes", 64, "size of each live heap, about")
	lasting := flag.Duration("lasting", 500*time.Millisecond, "how long each program runs")
	flag.Parse()
	for _, p := range programs {
		measure(p, *megabytes, *lasting)
	}
}
