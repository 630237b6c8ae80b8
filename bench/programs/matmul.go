// Dense product of two square matrices of float64, rows as slices.
package main

import (
	"fmt"
	"os"
	"strconv"
)

func matrix(n int, f func(i, j int) float64) [][]float64 {
	rows := make([][]float64, n)
	for i := range rows {
		rows[i] = make([]float64, n)
		for j := range rows[i] {
			rows[i][j] = f(i, j)
		}
	}
	return rows
}

func multiply(a, b [][]float64) [][]float64 {
	n := len(a)
	c := matrix(n, func(i, j int) float64 { return 0 })
	for i := range n {
		for k := range n {
			x := a[i][k]
			for j := range n {
				c[i][j] += x * b[k][j]
			}
		}
	}
	return c
}

func main() {
	n, err := strconv.Atoi(os.Args[1])
	if err != nil {
		panic(err)
	}
	a := matrix(n, func(i, j int) float64 { return float64(i*n+j) / float64(n*n) })
	b := matrix(n, func(i, j int) float64 { return float64(i-j) / float64(n) })
	c := multiply(a, b)
	sum := 0.0
	for i := range n {
		sum += c[i][(i*7)%n]
	}
	fmt.Printf("%.9f\n", sum)
}
