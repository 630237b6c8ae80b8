// Values whose size is a constant in disguise, large literals, strings of runes and runes of strings live in frames; constants and
// literals of constants in interfaces are data.
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

type pair struct{ a, b int }

type named pair

type holder struct {
	name string
	list [2]any
}

//go:noinline
func leak(x ...any) int { sink = x[0]; return len(x) }

func pairLocal() int { p := pair{1000, 2000}; return leak(p) }

func renamed() int { p := pair{3000, 4000}; return leak(named(p)) }

func arrayLocal() int { a := [3]int{5, 6, 7}; b := a; return leak(b) }

func holderLocal() int { h := holder{"name", [2]any{300, "x"}}; return leak(h) }

func soleLocal() int { s := [1]string{"sole"}; return leak(s) }

func partAssigned() int { p := pair{1, 2}; p.a = 3; return leak(p) }

func zeroLocal() int { p := pair{}; return leak(p) }

func captive() int {
	p := pair{8, 9}
	return func() int { return leak(p) }()
}

//go:noinline
func runesOf(s string) (total rune) {
	r := []rune(s)
	for i := range r {
		r[i] *= 2
		total += r[i]
	}
	return total + rune(len(r[:cap(r)]))
}

//go:noinline
func stringOf(n int, r rune) bool {
	list := make([]rune, 40)[:n]
	for i := range list {
		list[i] = r
	}
	s := string(list)
	return len(s) > 3 && s[0] == byte(r)
}

func inner() {
	for _, f := range []func() int{pairLocal, renamed, arrayLocal, holderLocal, soleLocal, partAssigned, zeroLocal, captive} {
		fmt.Print(f(), " ")
		fmt.Printf("%T %v ", sink, sink)
		fmt.Println(testing.AllocsPerRun(50, func() { f() }))
	}
	for _, text := range []string{"", "a", strings.Repeat("é", 32), strings.Repeat("a", 31) + "\xff", strings.Repeat("a", 33)} {
		fmt.Print(runesOf(text), " ", testing.AllocsPerRun(50, func() { runesOf(text) }), ", ")
	}
	for _, n := range []int{0, 1, 9, 10, 29, 30, 40} {
		fmt.Print(stringOf(n, 'a'), stringOf(n, '世'), " ")
		fmt.Print(testing.AllocsPerRun(50, func() { stringOf(n, 'a') }), testing.AllocsPerRun(50, func() { stringOf(n, '世') }), ", ")
	}
	fmt.Println()
}

func main() {
	inner()
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
