package main

import (
	"runtime"
	"runtime/metrics"
)

// stackBytes returns the memory of stacks, and how large new ones begin.
func stackBytes() (inUse, starting uint64) {
	samples := []metrics.Sample{{Name: "/memory/classes/heap/stacks:bytes"}, {Name: "/gc/stack/starting-size:bytes"}}
	metrics.Read(samples)
	return samples[0].Value.Uint64(), samples[1].Value.Uint64()
}

func collect(times int) {
	for range times {
		runtime.GC()
	}
}

// unusedStacksAreFreed lets goroutines recurse and then wait: what they do not use any more is freed. Of dead ones everything is.
func unusedStacksAreFreed(arguments []string) {
	const n = 300
	before, _ := stackBytes()
	ready, end := make(chan int), make(chan bool)
	for range n {
		go func() {
			ready <- deep(20_000)
			<-end
			ready <- 0
		}()
	}
	for range n {
		got := <-ready
		expect(got == 20_000, "depth", got)
	}
	deepest, _ := stackBytes()
	expect(deepest-before > n*200_000, "stacks in use after the recursion", before, deepest)
	collect(3)
	idle, _ := stackBytes()
	if len(arguments) > 0 {
		expect(idle+n*100_000 > deepest, "stacks that must be kept", deepest, idle)
	} else {
		expect(idle < before+n*4096+2<<20, "stacks in use while all wait", before, deepest, idle)
	}
	close(end)
	for range n {
		<-ready
	}
	waitUntilAlone()
	collect(3)
	ended, _ := stackBytes()
	expect(ended <= before+2<<20, "stacks in use after the end", before, ended)
}

// waitUntilAlone waits until all other goroutines have ended.
func waitUntilAlone() {
	for runtime.NumGoroutine() > 1 {
		runtime.Gosched()
	}
}

// stacksBeginAsLargeAsOthers compares the size of new stacks before and after a cycle in which others use much of theirs.
func stacksBeginAsLargeAsOthers(arguments []string) {
	collect(1)
	_, first := stackBytes()
	expect(first == 2048, "starting size while no goroutine waits", first)
	ready, end := make(chan bool), make(chan bool)
	for range 20 {
		go waitBelow(100, ready, end)
		<-ready
	}
	collect(1)
	_, later := stackBytes()
	if len(arguments) > 0 {
		expect(later == 2048, "starting size", later)
	} else {
		expect(later == 8192 || later == 16384, "starting size while goroutines use 10 KiB", later)
	}
	close(end)
	for range 20 {
		<-ready
	}
	waitUntilAlone()
	collect(1)
	_, last := stackBytes()
	expect(last == 2048, "starting size after their end", last)
}

//go:noinline
func waitBelow(n int, ready, end chan bool) {
	var room [100]byte
	use(room[:])
	if n == 0 {
		ready <- true
		<-end
		ready <- true
		return
	}
	waitBelow(n-1, ready, end)
}

// aBoundaryNeedsNoNewMemory crosses the end of a segment in each round, with a cycle now and then.
func aBoundaryNeedsNoNewMemory([]string) {
	done := make(chan bool)
	go func() {
		for i := range 2000 {
			deep(100)
			if i%100 == 0 {
				runtime.GC()
			}
		}
		done <- true
	}()
	<-done
}
