// GOMAXPROCS: how many threads may run goroutines at once. The default is the number of CPUs on which the process may run or, if that is
// less, what the CPU limit of its cgroup allows. Unless the environment or the program has set another number, it follows these limits.
//
// Differs from Go: a program that has never had a second goroutine does not follow limits that change.

package runtime

import (
	"internal/runtime/cgroup"
	"unsafe"
)

// Who sets GOMAXPROCS.
const (
	setByProgram = int32(iota)
	setToDefault
	setByUpdate
)

// cpus is the number of CPUs on which the process could run when it started.
var cpus int32

// startScratch serves the search for the cgroup, so that it needs nothing of the heap.
var startScratch [cgroup.ScratchSize]byte

// cpuGroup is the cgroup that limits the CPU time of the process, if there is one.
var cpuGroup struct {
	cpu   cgroup.CPU
	found bool
}

// initProcs sets GOMAXPROCS to the number in the environment, or else to the default. It runs before any other goroutine.
func initProcs() {
	cpus = ncpu()
	if on, ok := debugNumber("containermaxprocs"); !ok || on != 0 {
		cpu, err := cgroup.OpenCPU(startScratch[:])
		cpuGroup.cpu, cpuGroup.found = cpu, err == nil
	}
	n, ok := atoi(gogetenv("GOMAXPROCS"))
	if ok && n >= 1 && n <= 1<<31-1 {
		setProcs(n, setByProgram)
	} else {
		setProcs(defaultProcs(), setToDefault)
	}
	if on, ok := debugNumber("updatemaxprocs"); !ok || on != 0 {
		f := followLimits
		setlimitshelper(*(*unsafe.Pointer)(unsafe.Pointer(&f)))
	}
}

// GOMAXPROCS sets the number of threads that may run goroutines at once, if n is at least 1, and returns the previous number.
func GOMAXPROCS(n int) int { return setProcs(n, setByProgram) }

// SetDefaultGOMAXPROCS sets GOMAXPROCS to the default, whatever the environment says.
func SetDefaultGOMAXPROCS() { setProcs(defaultProcs(), setToDefault) }

// NumCPU returns the number of CPUs on which the process could run when it started.
func NumCPU() int { return int(cpus) }

func setProcs(n int, by int32) int {
	for {
		before := gomaxprocs(int32(min(n, 1<<31-1)), by)
		if before >= 0 {
			return int(before)
		}
		gosched() // another goroutine stops the world
	}
}

// followLimits is the code of a goroutine that the monitor thread wakes once a second, unless GOMAXPROCS was set.
func followLimits() {
	for {
		if n := defaultProcs(); n != setProcs(0, setByUpdate) {
			setProcs(n, setByUpdate)
		}
		waitforlimits()
	}
}

// defaultProcs returns the default. A limit of the cgroup is rounded up, to at least 2. GODEBUG=containermaxprocs=0 ignores it.
func defaultProcs() int {
	n := int(ncpu())
	if !cpuGroup.found {
		return n
	}
	limit, ok, err := cgroup.ReadCPULimit(cpuGroup.cpu)
	if !ok || err != nil {
		return n
	}
	rounded := int(min(limit, 1<<30))
	if float64(rounded) < limit {
		rounded++
	}
	return min(n, max(rounded, 2))
}
