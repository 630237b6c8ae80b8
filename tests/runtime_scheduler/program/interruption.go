package main

import (
	"os"
	"os/signal"
	"runtime"
	"syscall"
	"time"
)

// spin calls nothing.
//
//go:noinline
func spin(count int) int {
	x := 1
	for i := 0; i < count; i++ {
		x = x*31 + i ^ x>>3
	}
	return x
}

// addAll and mix have loops that LLVM vectorises: their values live in vector registers.
//
//go:noinline
func addAll(values []float64) (sum int) {
	for _, v := range values {
		sum += int(v)
	}
	return sum
}

//go:noinline
func mix(into, from []uint32) {
	for i := range into {
		into[i] = into[i]*3 + from[i]
	}
}

func otherGoroutinesRunBesideLoops([]string) {
	done := make(chan int)
	go func() {
		done <- spin(1_000_000_000)
	}()
	naps := 0
	for {
		select {
		case <-done:
			expect(naps >= 5, "a loop that calls nothing kept the others from running", naps)
			return
		default:
			time.Sleep(time.Millisecond)
			naps++
		}
	}
}

func loopsAreNotStopped([]string) {
	ran := false
	go func() { ran = true }()
	spin(200_000_000)
	expect(!ran, "a loop was stopped")
	runtime.Gosched()
	expect(ran, "the other goroutine did not run")
}

func otherGoroutinesRunBesideCollections([]string) {
	go func() {
		for {
			runtime.GC()
		}
	}()
	for range 5 {
		start := time.Now()
		time.Sleep(time.Millisecond)
		expect(time.Since(start) < 2*time.Second, "a goroutine that collects kept the others from running")
	}
}

type tree struct{ left, right *tree }

func grow(depth int) *tree {
	if depth == 0 {
		return new(tree)
	}
	return &tree{grow(depth - 1), grow(depth - 1)}
}

func (t *tree) count() int {
	if t == nil {
		return 0
	}
	return 1 + t.left.count() + t.right.count()
}

// Every goroutine does all kinds of work; a register or a pointer that got lost gives a wrong result.
func registersSurvive([]string) {
	const workers, rounds = 4, 30
	values := make([]float64, 1000)
	for i := range values {
		values[i] = float64(i) + 0.5
	}
	wantSpin := spin(20_000)
	done := make(chan bool)
	for range workers {
		go func() {
			into, from := make([]uint32, 1000), make([]uint32, 1000)
			for i := range from {
				from[i] = uint32(i)
			}
			for round := range rounds {
				expect(spin(20_000) == wantSpin, "integers")
				expect(addAll(values) == 499_500, "floats")
				clear(into)
				mix(into, from)
				mix(into, from)
				for i := range into {
					expect(into[i] == 4*uint32(i), "vectors", i, into[i])
				}
				expect(grow(6).count() == 127, "pointers")
				m := map[int]string{}
				for i := range 50 {
					m[i] = string(rune('a'+i%26)) + string(rune('a'+round%26))
				}
				expect(len(m) == 50 && m[27] == "b"+string(rune('a'+round%26)), "maps")
			}
			done <- true
		}()
	}
	for range workers {
		<-done
	}
}

func urgentSignalsArrive([]string) {
	notices := make(chan os.Signal, 1)
	signal.Notify(notices, syscall.SIGURG)
	syscall.Kill(syscall.Getpid(), syscall.SIGURG)
	expect(<-notices == syscall.SIGURG, "another signal")
	signal.Stop(notices)
}

//go:noinline
func caller(count int) int { return spin(count) + 1 }

func spinForEver([]string) {
	go func() {
		time.Sleep(50 * time.Millisecond)
		os.Stdout.WriteString("ready\n")
		select {}
	}()
	for {
		caller(1_000_000_000)
	}
}

func sleepForEver([]string) {
	os.Stdout.WriteString("ready\n")
	time.Sleep(time.Hour)
}

func quitIsNoticed([]string) {
	notices := make(chan os.Signal, 1)
	signal.Notify(notices, syscall.SIGQUIT)
	syscall.Kill(syscall.Getpid(), syscall.SIGQUIT)
	expect(<-notices == syscall.SIGQUIT, "another signal")
	signal.Stop(notices)
	sleepForEver(nil)
}
