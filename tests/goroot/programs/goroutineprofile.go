// The goroutine profile: stacks of waiting goroutines, their number, and their labels.
package main

import (
	"bytes"
	"context"
	"fmt"
	"regexp"
	"runtime"
	"runtime/pprof"
	"slices"
	"strings"
	"sync"
	"time"
)

var (
	mu    sync.Mutex
	wg    sync.WaitGroup
	rw    sync.RWMutex
	ready = sync.NewCond(&rw)
)

func receiver(c chan int) { <-c }
func sender(c chan int)   { c <- 1 }
func sleeper()            { time.Sleep(time.Hour) }
func waiter()             { wg.Wait() }

func locker() {
	mu.Lock()
	mu.Unlock()
}

func selecter(c, d chan int) {
	select {
	case <-c:
	case <-d:
	}
}

func conditional() {
	rw.Lock()
	ready.Wait()
	rw.Unlock()
}

func deep(n int, c chan int) {
	if n > 0 {
		deep(n-1, c)
		return
	}
	receiver(c)
}

var place = regexp.MustCompile(`\t(\S+)\+0x[0-9a-f]+\s+.*/([^/]+\.go:\d+)$`)

// groups gives the profile without addresses and without what belongs to the library's inside.
func groups(text string) []string {
	var out []string
	for _, group := range strings.Split(strings.TrimSpace(text), "\n\n") {
		var lines []string
		for _, line := range strings.Split(group, "\n") {
			if count, _, found := strings.Cut(line, " @"); found {
				lines = append(lines, count)
			} else if strings.HasPrefix(line, "# labels") {
				lines = append(lines, line)
			} else if m := place.FindStringSubmatch(strings.TrimRight(line, " \t")); m != nil {
				if strings.HasPrefix(m[1], "main.") {
					lines = append(lines, m[1]+" "+m[2])
				} else if !strings.HasPrefix(m[1], "runtime.") && !strings.Contains(m[1], ".runtime_") {
					lines = append(lines, m[1])
				}
			} else {
				lines = append(lines, line)
			}
		}
		out = append(out, strings.Join(lines, "\n  "))
	}
	slices.Sort(out)
	return out
}

func main() {
	mu.Lock()
	wg.Add(1)
	c, d, e := make(chan int), make(chan int), make(chan int)
	for range 3 {
		go receiver(c)
	}
	pprof.Do(context.Background(), pprof.Labels("kind", "sender", "number", "1"), func(context.Context) { go sender(e) })
	go locker()
	go selecter(c, d)
	go sleeper()
	go waiter()
	go conditional()
	go deep(40, c)
	time.Sleep(50 * time.Millisecond)

	var text bytes.Buffer
	fmt.Println(pprof.Lookup("goroutine").WriteTo(&text, 1))
	head, rest, _ := strings.Cut(text.String(), "\n")
	fmt.Println(head)
	fmt.Println(strings.Join(groups(rest), "\n"))
	fmt.Println(pprof.Lookup("goroutine").Count(), runtime.NumGoroutine())

	p := make([]runtime.StackRecord, 5)
	n, ok := runtime.GoroutineProfile(p)
	fmt.Println(n, ok)
	p = make([]runtime.StackRecord, 20)
	n, ok = runtime.GoroutineProfile(p)
	fmt.Println(n, ok)
	receivers := 0
	for i := range n {
		for frames := runtime.CallersFrames(p[i].Stack()); ; {
			f, more := frames.Next()
			if f.Function == "main.receiver" {
				receivers++
			}
			if !more {
				break
			}
		}
	}
	fmt.Println("receivers:", receivers)
	fmt.Println(pprof.Lookup("threadcreate").Count() > 0)
	text.Reset()
	fmt.Println(pprof.Lookup("goroutine").WriteTo(&text, 2), strings.Count(text.String(), "\n\ngoroutine "))
}
