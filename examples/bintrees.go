// Binary trees: many short-lived trees beside one long-lived tree.
package main

import (
	"fmt"
	"os"
	"strconv"
)

type tree struct{ left, right *tree }

func bottomUp(depth int) *tree {
	if depth <= 0 {
		return &tree{}
	}
	return &tree{bottomUp(depth - 1), bottomUp(depth - 1)}
}

func (t *tree) check() int {
	if t.left == nil {
		return 1
	}
	return 1 + t.left.check() + t.right.check()
}

func main() {
	const minDepth = 4
	depth := 12
	if len(os.Args) > 1 {
		n, err := strconv.Atoi(os.Args[1])
		if err != nil {
			fmt.Fprintln(os.Stderr, "bintrees:", err)
			os.Exit(2)
		}
		depth = n
	}
	depth = max(depth, minDepth+2)
	fmt.Printf("stretch tree of depth %d\t check: %d\n", depth+1, bottomUp(depth+1).check())
	long := bottomUp(depth)
	for d := minDepth; d <= depth; d += 2 {
		iterations := 1 << (depth - d + minDepth)
		check := 0
		for range iterations {
			check += bottomUp(d).check()
		}
		fmt.Printf("%d\t trees of depth %d\t check: %d\n", iterations, d, check)
	}
	fmt.Printf("long lived tree of depth %d\t check: %d\n", depth, long.check())
}
