// Cases of goroutines on several processors.

package main

import (
	"os"
	"runtime"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
)

// goroutinesRunTogether: two goroutines that wait for each other without a yield make progress, so both run at the same time.
func goroutinesRunTogether(_ []string) {
	runtime.GOMAXPROCS(2)
	var turn atomic.Int64
	done := make(chan bool)
	for me := range 2 {
		go func() {
			for range 20 {
				for turn.Load()%2 != int64(me) {
				}
				turn.Add(1)
			}
			done <- true
		}()
	}
	<-done
	<-done
	expect(turn.Load() == 40, "turns")
}

// processorsComeAndGo: GOMAXPROCS changes while goroutines sleep, wait in system calls and for each other.
func processorsComeAndGo(_ []string) {
	var wg sync.WaitGroup
	var woken atomic.Int64
	for round := range 40 {
		runtime.GOMAXPROCS(round%4 + 1)
		expect(runtime.GOMAXPROCS(0) == round%4+1, "GOMAXPROCS")
		for range 8 {
			wg.Add(1)
			go func() {
				defer wg.Done()
				time.Sleep(time.Duration(round*20) * time.Microsecond)
				os.Getppid()
				runtime.Gosched()
				woken.Add(1)
			}()
		}
		if round%3 == 0 {
			wg.Wait()
		}
	}
	wg.Wait()
	expect(woken.Load() == 320, "goroutines are lost")
}

// goroutinesMix: goroutines that make others, sleep, yield, lock and communicate.
func goroutinesMix(_ []string) {
	runtime.GOMAXPROCS(4)
	var wg sync.WaitGroup
	var mu sync.Mutex
	count, received := 0, 0
	queue := make(chan int, 3)
	results := make(chan int)
	for range 4 {
		go func() {
			sum := 0
			for n := range queue {
				sum += n
			}
			results <- sum
		}()
	}
	for worker := range 40 {
		wg.Add(1)
		go func() {
			defer wg.Done()
			for step := range 60 {
				switch (worker + step) % 5 {
				case 0:
					runtime.Gosched()
				case 1:
					time.Sleep(time.Duration(step) * time.Microsecond)
				case 2:
					queue <- 1
				case 3:
					var inner sync.WaitGroup
					for range 3 {
						inner.Add(1)
						go inner.Done()
					}
					inner.Wait()
				case 4:
					mu.Lock()
					count++
					mu.Unlock()
				}
			}
		}()
	}
	wg.Wait()
	close(queue)
	for range 4 {
		received += <-results
	}
	expect(count == 480 && received == 480, "counts")
}

type branch struct{ left, right *branch }

func plant(depth int) *branch {
	if depth == 0 {
		return &branch{}
	}
	return &branch{plant(depth - 1), plant(depth - 1)}
}

func (t *branch) size() int {
	if t.left == nil {
		return 1
	}
	return 1 + t.left.size() + t.right.size()
}

// treesGrowTogether: goroutines on all processors allocate while the collector marks, and hand what they made to others.
func treesGrowTogether(_ []string) {
	runtime.GOMAXPROCS(4)
	kept := plant(10)
	var shared [4]atomic.Pointer[branch]
	var wg sync.WaitGroup
	for worker := range 4 {
		wg.Add(1)
		go func() {
			defer wg.Done()
			for round := range 30 {
				depth := 4 + round%5
				made := plant(depth)
				expect(made.size() == 1<<(depth+1)-1, "a tree is damaged")
				other := shared[(worker+round)%4].Swap(made)
				if other != nil {
					size := other.size()
					expect(size&(size+1) == 0, "another one's tree is damaged")
				}
			}
		}()
	}
	wg.Wait()
	expect(kept.size() == 1<<11-1, "the kept tree is damaged")
}

// lockedGoroutinesKeepTheirThreads: each of some goroutines stays on a thread of its own, on which no other runs.
func lockedGoroutinesKeepTheirThreads(_ []string) {
	var owners sync.Map
	var wg, locked sync.WaitGroup
	locked.Add(3)
	for worker := range 3 {
		wg.Add(1)
		go func() {
			defer wg.Done()
			runtime.LockOSThread()
			runtime.LockOSThread()
			runtime.UnlockOSThread()
			mine := syscall.Gettid()
			owners.Store(mine, worker)
			locked.Done()
			for step := range 60 {
				switch step % 3 {
				case 0:
					runtime.Gosched()
				case 1:
					time.Sleep(50 * time.Microsecond)
				case 2:
					os.Getppid()
				}
				expect(syscall.Gettid() == mine, "a locked goroutine changes its thread")
			}
			owners.Delete(mine)
			runtime.UnlockOSThread()
		}()
	}
	locked.Wait()
	for range 20 {
		wg.Add(1)
		go func() {
			defer wg.Done()
			for range 100 {
				_, isLocked := owners.Load(syscall.Gettid())
				expect(!isLocked, "another goroutine runs on the thread of a locked one")
				runtime.Gosched()
			}
		}()
	}
	wg.Wait()
}

// lockedGoroutineWaitsForEver is a deadlock although a thread belongs to the goroutine.
func lockedGoroutineWaitsForEver(_ []string) {
	runtime.LockOSThread()
	time.Sleep(time.Millisecond)
	<-make(chan int)
}
