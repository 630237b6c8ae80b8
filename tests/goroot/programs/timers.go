// Timers with a channel run only for those who look at it, and are collected when nothing refers to them.
package main

import (
	"fmt"
	"runtime"
	"sync"
	"sync/atomic"
	"time"
)

func collected(what string, make func() *atomic.Bool) {
	done := make()
	for range 20 {
		runtime.GC()
		time.Sleep(time.Millisecond)
		if done.Load() {
			break
		}
	}
	fmt.Println(what, "collected:", done.Load())
}

//go:noinline
func timer() *atomic.Bool {
	var done atomic.Bool
	t := time.NewTimer(time.Hour)
	runtime.AddCleanup(t, func(b *atomic.Bool) { b.Store(true) }, &done)
	return &done
}

//go:noinline
func ticker() *atomic.Bool {
	var done atomic.Bool
	t := time.NewTicker(time.Millisecond)
	<-t.C
	<-t.C
	runtime.AddCleanup(t, func(b *atomic.Bool) { b.Store(true) }, &done)
	return &done
}

func growth() {
	var m runtime.MemStats
	for range 3 {
		for range 20000 {
			select {
			case <-time.After(time.Hour):
			default:
			}
		}
		runtime.GC()
		runtime.ReadMemStats(&m)
		fmt.Println(m.HeapAlloc>>20, "MiB", m.HeapObjects > 10000)
	}
}

func waiters() {
	t := time.NewTicker(2 * time.Millisecond)
	var wait sync.WaitGroup
	for range 8 {
		wait.Go(func() {
			for range 3 {
				select {
				case <-t.C:
				case <-time.After(time.Minute):
					fmt.Println("late")
				}
			}
		})
	}
	wait.Wait()
	t.Stop()
	select {
	case <-t.C:
		fmt.Println("stale")
	case <-time.After(5 * time.Millisecond):
	}
}

func looking() {
	t := time.NewTimer(5 * time.Millisecond)
	select {
	case <-t.C:
		fmt.Println("early")
	default:
	}
	time.Sleep(10 * time.Millisecond)
	fmt.Println(len(t.C), cap(t.C))
	select {
	case <-t.C:
		fmt.Println("due")
	default:
		fmt.Println("not due")
	}
	fmt.Println(t.Stop(), t.Reset(time.Millisecond))
	time.Sleep(5 * time.Millisecond)
	fmt.Println(t.Reset(time.Hour))
	select {
	case <-t.C:
		fmt.Println("stale")
	default:
	}
	fmt.Println(t.Stop(), t.Stop())
	tick := time.NewTicker(4 * time.Millisecond)
	start := time.Now()
	time.Sleep(30 * time.Millisecond)
	first := <-tick.C
	fmt.Println(first.Sub(start) < 12*time.Millisecond, time.Since(first) > 10*time.Millisecond)
	fmt.Println((<-tick.C).After(first), time.Since(start) < 60*time.Millisecond)
	tick.Reset(time.Millisecond)
	<-tick.C
	zero := time.NewTimer(0)
	<-zero.C
}

func functions() {
	var n atomic.Int32
	for i := range 20 {
		time.AfterFunc(time.Duration(i%5)*time.Millisecond, func() { n.Add(1) })
	}
	stopped := time.AfterFunc(time.Hour, func() { fmt.Println("never") })
	runtime.GC()
	for n.Load() < 20 {
		time.Sleep(time.Millisecond)
	}
	fmt.Println(n.Load(), stopped.Stop(), stopped.Stop())
}

func main() {
	collected("timer", timer)
	collected("ticker", ticker)
	growth()
	waiters()
	looking()
	functions()
}
