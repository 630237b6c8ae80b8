package syscall

import _ "unsafe"

//go:linkname runtime_systemcall runtime.systemcall
func runtime_systemcall(trap, a1, a2, a3, a4, a5, a6 uintptr) (r1, r2, errno uintptr)

// Syscall makes a system call. If it blocks, other goroutines run meanwhile.
//
//go:uintptrkeepalive
func Syscall(trap, a1, a2, a3 uintptr) (r1, r2 uintptr, err Errno) {
	r1, r2, errno := runtime_systemcall(trap, a1, a2, a3, 0, 0, 0)
	return r1, r2, Errno(errno)
}

// Syscall6 is Syscall with six arguments.
//
//go:uintptrkeepalive
func Syscall6(trap, a1, a2, a3, a4, a5, a6 uintptr) (r1, r2 uintptr, err Errno) {
	r1, r2, errno := runtime_systemcall(trap, a1, a2, a3, a4, a5, a6)
	return r1, r2, Errno(errno)
}
