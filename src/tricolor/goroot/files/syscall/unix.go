package syscall

import "unsafe"

// The functions of golang.org/x/sys/unix that jump to this package in assembly, on every processor.

//go:linkname unix_Syscall golang.org/x/sys/unix.Syscall
func unix_Syscall(trap, a1, a2, a3 uintptr) (r1, r2 uintptr, err Errno) {
	return Syscall(trap, a1, a2, a3)
}

//go:linkname unix_Syscall6 golang.org/x/sys/unix.Syscall6
func unix_Syscall6(trap, a1, a2, a3, a4, a5, a6 uintptr) (r1, r2 uintptr, err Errno) {
	return Syscall6(trap, a1, a2, a3, a4, a5, a6)
}

//go:linkname unix_SyscallNoError golang.org/x/sys/unix.SyscallNoError
func unix_SyscallNoError(trap, a1, a2, a3 uintptr) (r1, r2 uintptr) {
	r1, r2, _ = Syscall(trap, a1, a2, a3)
	return r1, r2
}

//go:linkname unix_RawSyscall golang.org/x/sys/unix.RawSyscall
func unix_RawSyscall(trap, a1, a2, a3 uintptr) (r1, r2 uintptr, err Errno) {
	return RawSyscall(trap, a1, a2, a3)
}

//go:linkname unix_RawSyscall6 golang.org/x/sys/unix.RawSyscall6
func unix_RawSyscall6(trap, a1, a2, a3, a4, a5, a6 uintptr) (r1, r2 uintptr, err Errno) {
	return RawSyscall6(trap, a1, a2, a3, a4, a5, a6)
}

//go:linkname unix_RawSyscallNoError golang.org/x/sys/unix.RawSyscallNoError
func unix_RawSyscallNoError(trap, a1, a2, a3 uintptr) (r1, r2 uintptr) {
	r1, r2, _ = RawSyscall(trap, a1, a2, a3)
	return r1, r2
}

//go:linkname unix_gettimeofday golang.org/x/sys/unix.gettimeofday
func unix_gettimeofday(tv unsafe.Pointer) Errno {
	_, _, err := RawSyscall(SYS_GETTIMEOFDAY, uintptr(tv), 0, 0)
	return err
}
