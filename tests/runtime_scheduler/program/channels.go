package main

import (
	"runtime"
	"strconv"
)

func valuesArriveInOrder(arguments []string) {
	capacity, _ := strconv.Atoi(arguments[0])
	c := make(chan int, capacity)
	go func() {
		for i := range 1000 {
			c <- i
		}
		close(c)
	}()
	count := 0
	for value := range c {
		expect(value == count, "value", value, count)
		count++
	}
	expect(count == 1000, "count", count)
	value, ok := <-c
	expect(value == 0 && !ok, "a closed channel gives", value, ok)
}

func pointersSurvive([]string) {
	c := make(chan *int, 5)
	go func() {
		for i := range 300 {
			c <- &i
		}
	}()
	for i := range 300 {
		runtime.GC()
		garbage := new(int)
		*garbage = 12345
		value := <-c
		expect(*value == i, "value", *value, i)
		runtime.KeepAlive(garbage)
	}
}

func selectChoosesFairly([]string) {
	// With several processors the system may let one producer wait all the time.
	runtime.GOMAXPROCS(1)
	a, b := make(chan int), make(chan int)
	produce := func(c chan int) {
		for {
			c <- 1
		}
	}
	go produce(a)
	go produce(b)
	first := 0
	for range 2000 {
		select {
		case <-a:
			first++
		case <-b:
		}
		runtime.Gosched()
	}
	expect(first > 800 && first < 1200, "times that the first was chosen", first)
}

func operationsAreRefused([]string) {
	c := make(chan int, 1)
	send := func() bool {
		select {
		case c <- 5:
			return true
		default:
			return false
		}
	}
	receive := func() bool {
		select {
		case value := <-c:
			return value == 5
		default:
			return false
		}
	}
	expect(!receive(), "receive from an empty channel")
	expect(send(), "send into an empty buffer")
	expect(!send(), "send into a full buffer")
	expect(receive(), "receive from a full buffer")
	expect(!receive(), "second receive")
}

func misuse(arguments []string) {
	c := make(chan int, 1)
	close(c)
	switch arguments[0] {
	case "close nil":
		var none chan int
		close(none)
	case "close twice":
		close(c)
	case "send":
		c <- 1
	case "select":
		select {
		case c <- 1:
		case <-make(chan int):
		}
	case "make":
		_ = make(chan int, -len(arguments))
	}
}
