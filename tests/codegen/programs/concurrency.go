package main

import (
	"sync"
	"sync/atomic"
)

type job struct {
	id   int
	data [6]int
}

func main() {
	jobs, results := make(chan job), make(chan job, 2)
	var wg sync.WaitGroup
	for w := range 3 {
		wg.Add(1)
		go func() {
			defer wg.Done()
			for j := range jobs {
				j.data[5] = j.id * j.id
				results <- j
			}
			_ = w
		}()
	}
	go func() {
		for i := range 10 {
			jobs <- job{id: i}
		}
		close(jobs)
		wg.Wait()
		close(results)
	}()
	sum := 0
	for r := range results {
		sum += r.data[5]
	}
	println(sum)

	var n atomic.Int64
	var mu sync.Mutex
	total := 0
	for i := range 50 {
		wg.Add(1)
		go func(k int) {
			defer wg.Done()
			n.Add(int64(k))
			mu.Lock()
			total += k
			mu.Unlock()
		}(i)
	}
	wg.Wait()
	println(n.Load(), total, n.CompareAndSwap(1225, 7), n.Load(), n.Swap(9), n.Load())

	a, b, quit := make(chan int), make(chan string), make(chan struct{})
	go func() {
		for i := range 3 {
			a <- i
			b <- "s"
		}
		close(quit)
	}()
	seen := 0
loop:
	for {
		select {
		case v := <-a:
			seen += v
		case s, ok := <-b:
			if ok {
				seen += len(s) * 10
			}
		case <-quit:
			break loop
		}
	}
	println(seen)
	select {
	case v := <-a:
		println("no", v)
	default:
		println("default")
	}
	one := make(chan int, 1)
	select {
	case one <- 5:
		println("sent")
	default:
		println("no")
	}
	select {
	case one <- 6:
		println("no")
	case v, ok := <-one:
		println(v, ok)
	}
	arr := [3]int{}
	one <- 4
	select {
	case arr[1] = <-one:
		println(arr[1])
	}
	close(one)
	v, ok := <-one
	println(v, ok, len(one), cap(one))
	var once sync.Once
	for range 3 {
		once.Do(func() { println("once") })
	}
	done := make(chan any)
	go func() {
		defer func() { done <- recover() }()
		var c chan int
		close(c)
	}()
	println((<-done).(error).Error())
}
