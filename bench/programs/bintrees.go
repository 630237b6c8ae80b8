// Binary trees: allocation and death of 16-byte nodes beside one long-lived tree.
package main

import (
	"fmt"
	"os"
	"strconv"
)

type node struct{ left, right *node }

func grow(depth int) *node {
	if depth <= 0 {
		return &node{}
	}
	return &node{grow(depth - 1), grow(depth - 1)}
}

func (n *node) count() int {
	if n.left == nil {
		return 1
	}
	return 1 + n.left.count() + n.right.count()
}

func main() {
	depth, err := strconv.Atoi(os.Args[1])
	if err != nil {
		panic(err)
	}
	fmt.Println("stretch", grow(depth+1).count())
	long := grow(depth)
	for d := 4; d <= depth; d += 2 {
		total := 0
		rounds := 1 << (depth - d + 4)
		for range rounds {
			total += grow(d).count()
		}
		fmt.Println(d, rounds, total)
	}
	fmt.Println("long", long.count())
}
