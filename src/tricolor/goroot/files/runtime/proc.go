// Start and end of the program, and functions about goroutines and threads.

package runtime

import (
	"internal/cpu"
	"internal/runtime/exithook"
	"internal/runtime/maps"
	"internal/runtime/syscall/linux"
	"unsafe"
)

//go:linkname main_main main.main
func main_main()

// The code of the initialisation tasks of all packages in the order in which they must run, and their number.
//
//go:linkname initTasks tricolor.init_tasks
var initTasks [1 << 20]unsafe.Pointer

//go:linkname initTaskCount tricolor.init_task_count
var initTaskCount int

//go:linkname maps_errNilAssign internal/runtime/maps.errNilAssign
var maps_errNilAssign error

// Functions of the scheduler that package exithook needs.
func init() {
	exithook.Gosched = Gosched
	exithook.Goid = goid
	exithook.Throw = throw
}

// main is the function of the main goroutine.
func main() {
	seedRandom()
	maps.AlgInit()
	maps_errNilAssign = plainError("assignment to entry in nil map")
	registerItabs()
	readArguments()
	cpu.Initialize(gogetenv("GODEBUG"))
	readSettings()
	initProcs()
	startHeapProfile()
	for _, code := range initTasks[:initTaskCount] {
		closure := unsafe.Pointer(&code)
		callClosure(closure)
	}
	main_main()
	exithook.Run(0)
	exit(0)
}

//go:linkname os_beforeExit os.runtime_beforeExit
func os_beforeExit(code int) {
	exithook.Run(code)
}

//go:linkname syscall_Exit syscall.Exit
func syscall_Exit(code int) {
	exit(int32(code))
}

// Gosched lets other goroutines run before the caller goes on.
func Gosched() {
	gosched()
}

// NumCgoCall returns 0, since there is no cgo.
func NumCgoCall() int64 { return 0 }

// NumGoroutine returns the number of goroutines without the runtime's own.
func NumGoroutine() int { return int(gcount()) }

// LockOSThread keeps the calling goroutine on its thread, and other goroutines off it, until as many calls of UnlockOSThread.
func LockOSThread() { lockthread() }

// UnlockOSThread undoes one call of LockOSThread.
func UnlockOSThread() { unlockthread() }

// Breakpoint does nothing.
func Breakpoint() {}

//go:linkname sync_runtime_procPin sync.runtime_procPin
func sync_runtime_procPin() int { return int(procpin()) }

//go:linkname sync_runtime_procUnpin sync.runtime_procUnpin
func sync_runtime_procUnpin() { procunpin() }

//go:linkname atomic_runtime_procPin sync/atomic.runtime_procPin
func atomic_runtime_procPin() int { return int(procpin()) }

//go:linkname atomic_runtime_procUnpin sync/atomic.runtime_procUnpin
func atomic_runtime_procUnpin() { procunpin() }

// stopTheWorld keeps all other goroutines from running until startTheWorld. The caller holds no lock. It is pinned in between: it must not
// park, and should be quick.
func stopTheWorld() {
	for !stopworld() {
		gosched() // another goroutine stops the world, and can go on when this one has stopped
	}
}

func startTheWorld() { startworld() }

func entersyscall() {}
func exitsyscall()  {}

// coro is a pair of goroutines of which one runs while the other waits: the two halves of iter.Pull.
type coro struct {
	waiting *g // the half that waits
	f       func(*coro)
	lock    uint32
}

func newcoro(f func(*coro)) *coro {
	c := &coro{f: f}
	start := func() {
		defer coroexit(c)
		c.f(c)
	}
	c.waiting = newparkedproc(*(*unsafe.Pointer)(unsafe.Pointer(&start)))
	return c
}

// Packages iter and maps refer to these functions by go:linknamestd, a directive for Go's own compiler only. So we push them.

//go:linkname iter_newcoro iter.newcoro
func iter_newcoro(f func(*coro)) *coro { return newcoro(f) }

//go:linkname iter_coroswitch iter.coroswitch
func iter_coroswitch(c *coro) { coroswitch(c) }

//go:linkname maps_bootstrapRand internal/runtime/maps.bootstrapRand
func maps_bootstrapRand() uint64 { return rand() }

func coroexit(c *coro) {
	lock(&c.lock, rankCoroutine) // the other half holds it until it is parked
	next := c.waiting
	c.waiting = nil
	unlock(&c.lock)
	goready(next)
}

func coroswitch(c *coro) {
	lock(&c.lock, rankCoroutine) // the other half holds it until it is parked
	next := c.waiting
	if next == nil {
		throw("coroswitch on exited coro")
	}
	c.waiting = getg()
	goready(next)
	gopark(&c.lock, waitCoroutine)
}

// Processes. Package syscall holds its ForkLock around a fork.

//go:linkname syscall_runtime_BeforeFork syscall.runtime_BeforeFork
func syscall_runtime_BeforeFork() {
	procpin()
	forkbegin()
}

//go:linkname syscall_runtime_AfterFork syscall.runtime_AfterFork
func syscall_runtime_AfterFork() {
	forkend()
	procunpin()
}

//go:linkname syscall_runtime_AfterForkInChild syscall.runtime_AfterForkInChild
func syscall_runtime_AfterForkInChild() { forkchild() }

//go:linkname syscall_runtime_BeforeExec syscall.runtime_BeforeExec
func syscall_runtime_BeforeExec() { exithook.Run(0) }

//go:linkname syscall_runtime_AfterExec syscall.runtime_AfterExec
func syscall_runtime_AfterExec() {}

//go:linkname syscall_runtime_doAllThreadsSyscall syscall.runtime_doAllThreadsSyscall
func syscall_runtime_doAllThreadsSyscall(_, _, _, _, _, _, _ uintptr) (r1, r2, err uintptr) {
	throw("AllThreadsSyscall is not supported")
	return
}

//go:linkname syscall_cgocaller syscall.cgocaller
func syscall_cgocaller(_ unsafe.Pointer, _ ...uintptr) uintptr {
	throw("cgo is not supported")
	return 0
}

// syscall_rawVforkSyscall makes a child with memory of its own: the child returns from this function too, and a caller whose
// frame it shared would find it overwritten.
//
//go:linkname syscall_rawVforkSyscall syscall.rawVforkSyscall
func syscall_rawVforkSyscall(number, a, b, c uintptr) (r1, errno uintptr) {
	const (
		clone      = 56 // the flags are the first argument
		shareVM    = 0x100
		waitParent = 0x4000 // until the child executes a program
	)
	flags := &a
	if number != clone {
		flags = *(**uintptr)(unsafe.Pointer(&a)) // clone3: the first field of the arguments
	}
	*flags &^= shareVM | waitParent
	r1, _, errno = linux.Syscall6(number, a, b, c, 0, 0, 0)
	return r1, errno
}

//go:linkname syscall_rawSyscallNoError syscall.rawSyscallNoError
func syscall_rawSyscallNoError(number, a, b, c uintptr) (r1, r2 uintptr) {
	r1, r2, _ = linux.Syscall6(number, a, b, c, 0, 0, 0)
	return r1, r2
}

//go:linkname syscall_gettimeofday syscall.gettimeofday
func syscall_gettimeofday(into *[2]int64) (errno uintptr) {
	sec, nsec := walltime()
	into[0], into[1] = sec, int64(nsec)/1000
	return 0
}
