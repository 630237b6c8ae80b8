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
	for n := range 4 {
		try(fmt.Sprint("mixed ", n), func() any { return mixed(n, yes, no) })
	}
}
