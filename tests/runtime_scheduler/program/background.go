package main

import (
	"runtime"
	"time"
)

var blocks [][]byte

//go:noinline
func fillBlocks(n int) {
	for range n {
		block := make([]byte, 1<<20)
		for i := 0; i < len(block); i += 4096 {
			block[i] = 1
		}
		blocks = append(blocks, block)
	}
}

//go:noinline
func dropBlocks() {
	clear(blocks)
	blocks = nil
}

// memoryGoesBack drops most of the heap, and waits until the background has given it back to the system.
func memoryGoesBack([]string) {
	fillBlocks(64)
	dropBlocks()
	// The second cycle ends with the goals of a small heap.
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	for range 200 {
		time.Sleep(50 * time.Millisecond)
		runtime.ReadMemStats(&m)
		if m.HeapReleased > 48<<20 {
			break
		}
	}
	expect(m.HeapReleased > 48<<20, "released", m.HeapReleased)
	expect(m.HeapIdle >= m.HeapReleased, "idle", m.HeapIdle, m.HeapReleased)
	// What was given back is there again.
	fillBlocks(64)
	for _, block := range blocks {
		for i, value := range block {
			expect(value == 0 || i%4096 == 0 && value == 1, "contents", i, value)
		}
	}
}

// cyclesBeginByTime sleeps: cycles begin without an allocation, and do not count as forced.
func cyclesBeginByTime([]string) {
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	for range 100 {
		time.Sleep(20 * time.Millisecond)
		runtime.ReadMemStats(&after)
		if after.NumGC >= before.NumGC+3 {
			break
		}
	}
	expect(after.NumGC >= before.NumGC+3, "cycles", before.NumGC, after.NumGC)
	expect(after.NumForcedGC == before.NumForcedGC, "forced cycles", before.NumForcedGC, after.NumForcedGC)
}

// blockWithHelpers ends in a deadlock, although the scavenger sleeps.
func blockWithHelpers([]string) {
	fillBlocks(64)
	dropBlocks()
	runtime.GC()
	runtime.GC()
	time.Sleep(50 * time.Millisecond)
	<-make(chan bool)
}
