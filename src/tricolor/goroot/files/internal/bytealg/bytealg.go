// Search and comparison of bytes, by vectors of 32 and 16 bytes and by words. The last vector overlaps the one before it, so that nothing
// outside of the bytes is read.

package bytealg

import (
	"math/bits"
	"unsafe"
)

// MaxBruteForce is the length up to which a text is searched by Index at once, here any length: Index looks at 32 places at a time.
const MaxBruteForce = 1 << 62

func init() {
	MaxLen = 63
}

const (
	wordBytes = 8
	lowBits   = 0x0101010101010101
	highBits  = 0x8080808080808080
)

// match32 sets bit n if byte n of the 32 at p is c. The code generator expands this function and the next three.
//
//go:noescape
func match32(p unsafe.Pointer, c byte) uint32

//go:noescape
func match16(p unsafe.Pointer, c byte) uint32

// same32 sets bit n if byte n is the same at p and at q.
//
//go:noescape
func same32(p, q unsafe.Pointer) uint32

//go:noescape
func same16(p, q unsafe.Pointer) uint32

func loadWord(p unsafe.Pointer, at int) uint64 {
	return *(*uint64)(unsafe.Add(p, at))
}

func loadByte(p unsafe.Pointer, at int) byte {
	return *(*byte)(unsafe.Add(p, at))
}

// equalBytes sets the top bit of each byte of x that is c.
func equalBytes(x uint64, c byte) uint64 {
	x ^= uint64(c) * lowBits
	return ^(x&^highBits + ^uint64(highBits) | x) & highBits
}

func indexByte(p unsafe.Pointer, n int, c byte) int {
	if n < 16 {
		return indexByteShort(p, n, c)
	}
	if n < 32 {
		found := match16(p, c) | match16(unsafe.Add(p, n-16), c)<<(n-16)
		if found == 0 {
			return -1
		}
		return bits.TrailingZeros32(found)
	}
	at := 0
	for ; at+128 <= n; at += 128 {
		q := unsafe.Add(p, at)
		a, b, c, d := match32(q, c), match32(unsafe.Add(q, 32), c), match32(unsafe.Add(q, 64), c), match32(unsafe.Add(q, 96), c)
		if a|b|c|d != 0 {
			if low := uint64(a) | uint64(b)<<32; low != 0 {
				return at + bits.TrailingZeros64(low)
			}
			return at + 64 + bits.TrailingZeros64(uint64(c)|uint64(d)<<32)
		}
	}
	for ; at+32 <= n; at += 32 {
		if found := match32(unsafe.Add(p, at), c); found != 0 {
			return at + bits.TrailingZeros32(found)
		}
	}
	if at < n {
		if found := match32(unsafe.Add(p, n-32), c); found != 0 {
			return n - 32 + bits.TrailingZeros32(found)
		}
	}
	return -1
}

func indexByteShort(p unsafe.Pointer, n int, c byte) int {
	if n >= wordBytes {
		if found := equalBytes(loadWord(p, 0), c); found != 0 {
			return bits.TrailingZeros64(found) / 8
		}
		if found := equalBytes(loadWord(p, n-wordBytes), c); found != 0 {
			return n - wordBytes + bits.TrailingZeros64(found)/8
		}
		return -1
	}
	for at := range n {
		if loadByte(p, at) == c {
			return at
		}
	}
	return -1
}

func count(p unsafe.Pointer, n int, c byte) int {
	if n < 16 {
		return countShort(p, n, c)
	}
	if n < 32 {
		return bits.OnesCount32(match16(p, c) | match16(unsafe.Add(p, n-16), c)<<(n-16))
	}
	at, total := 0, 0
	for ; at+64 <= n; at += 64 {
		q := unsafe.Add(p, at)
		total += bits.OnesCount64(uint64(match32(q, c)) | uint64(match32(unsafe.Add(q, 32), c))<<32)
	}
	if at+32 <= n {
		total += bits.OnesCount32(match32(unsafe.Add(p, at), c))
		at += 32
	}
	// The bytes of the last vector that were counted already are shifted out.
	return total + bits.OnesCount32(match32(unsafe.Add(p, n-32), c)>>(32-(n-at)))
}

