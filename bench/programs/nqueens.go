// N queens: backtracking over slices of bool.
package main

import (
	"fmt"
	"os"
	"strconv"
)

func solve(row, n int, columns, rising, falling []bool) int {
	if row == n {
		return 1
	}
	count := 0
	for column := range n {
		if columns[column] || rising[row+column] || falling[row-column+n] {
			continue
		}
		columns[column], rising[row+column], falling[row-column+n] = true, true, true
		count += solve(row+1, n, columns, rising, falling)
		columns[column], rising[row+column], falling[row-column+n] = false, false, false
	}
	return count
}

func main() {
	n, err := strconv.Atoi(os.Args[1])
	if err != nil {
		panic(err)
	}
	fmt.Println(solve(0, n, make([]bool, n), make([]bool, 2*n), make([]bool, 2*n)))
}
