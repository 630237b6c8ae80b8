// N queens: count the solutions by backtracking over slices.
package main

import (
	"fmt"
	"os"
	"strconv"
)

type board struct {
	n                  int
	columns            []bool
	diagonal, opposite []bool
	placed             []int
	first              []int
}

func newBoard(n int) *board {
	return &board{n: n, columns: make([]bool, n), diagonal: make([]bool, 2*n), opposite: make([]bool, 2*n), placed: make([]int, n)}
}

func (b *board) solve(row int) int {
	if row == b.n {
		if b.first == nil {
			b.first = append([]int(nil), b.placed...)
		}
		return 1
	}
	count := 0
	for column := 0; column < b.n; column++ {
		d, o := row+column, row-column+b.n
		if b.columns[column] || b.diagonal[d] || b.opposite[o] {
			continue
		}
		b.columns[column], b.diagonal[d], b.opposite[o] = true, true, true
		b.placed[row] = column
		count += b.solve(row + 1)
		b.columns[column], b.diagonal[d], b.opposite[o] = false, false, false
	}
	return count
}

func main() {
	n := 8
	if len(os.Args) > 1 {
		if v, err := strconv.Atoi(os.Args[1]); err == nil {
			n = v
		}
	}
	b := newBoard(n)
	fmt.Println("solutions for", n, "queens:", b.solve(0))
	for _, column := range b.first {
		line := make([]byte, n)
		for i := range line {
			line[i] = '.'
		}
		line[column] = 'Q'
		fmt.Println(string(line))
	}
}
