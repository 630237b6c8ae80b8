//go:debug panicnil=1
//go:debug randseednop=0

// Settings of GODEBUG in the program itself.
package main

import (
	"fmt"
	"math/rand"
	"os"
)

func nilPanic() (recovered any) {
	defer func() { recovered = recover() }()
	panic(nil)
}

func main() {
	fmt.Println(nilPanic())
	rand.Seed(1)
	fmt.Println(rand.Int())
	os.Setenv("GODEBUG", "panicnil=0")
	fmt.Println(nilPanic())
	os.Unsetenv("GODEBUG")
	fmt.Println(nilPanic())
}
