package syscall

import _ "unsafe"

//go:linkname runtime_beforeRead runtime.beforeRead
func runtime_beforeRead(fd uintptr)

// Syscall makes a system call. Before a read that might wait, other goroutines get their turns.
func Syscall(trap, a1, a2, a3 uintptr) (r1, r2 uintptr, err Errno) {
	if trap == SYS_READ {
		runtime_beforeRead(a1)
	}
	return RawSyscall6(trap, a1, a2, a3, 0, 0, 0)
}
