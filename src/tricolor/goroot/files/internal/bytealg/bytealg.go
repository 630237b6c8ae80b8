// Search and comparison of bytes, one machine word at a time.

package bytealg

import (
	"math/bits"
	"unsafe"
)

// MaxBruteForce is the length up to which a text is searched by Index; a longer text is first searched for the pattern's first byte.
const MaxBruteForce = 64

func init() {
	MaxLen = 63
}

const (
	wordBytes = 8
	lowBits   = 0x0101010101010101
	highBits  = 0x8080808080808080
)

func loadWord(p unsafe.Pointer, at int) uint64 {
	return *(*uint64)(unsafe.Add(p, at))
}

func loadByte(p unsafe.Pointer, at int) byte {
	return *(*byte)(unsafe.Add(p, at))
}

// zeroBytes sets the top bit of each byte that is zero in x. It may also set the top bit of bytes above the lowest zero byte.
func zeroBytes(x uint64) uint64 {
	return (x - lowBits) &^ x & highBits
}

func indexByte(p unsafe.Pointer, n int, c byte) int {
	at := 0
	pattern := uint64(c) * lowBits
	for ; at+wordBytes <= n; at += wordBytes {
		if found := zeroBytes(loadWord(p, at) ^ pattern); found != 0 {
			return at + bits.TrailingZeros64(found)/8
		}
	}
	for ; at < n; at++ {
		if loadByte(p, at) == c {
			return at
		}
	}
	return -1
}

func count(p unsafe.Pointer, n int, c byte) int {
	at, total := 0, 0
	pattern := uint64(c) * lowBits
	for ; at+wordBytes <= n; at += wordBytes {
		// Afterwards the top bit of each byte of x is set if and only if the byte was not zero.
		x := loadWord(p, at) ^ pattern
		x = (x&^highBits + ^uint64(highBits)) | x
		total += bits.OnesCount64(^x & highBits)
	}
	for ; at < n; at++ {
		if loadByte(p, at) == c {
			total++
		}
	}
	return total
}

func compare(p unsafe.Pointer, n int, q unsafe.Pointer, m int) int {
	common := min(n, m)
	at := 0
	if p != q {
		for ; at+wordBytes <= common; at += wordBytes {
			x, y := loadWord(p, at), loadWord(q, at)
			if x != y {
				if bits.ReverseBytes64(x) < bits.ReverseBytes64(y) {
					return -1
				}
				return 1
			}
		}
		for ; at < common; at++ {
			if x, y := loadByte(p, at), loadByte(q, at); x != y {
				return int(x) - int(y)
			}
		}
	}
	return n - m
}

func sign(x int) int {
	switch {
	case x < 0:
		return -1
	case x > 0:
		return 1
	}
	return 0
}

// index finds q in p: it searches for the first two bytes of q, then compares the rest. m is at least 2.
func index(p unsafe.Pointer, n int, q unsafe.Pointer, m int) int {
	first := loadByte(q, 0)
	last := n - m
	for at := 0; at <= last; at++ {
		step := indexByte(unsafe.Add(p, at), last-at+1, first)
		if step < 0 {
			return -1
		}
		at += step
		if loadByte(p, at+1) == loadByte(q, 1) && equal(unsafe.Add(p, at), q, m) {
			return at
		}
	}
	return -1
}

func equal(p, q unsafe.Pointer, n int) bool {
	at := 0
	for ; at+wordBytes <= n; at += wordBytes {
		if loadWord(p, at) != loadWord(q, at) {
			return false
		}
	}
	for ; at < n; at++ {
		if loadByte(p, at) != loadByte(q, at) {
			return false
		}
	}
	return true
}

func bytesOf(b []byte) unsafe.Pointer { return unsafe.Pointer(unsafe.SliceData(b)) }
func bytesIn(s string) unsafe.Pointer { return unsafe.Pointer(unsafe.StringData(s)) }

// IndexByte returns the index of the first c in b, -1 if there is none.
func IndexByte(b []byte, c byte) int { return indexByte(bytesOf(b), len(b), c) }

// IndexByteString returns the index of the first c in s, -1 if there is none.
func IndexByteString(s string, c byte) int { return indexByte(bytesIn(s), len(s), c) }

// Count returns the number of bytes of b that are c.
func Count(b []byte, c byte) int { return count(bytesOf(b), len(b), c) }

// CountString returns the number of bytes of s that are c.
func CountString(s string, c byte) int { return count(bytesIn(s), len(s), c) }

// Compare returns -1, 0 or 1 for the order of two byte slices.
func Compare(a, b []byte) int { return sign(compare(bytesOf(a), len(a), bytesOf(b), len(b))) }

// CompareString returns -1, 0 or 1 for the order of two strings.
func CompareString(a, b string) int { return sign(compare(bytesIn(a), len(a), bytesIn(b), len(b))) }

// Index returns the index of the first b in a, -1 if there is none; 2 <= len(b) <= MaxLen.
func Index(a, b []byte) int { return index(bytesOf(a), len(a), bytesOf(b), len(b)) }

// IndexString is Index for strings.
func IndexString(a, b string) int { return index(bytesIn(a), len(a), bytesIn(b), len(b)) }

// Cutover returns after how many false hits of IndexByte, at n bytes into the text, a search should continue with Index.
func Cutover(n int) int { return n/8 + 2 }