func countShort(p unsafe.Pointer, n int, c byte) int {
	total := 0
	if n >= wordBytes {
		last := equalBytes(loadWord(p, n-wordBytes), c) >> (8 * (16 - n))
		return bits.OnesCount64(equalBytes(loadWord(p, 0), c)) + bits.OnesCount64(last)
	}
	for at := range n {
		if loadByte(p, at) == c {
			total++
		}
	}
	return total
}

// firstDifference returns the index of the first byte in which n bytes differ, n if they are equal.
func firstDifference(p, q unsafe.Pointer, n int) int {
	if n < 16 {
		return firstDifferenceShort(p, q, n)
	}
	at := 0
	for ; at+32 <= n; at += 32 {
		if same := same32(unsafe.Add(p, at), unsafe.Add(q, at)); same != 1<<32-1 {
			return at + bits.TrailingZeros32(^same)
		}
	}
	if at+16 <= n {
		if same := same16(unsafe.Add(p, at), unsafe.Add(q, at)); same != 1<<16-1 {
			return at + bits.TrailingZeros32(^same)
		}
		at += 16
	}
	if at < n {
		if same := same16(unsafe.Add(p, n-16), unsafe.Add(q, n-16)); same != 1<<16-1 {
			return n - 16 + bits.TrailingZeros32(^same)
		}
	}
	return n
}

func firstDifferenceShort(p, q unsafe.Pointer, n int) int {
	if n >= wordBytes {
		if x := loadWord(p, 0) ^ loadWord(q, 0); x != 0 {
			return bits.TrailingZeros64(x) / 8
		}
		if x := loadWord(p, n-wordBytes) ^ loadWord(q, n-wordBytes); x != 0 {
			return n - wordBytes + bits.TrailingZeros64(x)/8
		}
		return n
	}
	for at := range n {
		if loadByte(p, at) != loadByte(q, at) {
			return at
		}
	}
	return n
}

func compare(p unsafe.Pointer, n int, q unsafe.Pointer, m int) int {
	common := min(n, m)
	if p != q {
		if at := firstDifference(p, q, common); at < common {
			return int(loadByte(p, at)) - int(loadByte(q, at))
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

// index finds q in p; m is at least 2. It looks for places that have the first and the last byte of q, then compares what is between them.
func index(p unsafe.Pointer, n int, q unsafe.Pointer, m int) int {
	places := n - m + 1
	if places < 16 {
		return indexShort(p, places, q, m)
	}
	first, last := loadByte(q, 0), loadByte(q, m-1)
	if places < 32 {
		found := match16(p, first) & match16(unsafe.Add(p, m-1), last)
		end := unsafe.Add(p, places-16)
		found |= match16(end, first) & match16(unsafe.Add(end, m-1), last) << (places - 16)
		return place(p, 0, found, q, m)
	}
	for at := 0; ; at = min(at+32, places-32) {
		here := unsafe.Add(p, at)
		if found := match32(here, first) & match32(unsafe.Add(here, m-1), last); found != 0 {
			if at := place(p, at, found, q, m); at >= 0 {
				return at
			}
		}
		if at == places-32 {
			return -1
		}
	}
}

// place returns the first of the places, one for each bit, where q begins, -1 if there is none. Bit 0 stands for the index at.
func place(p unsafe.Pointer, at int, places uint32, q unsafe.Pointer, m int) int {
	for ; places != 0; places &= places - 1 {
		begin := at + bits.TrailingZeros32(places)
		if m <= 2 || firstDifference(unsafe.Add(p, begin+1), unsafe.Add(q, 1), m-2) == m-2 {
			return begin
		}
	}
	return -1
}

func indexShort(p unsafe.Pointer, places int, q unsafe.Pointer, m int) int {
	first := loadByte(q, 0)
	for at := range places {
		if loadByte(p, at) == first && firstDifference(unsafe.Add(p, at), q, m) == m {
			return at
		}
	}
	return -1
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
func Cutover(n int) int { return (n + 16) / 8 }
