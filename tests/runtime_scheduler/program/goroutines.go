package main

import (
	"os"
	"runtime"
	"sync/atomic"
	"time"
	"unsafe"
)

//go:noinline
func deep(n int) int {
	if n == 0 {
		return 0
	}
	return deep(n-1) + 1
}

func manyGoroutines([]string) {
	var count atomic.Int64
	for i := range 100_000 {
		go func() {
			count.Add(int64(deep(200) / 200))
		}()
		if i%1000 == 999 {
			runtime.Gosched()
		}
	}
	for runtime.NumGoroutine() > 1 {
		runtime.Gosched()
	}
	expect(count.Load() == 100_000, "goroutines that ran", count.Load())
}

func sleepersWakeInOrder([]string) {
	order := make(chan int)
	for _, duration := range []int{30, 10, 20} {
		go func() {
			start := time.Now()
			time.Sleep(time.Duration(duration) * time.Millisecond)
			expect(time.Since(start) >= time.Duration(duration)*time.Millisecond, "woke early", duration)
			order <- duration
		}()
	}
	for expected := 10; expected <= 30; expected += 10 {
		got := <-order
		expect(got == expected, "woke", got, expected)
	}
}

//go:noinline
func work(x float64, n int) float64 {
	return x + float64(deep(n)-n)
}

func busyGoroutineIsPreempted([]string) {
	stopped := false
	go func() { stopped = true }()
	for i := 0; !stopped; i++ {
		got := work(2.5, i%50)
		expect(got == 2.5, "a floating-point register changed", got)
	}
}

func blockForEver([]string) {
	select {}
}

func fault([]string) {
	*(*int)(unsafe.Pointer(uintptr(4096))) = 1
}

func exitFromAnother([]string) {
	go os.Exit(7)
	select {}
}
