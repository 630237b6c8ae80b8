// Sorting of integers with a comparison function, and with the order of the type. It allocates nothing while it sorts.
package main

import (
	"fmt"
	"os"
	"slices"
	"sort"
	"strconv"
)

func main() {
	n, err := strconv.Atoi(os.Args[1])
	if err != nil {
		panic(err)
	}
	numbers := make([]int, n)
	seed := uint64(11)
	shuffle := func() {
		for i := range numbers {
			seed ^= seed << 13
			seed ^= seed >> 7
			seed ^= seed << 17
			numbers[i] = int(seed >> 1)
		}
	}
	shuffle()
	slices.Sort(numbers)
	fmt.Println(numbers[0], numbers[n/2], numbers[n-1])
	shuffle()
	sort.Slice(numbers, func(i, j int) bool { return numbers[i] < numbers[j] })
	fmt.Println(numbers[0], numbers[n/2], numbers[n-1])
}
