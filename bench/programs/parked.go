// Goroutines that wait: the memory that each takes, and the time to start and to wake it.
package main

import (
	"flag"
	"fmt"
	"os"
	"runtime"
	"sync"
	"sync/atomic"
	"time"
)

// residentBytes returns how much memory of this process is in main memory.
func residentBytes() float64 {
	line, err := os.ReadFile("/proc/self/statm")
	if err != nil {
		panic(err)
	}
	var size, resident int
	if _, err := fmt.Sscan(string(line), &size, &resident); err != nil {
		panic(err)
	}
	return float64(resident * os.Getpagesize())
}

func main() {
	count := flag.Int("count", 1_000_000, "goroutines")
	flag.Parse()
	n := float64(*count)
	before := residentBytes()
	gate := make(chan struct{})
	var started atomic.Int64
	var ended sync.WaitGroup
	ended.Add(*count)
	start := time.Now()
	for range *count {
		go func() {
			started.Add(1)
			<-gate
			ended.Done()
		}()
	}
	for started.Load() < int64(*count) {
		runtime.Gosched()
	}
	figure("start", float64(time.Since(start).Nanoseconds())/n, "ns")
	figure("bytes", (residentBytes()-before)/n, "B")
	start = time.Now()
	runtime.GC()
	figure("collection", float64(time.Since(start).Nanoseconds())/1e6, "ms")
	start = time.Now()
	close(gate)
	ended.Wait()
	figure("wake", float64(time.Since(start).Nanoseconds())/n, "ns")
}
