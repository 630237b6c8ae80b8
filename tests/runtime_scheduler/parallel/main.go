// Goroutines on several processors that hammer channels, selects, locks, timers and what stops the world; each case checks what it can.
package main

import (
	"context"
	"fmt"
	"iter"
	"os"
	"runtime"
	"strconv"
	"sync"
	"sync/atomic"
	"time"
)

var cases = map[string]func(n int){
	"values":   values,
	"selects":  selects,
	"refuse":   refuse,
	"closing":  closing,
	"locks":    locks,
	"timers":   timers,
	"stops":    stops,
	"pulls":    pulls,
	"pointers": pointers,
}

func check(ok bool, words ...any) {
	if !ok {
		panic(fmt.Sprintln(words...))
	}
}

// values: each value that is sent arrives once, whatever the channel's capacity.
func values(n int) {
	for _, capacity := range []int{0, 1, 3, 64} {
		c := make(chan int, capacity)
		seen := make([]atomic.Int32, 8*n)
		var senders, receivers sync.WaitGroup
		for s := range 8 {
			senders.Add(1)
			go func() {
				defer senders.Done()
				for i := range n {
					c <- s*n + i
				}
			}()
		}
		for range 6 {
			receivers.Add(1)
			go func() {
				defer receivers.Done()
				for v := range c {
					seen[v].Add(1)
				}
			}()
		}
		senders.Wait()
		close(c)
		receivers.Wait()
		for v := range seen {
			check(seen[v].Load() == 1, "value", v, "arrived", seen[v].Load(), "times")
		}
	}
}

// selects: goroutines select among the same channels in different orders, both to send and to receive. No value is lost.
func selects(n int) {
	cs := []chan int{make(chan int), make(chan int, 1), make(chan int), make(chan int, 2)}
	var sent, received, sums atomic.Int64
	done := make(chan struct{})
	var senders, receivers sync.WaitGroup
	for g := range 6 {
		a, b, c := cs[g%4], cs[(g+1)%4], cs[(g+3)%4]
		senders.Add(1)
		go func() {
			defer senders.Done()
			for i := range n {
				select {
				case a <- i:
				case b <- i:
				case c <- i:
				case a <- i:
				}
				sent.Add(1)
				sums.Add(int64(i))
			}
		}()
		receivers.Add(1)
		go func() {
			defer receivers.Done()
			for {
				select {
				case v := <-c:
					received.Add(1)
					sums.Add(-int64(v))
				case v := <-a:
					received.Add(1)
					sums.Add(-int64(v))
				case v := <-b:
					received.Add(1)
					sums.Add(-int64(v))
				case <-done:
					return
				}
			}
		}()
	}
	senders.Wait()
	for received.Load() < int64(6*n)-int64(len(cs[1])+len(cs[3])) {
		runtime.Gosched()
	}
	close(done)
	receivers.Wait()
	for _, c := range cs {
		for len(c) > 0 {
			sums.Add(-int64(<-c))
			received.Add(1)
		}
	}
	check(sent.Load() == received.Load() && sums.Load() == 0, "sent", sent.Load(), "received", received.Load(), "difference", sums.Load())
}

// refuse: operations that must not wait, beside some that do.
func refuse(n int) {
	c, d := make(chan int), make(chan int, 2)
	var got, given atomic.Int64
	var all sync.WaitGroup
	for g := range 6 {
		all.Add(1)
		go func() {
			defer all.Done()
			for i := range n {
				to := c
				if (i+g)%2 == 0 {
					to = d
				}
				select {
				case to <- 1:
					given.Add(1)
				default:
				}
				select {
				case <-to:
					got.Add(1)
				default:
				}
				select {
				case <-c:
					got.Add(1)
				case <-d:
					got.Add(1)
				case c <- 1:
					given.Add(1)
				default:
				}
			}
		}()
	}
	all.Wait()
	check(given.Load()-got.Load() == int64(len(d)), "given", given.Load(), "got", got.Load(), "left", len(d))
}

// closing: close wakes all, whatever they wait in, and each learns of it once.
func closing(n int) {
	for range n/20 + 1 {
		c, d, e := make(chan int), make(chan int), make(chan int)
		var woken atomic.Int64
		var all, ready sync.WaitGroup
		for g := range 12 {
			all.Add(1)
			ready.Add(1)
			go func() {
				defer all.Done()
				ready.Done()
				switch g % 3 {
				case 0:
					if _, ok := <-c; !ok {
						woken.Add(1)
					}
				case 1:
					select {
					case _, ok := <-c:
						check(!ok, "received from a channel to which nobody sends")
						woken.Add(1)
					case <-d:
						panic("received from a channel to which nobody sends")
					}
				case 2:
					defer func() {
						check(fmt.Sprint(recover()) == "send on closed channel")
						woken.Add(1)
					}()
					select {
					case e <- 1:
					case e <- 2:
					}
					panic("sent to a channel from which nobody receives")
				}
			}()
		}
		ready.Wait()
		go close(c)
		close(e)
		all.Wait()
		check(woken.Load() == 12, woken.Load())
	}
}

