// Matrix product of two dense matrices of float64, by rows.
package main

import (
	"fmt"
	"os"
	"strconv"
)

type matrix [][]float64

func newMatrix(n int) matrix {
	rows := make(matrix, n)
	for i := range rows {
		rows[i] = make([]float64, n)
	}
	return rows
}

func multiply(a, b matrix) matrix {
	n := len(a)
	c := newMatrix(n)
	for i := 0; i < n; i++ {
		row := c[i]
		for k := 0; k < n; k++ {
			x := a[i][k]
			other := b[k]
			for j := 0; j < n; j++ {
				row[j] += x * other[j]
			}
		}
	}
	return c
}

func main() {
	n := 120
	if len(os.Args) > 1 {
		if v, err := strconv.Atoi(os.Args[1]); err == nil {
			n = v
		}
	}
	a, b := newMatrix(n), newMatrix(n)
	for i := range n {
		for j := range n {
			a[i][j] = float64(i*j%7) - 2
			b[i][j] = float64(i+j) / float64(n)
		}
	}
	c := multiply(a, b)
	trace, sum := 0.0, 0.0
	for i := range n {
		trace += c[i][i]
		for _, v := range c[i] {
			sum += v
		}
	}
	fmt.Printf("n=%d trace=%.6f sum=%.6f\n", n, trace, sum)
}
