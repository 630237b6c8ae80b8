// The parts of print and println that depend on the scheduler. The formats come from Go's own file.

package runtime

import (
	"internal/runtime/atomic"
	"unsafe"
)

var printing struct {
	lock  uint32
	owner *g
	depth uint32
}

// printlock acquires the lock that keeps the output of one print together. Its holder may acquire it again.
func printlock() {
	gp := getg()
	if printing.depth > 0 && printing.owner == gp {
		printing.depth++
		return
	}
	for !atomic.Cas(&printing.lock, 0, 1) {
		gosched()
	}
	printing.owner, printing.depth = gp, 1
}

func printunlock() {
	printing.depth--
	if printing.depth == 0 {
		printing.owner = nil
		atomic.Store(&printing.lock, 0)
	}
}

func gwrite(b []byte) {
	for len(b) > 0 {
		n := write1(2, unsafe.Pointer(&b[0]), int32(min(len(b), 1<<20)))
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
