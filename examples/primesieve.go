// Prime sieve: one goroutine per prime, numbers flow through a chain of channels.
package main

import "fmt"

func generate(out chan<- int) {
	for i := 2; ; i++ {
		out <- i
	}
}

func filter(in <-chan int, out chan<- int, prime int) {
	for {
		if i := <-in; i%prime != 0 {
			out <- i
		}
	}
}

func main() {
	ch := make(chan int)
	go generate(ch)
	sum := 0
	for range 200 {
		prime := <-ch
		sum += prime
		if prime > 1200 {
			fmt.Print(prime, " ")
		}
		next := make(chan int)
		go filter(ch, next, prime)
		ch = next
	}
	fmt.Println("\nsum of the first 200 primes:", sum)
}
