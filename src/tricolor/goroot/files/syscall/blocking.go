package syscall

import _ "unsafe"

//go:linkname runtime_beforeRead runtime.beforeRead
func runtime_beforeRead(fd uintptr)

//go:linkname runtime_beforeWrite runtime.beforeWrite
func runtime_beforeWrite(fd, n uintptr) uintptr

// Syscall makes a system call. Before a read or a write that would wait, it lets other goroutines run. It may write only a part
// of a long write to a pipe.
func Syscall(trap, a1, a2, a3 uintptr) (r1, r2 uintptr, err Errno) {
	switch trap {
	case SYS_READ:
		runtime_beforeRead(a1)
	case SYS_WRITE:
		a3 = runtime_beforeWrite(a1, a3)
	}
	return RawSyscall6(trap, a1, a2, a3, 0, 0, 0)
}
