// The block and the mutex profile at their full rates: which waits they count, with which stacks.
package main

import (
	"bytes"
	"fmt"
	"regexp"
	"runtime"
	"runtime/pprof"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

const pause = 20 * time.Millisecond

var (
	mu    sync.Mutex
	rw    sync.RWMutex
	cmu   sync.Mutex
	ready = sync.NewCond(&cmu)
)

//go:noinline
func receives(c chan int) { <-c }

//go:noinline
func receivesNothing(c chan int) bool {
	_, ok := <-c
	return ok
}

//go:noinline
func sends(c chan int) { c <- 1 }

//go:noinline
func selects(c, d chan int) {
	select {
	case <-c:
	case d <- 1:
	}
}

//go:noinline
func locks() {
	mu.Lock()
	mu.Unlock()
}

//go:noinline
func unlocksLate() {
	mu.Lock()
	go locks()
	time.Sleep(pause)
	mu.Unlock()
}

//go:noinline
func reads() {
	rw.RLock()
	rw.RUnlock()
}

//go:noinline
func writes() {
	rw.Lock()
	rw.Unlock()
}

//go:noinline
func unlocksWriter() { rw.Unlock() }

//go:noinline
func unlocksReader() { rw.RUnlock() }

//go:noinline
func waits(wg *sync.WaitGroup) { wg.Wait() }

//go:noinline
func waitsForCond() {
	cmu.Lock()
	ready.Wait()
	cmu.Unlock()
}

var place = regexp.MustCompile(`\t(\S+)\+0x[0-9a-f]+\s+.*/([^/]+\.go:\d+)$`)

// groups gives the records that have functions of this program: count, whether the delay is plausible, stack.
func groups(profile string) []string {
	var text bytes.Buffer
	if err := pprof.Lookup(profile).WriteTo(&text, 1); err != nil {
		panic(err)
	}
	var out []string
	var current []string
	flush := func() {
		if len(current) > 1 && strings.Contains(strings.Join(current, " "), "main.") {
			out = append(out, strings.Join(current, "\n  "))
		}
	}
	for _, line := range strings.Split(text.String(), "\n") {
		if values, _, found := strings.Cut(line, " @"); found {
			flush()
			cycles, count, _ := strings.Cut(values, " ")
			n, _ := strconv.ParseFloat(cycles, 64)
			perSecond := regexp.MustCompile(`cycles/second=(\d+)`).FindStringSubmatch(text.String())
			rate, _ := strconv.ParseFloat(perSecond[1], 64)
			each, _ := strconv.ParseFloat(count, 64)
			delay := n / rate / each
			current = []string{fmt.Sprint(count, " ", delay > pause.Seconds()/2 && delay < 100*pause.Seconds())}
		} else if m := place.FindStringSubmatch(strings.TrimRight(line, " \t")); m != nil {
			if inner := strings.Contains(strings.Join(current, " "), "main."); m[1] == "main.main" && !inner {
				current = nil // waits of main are as long as the scheduler likes
			} else if strings.HasPrefix(m[1], "main.") && current != nil {
				current = append(current, m[1]+" "+m[2])
			} else if !strings.HasPrefix(m[1], "runtime.") && current != nil {
				current = append(current, m[1])
			}
		}
	}
	flush()
	slices.Sort(out)
	return out
}

func start(f func()) *sync.WaitGroup {
	var done sync.WaitGroup
	done.Add(1)
	go func() {
		f()
		done.Done()
	}()
	time.Sleep(pause)
	return &done
}

func main() {
	fmt.Println(runtime.SetMutexProfileFraction(1), runtime.SetMutexProfileFraction(-1))
	runtime.SetBlockProfileRate(1)

	c, d := make(chan int), make(chan int)
	done := start(func() { receives(c) })
	c <- 1
	done.Wait()
	done = start(func() { fmt.Println(receivesNothing(c)) })
	close(c)
	done.Wait()
	done = start(func() { sends(d) })
	<-d
	done.Wait()
	done = start(func() { selects(make(chan int), d) })
	<-d
	done.Wait()

	unlocksLate()
	time.Sleep(pause)
	rw.Lock()
	done = start(reads)
	unlocksWriter()
	done.Wait()
	rw.RLock()
	done = start(writes)
	unlocksReader()
	done.Wait()
	var wg sync.WaitGroup
	wg.Add(1)
	done = start(func() { waits(&wg) })
	wg.Done()
	done.Wait()
	done = start(waitsForCond)
	cmu.Lock()
	ready.Signal()
	cmu.Unlock()
	done.Wait()

	runtime.SetBlockProfileRate(0)
	fmt.Println(runtime.SetMutexProfileFraction(0))
	for _, profile := range []string{"block", "mutex"} {
		fmt.Println(profile)
		for _, group := range groups(profile) {
			fmt.Println(group)
		}
	}
	n, ok := runtime.BlockProfile(nil)
	p := make([]runtime.BlockProfileRecord, n)
	m, all := runtime.BlockProfile(p)
	fmt.Println(n > 0, ok, n == m, all)
}