// locks: mutexes, RWMutexes, conditions, semaphores.
func locks(n int) {
	var m sync.Mutex
	var rw sync.RWMutex
	cond := sync.NewCond(&m)
	count, turns, tokens := 0, 0, 0
	var all sync.WaitGroup
	for g := range 8 {
		all.Add(1)
		go func() {
			defer all.Done()
			for i := range n {
				m.Lock()
				count++
				m.Unlock()
				if i%4 == 0 {
					rw.Lock()
					turns++
					rw.Unlock()
				} else {
					rw.RLock()
					_ = turns
					rw.RUnlock()
				}
				m.Lock()
				if g%2 == 0 {
					tokens++
					if i%3 == 0 {
						cond.Broadcast()
					} else {
						cond.Signal()
					}
				} else {
					for tokens == 0 {
						cond.Wait()
					}
					tokens--
				}
				m.Unlock()
			}
		}()
	}
	all.Wait()
	check(count == 8*n && turns == 8*((n+3)/4) && tokens == 0, count, turns, tokens)
}

// timers: they fire, stop and are reset on all processors.
func timers(n int) {
	var all sync.WaitGroup
	var fired, stopped atomic.Int64
	for g := range 8 {
		all.Add(1)
		go func() {
			defer all.Done()
			t := time.NewTimer(time.Hour)
			for i := range n/10 + 1 {
				t.Reset(time.Duration(i%3) * 10 * time.Microsecond)
				if i%2 == 0 {
					<-t.C
				} else if t.Stop() {
					stopped.Add(1)
				}
				select {
				case <-t.C:
					panic("a value after it was received, or after Stop")
				default:
				}
				f := time.AfterFunc(time.Duration(g)*time.Microsecond, func() { fired.Add(1) })
				if f.Stop() {
					fired.Add(1)
				}
				ctx, cancel := context.WithTimeout(context.Background(), 20*time.Microsecond)
				select {
				case <-ctx.Done():
				case <-time.After(time.Second):
					panic("a context did not end")
				}
				cancel()
			}
		}()
	}
	all.Wait()
	for fired.Load() < int64(8*(n/10+1)) {
		time.Sleep(time.Millisecond)
	}
	check(fired.Load() == int64(8*(n/10+1)), fired.Load())
}

// stops: several goroutines stop the world while others run.
func stops(n int) {
	end := make(chan struct{})
	var all, busy sync.WaitGroup
	c := make(chan []int)
	var pool sync.Pool
	for range 3 {
		busy.Add(2)
		go func() {
			defer busy.Done()
			for {
				select {
				case c <- make([]int, 10):
				case <-end:
					return
				}
				pool.Put(new([8]int))
			}
		}()
		go func() {
			defer busy.Done()
			for {
				select {
				case v := <-c:
					check(len(v) == 10)
				case <-end:
					return
				}
				if p := pool.Get(); p != nil {
					check(*p.(*[8]int) == [8]int{})
				}
			}
		}()
	}
	for g := range 4 {
		all.Add(1)
		go func() {
			defer all.Done()
			buffer := make([]byte, 1<<14)
			records := make([]runtime.StackRecord, 100)
			for i := range n/20 + 1 {
				switch (i + g) % 5 {
				case 0:
					var s runtime.MemStats
					runtime.ReadMemStats(&s)
					check(s.Mallocs >= s.Frees && s.HeapSys >= s.HeapInuse, s.Mallocs, s.Frees)
				case 1:
					check(runtime.Stack(buffer, true) > 100)
				case 2:
					count, ok := runtime.GoroutineProfile(records)
					check(ok && count >= 7, count, ok)
				case 3:
					runtime.GC()
				case 4:
					runtime.GOMAXPROCS(2 + i%3)
				}
			}
		}()
	}
	all.Wait()
	close(end)
	busy.Wait()
}

// pulls: coroutines of many goroutines.
func pulls(n int) {
	var all sync.WaitGroup
	for range 6 {
		all.Add(1)
		go func() {
			defer all.Done()
			next, stop := iter.Pull(func(yield func(int) bool) {
				for i := range n {
					if !yield(i) {
						return
					}
				}
			})
			for i := range n / 2 {
				v, ok := next()
				check(ok && v == i, v, ok)
			}
			stop()
		}()
	}
	all.Wait()
}

// pointers: elements with pointers arrive whole while cycles run.
func pointers(n int) {
	type list struct {
		next *list
		n    int
	}
	c := make(chan *list, 4)
	d := make(chan [3]*list)
	var all sync.WaitGroup
	for range 4 {
		all.Add(2)
		go func() {
			defer all.Done()
			for i := range n {
				c <- &list{&list{nil, i}, i}
				select {
				case d <- [3]*list{{nil, i}, {nil, i + 1}, {nil, i + 2}}:
				case l := <-c:
					check(l.n == l.next.n, l.n, l.next.n)
					c <- l
					a := [3]*list{{nil, i}, {nil, i + 1}, {nil, i + 2}}
					d <- a
				}
			}
		}()
		go func() {
			defer all.Done()
			var keep [64]*list
			for i := range n {
				a := <-d
				check(a[0].n+1 == a[1].n && a[1].n+1 == a[2].n)
				l := <-c
				check(l.n == l.next.n)
				keep[i%64] = l
				for _, k := range keep {
					check(k == nil || k.n == k.next.n)
				}
			}
		}()
	}
	all.Wait()
}

func main() {
	n, _ := strconv.Atoi(os.Args[2])
	cases[os.Args[1]](n)
}
