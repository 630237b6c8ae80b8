// Search and comparison of bytes, a machine word at a time.

package bytealg

import (
	"math/bits"
	"unsafe"
)

// MaxBruteForce is the longest text in which a short pattern is searched by Index rather than by its first byte.
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

// zeroBytes has the top bit set in each byte of x that is zero, and perhaps in bytes above the first of them.
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
		// The top bit of each byte of x tells exactly whether the byte is not zero.
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

// index finds q in p by its first two bytes; m is at least 2.
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

// IndexByte returns the first place of c in b, -1 if it is not there.
func IndexByte(b []byte, c byte) int { return indexByte(bytesOf(b), len(b), c) }

// IndexByteString returns the first place of c in s, -1 if it is not there.
func IndexByteString(s string, c byte) int { return indexByte(bytesIn(s), len(s), c) }

// Count returns how many bytes of b are c.
func Count(b []byte, c byte) int { return count(bytesOf(b), len(b), c) }

// CountString returns how many bytes of s are c.
func CountString(s string, c byte) int { return count(bytesIn(s), len(s), c) }

// Compare orders two byte slices: negative, 0 or positive.
func Compare(a, b []byte) int { return sign(compare(bytesOf(a), len(a), bytesOf(b), len(b))) }

// CompareString orders two strings.
func CompareString(a, b string) int { return sign(compare(bytesIn(a), len(a), bytesIn(b), len(b))) }

// Index returns the first place of b in a, -1 if it is not there; 2 <= len(b) <= MaxLen.
func Index(a, b []byte) int { return index(bytesOf(a), len(a), bytesOf(b), len(b)) }

// IndexString is Index for strings.
func IndexString(a, b string) int { return index(bytesIn(a), len(a), bytesIn(b), len(b)) }

// Cutover tells after how many failures of IndexByte to search by Index, n bytes into the text.
func Cutover(n int) int { return n/8 + 2 }
