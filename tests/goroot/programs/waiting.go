// Mutexes, conditions, wait groups, pools, timers, tickers, contexts, coroutines.
package main

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"runtime"
	"sync"
	"sync/atomic"
	"time"
)

func counter() {
	var mu sync.Mutex
	var rw sync.RWMutex
	var wg sync.WaitGroup
	n, m := 0, map[int]int{}
	var total atomic.Int64
	for i := range 20 {
		wg.Go(func() {
			for j := range 100 {
				mu.Lock()
				n++
				if j%10 == 0 {
					runtime.Gosched()
				}
				mu.Unlock()
				rw.Lock()
				m[i]++
				rw.Unlock()
				rw.RLock()
				total.Add(int64(m[i] - m[i] + 1))
				rw.RUnlock()
			}
		})
	}
	wg.Wait()
	fmt.Println(n, len(m), m[7], total.Load())
}

func condition() {
	var mu sync.Mutex
	c := sync.NewCond(&mu)
	ready, done := 0, make(chan int, 5)
	for i := range 5 {
		go func() {
			mu.Lock()
			for ready == 0 {
				c.Wait()
			}
			ready--
			mu.Unlock()
			done <- i
		}()
	}
	time.Sleep(time.Millisecond)
	mu.Lock()
	ready = 2
	c.Signal()
	c.Signal()
	mu.Unlock()
	<-done
	<-done
	mu.Lock()
	ready = 3
	c.Broadcast()
	mu.Unlock()
	for range 3 {
		<-done
	}
	fmt.Println("condition", ready)
}

func timers() {
	start := time.Now()
	t := time.NewTimer(time.Hour)
	fmt.Println(t.Stop(), t.Stop())
	t.Reset(5 * time.Millisecond)
	<-t.C
	fmt.Println(time.Since(start) >= 5*time.Millisecond, t.Stop())
	t.Reset(time.Nanosecond)
	time.Sleep(2 * time.Millisecond)
	fmt.Println("stale:", t.Reset(time.Hour))
	select {
	case <-t.C:
		fmt.Println("stale value")
	default:
		fmt.Println("no stale value")
	}
	fired := make(chan string)
	time.AfterFunc(60*time.Millisecond, func() { fired <- "second" })
	time.AfterFunc(time.Millisecond, func() { fired <- "first" })
	fmt.Println(<-fired, <-fired)
	tick := time.NewTicker(time.Millisecond)
	for range 3 {
		<-tick.C
	}
	tick.Stop()
	select {
	case <-time.After(2 * time.Millisecond):
		fmt.Println("timeout")
	case <-tick.C:
		fmt.Println("tick after stop")
	}
}

func contexts() {
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Millisecond)
	defer cancel()
	<-ctx.Done()
	fmt.Println(ctx.Err(), errors.Is(ctx.Err(), context.DeadlineExceeded))
	ctx, stop := context.WithCancelCause(context.WithValue(context.Background(), "k", 1))
	stop(errors.New("enough"))
	<-ctx.Done()
	fmt.Println(ctx.Err(), context.Cause(ctx), ctx.Value("k"))
}

func pull() {
	var seq iter.Seq[int] = func(yield func(int) bool) {
		defer fmt.Println("sequence left")
		for i := 0; ; i++ {
			if !yield(i * i) {
				return
			}
		}
	}
	next, stop := iter.Pull(seq)
	for range 4 {
		fmt.Print(next())
		fmt.Print(" ")
	}
	fmt.Println()
	stop()
	fmt.Println(next())
	next, stop = iter.Pull(func(yield func(int) bool) { yield(1); panic("inside") })
	fmt.Println(next())
	func() {
		defer func() { fmt.Println("recovered", recover()) }()
		next()
	}()
	stop()
}

func once() {
	var o sync.Once
	for range 3 {
		o.Do(func() { fmt.Println("once") })
	}
	value := sync.OnceValue(func() int { fmt.Println("computed"); return 5 })
	fmt.Println(value(), value())
	var m sync.Map
	m.Store("a", 1)
	v, loaded := m.LoadOrStore("a", 2)
	fmt.Println(v, loaded)
	pool := sync.Pool{New: func() any { return new(int) }}
	p := pool.Get().(*int)
	*p = 3
	pool.Put(p)
	runtime.GC()
	runtime.GC()
	fmt.Println(*pool.Get().(*int))
}

func main() {
	counter()
	condition()
	timers()
	contexts()
	pull()
	once()
	fmt.Println(runtime.NumGoroutine())
}
