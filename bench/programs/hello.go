// The smallest program that people start.
package main

import "fmt"

func main() {
	fmt.Println("hello, world")
}
