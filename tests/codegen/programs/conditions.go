// Tests of elements that are decided together keep Go's order where it can be seen.
package main

import (
	"fmt"
	"os"
)

func either(i, j int, a, b []bool) bool {
	if a[i] || b[j] {
		return true
	}
	return false
}

func both(i, j int, a, b []bool) bool {
	for a[i] && !b[j] {
		return true
	}
	return false
}

func three(i uint8, a []int32, b []uint16, c []bool, limit uint16) string {
	switch {
	case a[i] < -1 || b[i+1] >= limit || c[2*i]:
		return "first"
	case a[i] < -1 || b[i+1] >= limit || c[i&1]:
		return "second"
	case a[i] == 3 && limit != b[i^1] && c[1-i]:
		return "third"
	}
	return "none"
}

func mixed(n int, a, b []bool) int {
	count := 0
	for i := 0; i < n && (a[i] || b[i]); i++ {
		count++
	}
	return count
}

type inner struct{ low, high []bool }

type board struct {
	inner
	flags []bool
	next  *board
}

var marks, others = []bool{true, false}, []bool{false}

func (b *board) any(i, j int) bool {
	if b.flags[i] || b.low[j] || b.high[i+j] {
		return true
	}
	return false
}

func across(a, b *board, i int) bool {
	if a.flags[i] || b.flags[i] {
		return true
	}
	return false
}

func global(i int) bool {
	seen := marks
	f := func() { seen = others }
	if seen[i] || marks[i] || others[i] {
		return true
	}
	f()
	if !seen[i-1] && !marks[i] {
		return true
	}
	return false
}

func try(name string, f func() any) {
	defer func() {
		if r := recover(); r != nil {
			fmt.Fprintln(os.Stderr, name, r)
		}
	}()
	fmt.Fprintln(os.Stderr, name, f())
}

func main() {
	yes, no := []bool{true, true}, []bool{false, false}
	for i := range 3 {
		for j := range 3 {
			try(fmt.Sprint("either yes ", i, j), func() any { return either(i, j, yes, no) })
			try(fmt.Sprint("either no ", i, j), func() any { return either(i, j, no, yes) })
			try(fmt.Sprint("both yes ", i, j), func() any { return both(i, j, yes, no) })
			try(fmt.Sprint("both no ", i, j), func() any { return both(i, j, no, no) })
		}
	}
	try("nil", func() any { return either(0, 0, yes, nil) })
	try("negative", func() any { return either(0, -1, no, yes) })
	for i := range uint8(4) {
		for limit := range uint16(4) {
			try(fmt.Sprint("three ", i, limit), func() any {
				return three(i, []int32{-2, 3, -1}, []uint16{0, 1, 2}, []bool{true, false, true}, limit)
			})
		}
	}
	b := &board{inner: inner{no, nil}, flags: []bool{false, true, false}}
	for i := range 4 {
		for j := range 3 {
			try(fmt.Sprint("any ", i, j), func() any { return b.any(i, j) })
		}
		try(fmt.Sprint("across nil ", i), func() any { return across(b, nil, i) })
		try(fmt.Sprint("across ", i), func() any { return across(b, b, i) })
		try(fmt.Sprint("global ", i), func() any { return global(i) })
	}
	try("nil board", func() any { return b.next.any(0, 0) })
	for n := range 4 {
		try(fmt.Sprint("mixed ", n), func() any { return mixed(n, yes, no) })
	}
}
