// Values whose size is a constant in disguise, large literals and strings of runes live in frames; constants in interfaces are data.
package main

import (
	"fmt"
	"strings"
	"testing"
)

//go:noinline
func constantCap() int { n := 100; b := make([]int, 0, n); b = append(b, 1); return len(b) }

//go:noinline
func constantLength() int { n := 100; b := make([]int, n); b[3] = 1; return len(b) + b[n/2] }

//go:noinline
func captured() int {
	n := 50
	f := func() int { b := make([]byte, n); b[7] = 2; return len(b) + int(b[7]) }
	return f()
}

//go:noinline
func badCap() (text any) {
	defer func() { text = recover() }()
	n := 3
	b := make([]int, 5, n)
	return len(b)
}

//go:noinline
func literal(i int) int64 { s := []int64{8192: 1}; return s[i] }

//go:noinline
func longLiteral(i int) int64 { s := []int64{400000: 1}; return s[i] }

//go:noinline
func deep(n, i int) int64 {
	s := []int64{100000: 1}
	s[i] = int64(n)
	if n == 0 {
		return s[i]
	}
	return deep(n-1, i) + s[i]
}

//go:noinline
func rune4(r rune, s string) bool { rs := string(r); return rs == s }

//go:noinline
func runes(r rune) (total int) {
	for i := range rune(4) {
		s := string(r + i)
		total += len(s) + int(s[0])
	}
	return total
}

type level int

func (l level) name() string { return fmt.Sprint("level ", int(l)) }

type namer interface{ name() string }

var sink any

//go:noinline
func boxed() namer { l := level(1000); var n namer = l; sink = n; return n }

//go:noinline
func boxedText() any { s := "hello"; sink = s; return s }

func main() {
	haystack := "test" + strings.Repeat("𡋀", 32) + "𡌀"
	fmt.Println(constantCap(), constantLength(), captured(), badCap(), literal(8192), longLiteral(400000), deep(100, 7))
	fmt.Println(rune4('x', "x"), rune4('𡌀', "𡌀"), rune4(-1, "\uFFFD"), runes('y'), runes(0x10FFFE), strings.IndexRune(haystack, '𡌀'))
	fmt.Println(boxed().name(), boxedText())
	for _, f := range []func(){
		func() { constantCap() }, func() { constantLength() }, func() { captured() }, func() { literal(5) }, func() { longLiteral(5) },
		func() { rune4('x', "abcd") }, func() { strings.IndexRune(haystack, '𡌀') }, func() { boxed() }, func() { boxedText() },
	} {
		fmt.Print(testing.AllocsPerRun(50, f), " ")
	}
	fmt.Println()
}
