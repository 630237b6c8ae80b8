// The parts of print and println that depend on the scheduler. The formats come from Go's own file.

package runtime

import (
	"internal/runtime/atomic"
	"unsafe"
)

var printing struct {
	lock  uint32
	owner atomic.Uintptr // the goroutine that holds the lock
	depth uint32
}

// printlock acquires the lock that keeps the output of one print together. Its holder may acquire it again.
func printlock() {
	gp := uintptr(unsafe.Pointer(getg()))
	if printing.owner.Load() != gp {
		lock(&printing.lock, rankPrint)
		printing.owner.Store(gp)
	}
	printing.depth++
}

func printunlock() {
	printing.depth--
	if printing.depth == 0 {
		printing.owner.Store(0)
		unlock(&printing.lock)
	}
}

func gwrite(b []byte) {
	for len(b) > 0 {
		n := writeerror(unsafe.Pointer(&b[0]), int32(min(len(b), 1<<20)))
		if n <= 0 {
			return
		}
		b = b[n:]
	}
}

func printfloat(v float64)      { printfloat64(v) }
func printcomplex(v complex128) { printcomplex128(v) }

// write is called by package internal/godebug.
func write(fd uintptr, p unsafe.Pointer, n int32) int32 {
	return write1(fd, p, n)
}
