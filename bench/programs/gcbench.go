// Boehm's GCBench: trees of growing depth, built from the top and from the leaves, beside a tree and an array that live on.
package main

import (
	"fmt"
	"os"
	"strconv"
)

type node struct {
	left, right *node
	i, j        int
}

func nodes(depth int) int { return 1<<(depth+1) - 1 }

// fill hangs a tree below n, from the top to the leaves.
func (n *node) fill(depth int) {
	if depth > 0 {
		n.left, n.right = new(node), new(node)
		n.left.fill(depth - 1)
		n.right.fill(depth - 1)
	}
}

// grow makes a tree from the leaves to the top.
func grow(depth int) *node {
	if depth == 0 {
		return new(node)
	}
	return &node{left: grow(depth - 1), right: grow(depth - 1)}
}

func (n *node) count() int {
	if n == nil {
		return 0
	}
	return 1 + n.left.count() + n.right.count()
}

var latest *node

func main() {
	deepest, err := strconv.Atoi(os.Args[1])
	if err != nil {
		panic(err)
	}
	latest = grow(deepest + 2)
	fmt.Println("stretch", latest.count())
	latest = nil
	long := new(node)
	long.fill(deepest)
	numbers := make([]float64, 500_000)
	for i := range numbers[:len(numbers)/2] {
		numbers[i] = 1 / float64(i+1)
	}
	for depth := 4; depth <= deepest; depth += 2 {
		times := 2 * nodes(deepest+2) / nodes(depth)
		for range times {
			latest = new(node)
			latest.fill(depth)
		}
		for range times {
			latest = grow(depth)
		}
		fmt.Println(depth, times, latest.count())
	}
	fmt.Println("long", long.count(), numbers[1000])
}
