// Goroutines, channels, locks and timers: nanoseconds per operation.
package main

import (
	"flag"
	"runtime"
	"sync"
	"time"
)

type way struct {
	name string
	loop func(n int)
}

var received int

// bothSides runs f in two goroutines, each with half of n.
func bothSides(n int, f func(n int)) {
	var other sync.WaitGroup
	other.Add(1)
	go func() {
		defer other.Done()
		f(n / 2)
	}()
	f(n - n/2)
	other.Wait()
}

var ways = []way{
	{"ping-pong", func(n int) {
		ping, pong := make(chan int), make(chan int)
		go func() {
			for v := range ping {
				pong <- v
			}
		}()
		for i := range n {
			ping <- i
			received = <-pong
		}
		close(ping)
	}},
	{"buffered-channel", func(n int) {
		values, done := make(chan int, 128), make(chan int)
		go func() {
			sum := 0
			for v := range values {
				sum += v
			}
			done <- sum
		}()
		for i := range n {
			values <- i
		}
		close(values)
		received = <-done
	}},
	{"gosched", func(n int) {
		bothSides(n, func(n int) {
			for range n {
				runtime.Gosched()
			}
		})
	}},
	{"mutex", func(n int) {
		var lock sync.Mutex
		for range n {
			lock.Lock()
			received++
			lock.Unlock()
		}
	}},
	{"start-exit", func(n int) {
		done := make(chan struct{})
		for range n {
			go func() { done <- struct{}{} }()
			<-done
		}
	}},
	{"start-exit-many", func(n int) {
		var wait sync.WaitGroup
		for ; n > 0; n -= 1000 {
			count := min(n, 1000)
			wait.Add(count)
			for range count {
				go wait.Done()
			}
			wait.Wait()
		}
	}},
	{"select", func(n int) {
		left, right := make(chan int, 1), make(chan int, 1)
		for i := range n {
			if i&1 == 0 {
				left <- i
			} else {
				right <- i
			}
			select {
			case received = <-left:
			case received = <-right:
			}
		}
	}},
	{"select-ping-pong", func(n int) {
		ping, pong, stop := make(chan int), make(chan int), make(chan struct{})
		go func() {
			for {
				select {
				case v := <-ping:
					pong <- v
				case <-stop:
					return
				}
			}
		}()
		for i := range n {
			ping <- i
			received = <-pong
		}
		close(stop)
	}},
	{"timer", func(n int) {
		for range n {
			time.NewTimer(time.Hour).Stop()
		}
	}},
	{"timer-fires", func(n int) {
		fired := make(chan struct{})
		for range n {
			time.AfterFunc(0, func() { fired <- struct{}{} })
			<-fired
		}
	}},
}

func main() {
	atLeast := flag.Duration("at-least", 100*time.Millisecond, "how long a loop runs")
	flag.Parse()
	for _, w := range ways {
		figure(w.name, perOperation(*atLeast, w.loop), "ns")
	}
}
