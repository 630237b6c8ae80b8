// Lookups in maps of integers and strings, which allocate nothing.
package main

import (
	"fmt"
	"os"
	"strconv"
)

func main() {
	n, err := strconv.Atoi(os.Args[1])
	if err != nil {
		panic(err)
	}
	const size = 1 << 16
	numbers, names := make(map[int]int, size), make(map[string]int, size)
	keys := make([]string, size)
	for i := range keys {
		keys[i] = "key" + strconv.Itoa(i*7919)
		numbers[i*7919], names[keys[i]] = i, i
	}
	sum, found := 0, 0
	seed := uint64(13)
	for range n {
		seed ^= seed << 13
		seed ^= seed >> 7
		seed ^= seed << 17
		i := int(seed % (size + size/8))
		if v, ok := numbers[i*7919]; ok {
			sum += v
			found++
		}
		sum += names[keys[i%size]]
	}
	fmt.Println(sum, found)
}
