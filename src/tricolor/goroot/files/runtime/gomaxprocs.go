// GOMAXPROCS: how many threads may run goroutines at once. The default is the number of CPUs on which the process may run or, if that is
// less, what the CPU limit of its cgroup allows.
//
// Differs from Go: the default is computed at the start and by SetDefaultGOMAXPROCS only. A limit that changes later does not change it.

package runtime

import "internal/runtime/cgroup"

// cpus is the number of CPUs on which the process could run when it started.
var cpus int32

// startScratch serves the first computation of the default, so that it needs nothing of the heap.
var startScratch [cgroup.ScratchSize]byte

// initProcs sets GOMAXPROCS to the number in the environment, or else to the default. It runs before any other goroutine.
func initProcs() {
	cpus = ncpu()
	n, ok := atoi(gogetenv("GOMAXPROCS"))
	if !ok || n < 1 || n > 1<<31-1 {
		n = defaultProcs(startScratch[:])
	}
	GOMAXPROCS(n)
}

// GOMAXPROCS sets the number of threads that may run goroutines at once, if n is at least 1, and returns the previous number.
func GOMAXPROCS(n int) int {
	for {
		before := gomaxprocs(int32(min(n, 1<<31-1)))
		if before >= 0 {
			return int(before)
		}
		gosched() // another goroutine stops the world
	}
}

// SetDefaultGOMAXPROCS sets GOMAXPROCS to the default, whatever the environment says.
func SetDefaultGOMAXPROCS() { GOMAXPROCS(defaultProcs(make([]byte, cgroup.ScratchSize))) }

// NumCPU returns the number of CPUs on which the process could run when it started.
func NumCPU() int { return int(cpus) }

// defaultProcs returns the default. A limit of the cgroup is rounded up, to at least 2. GODEBUG=containermaxprocs=0 ignores it.
// scratch is memory for parsing.
func defaultProcs(scratch []byte) int {
	n := int(ncpu())
	if on, ok := debugNumber("containermaxprocs"); ok && on == 0 {
		return n
	}
	if limit, ok := cpuLimit(scratch); ok {
		rounded := int(min(limit, 1<<30))
		if float64(rounded) < limit {
			rounded++
		}
		n = min(n, max(rounded, 2))
	}
	return n
}

// cpuLimit returns how many CPUs the cgroup of the process may use on average; false if there is no limit.
func cpuLimit(scratch []byte) (limit float64, ok bool) {
	cpu, err := cgroup.OpenCPU(scratch)
	if err != nil {
		return 0, false
	}
	limit, ok, err = cgroup.ReadCPULimit(cpu)
	cpu.Close()
	return limit, ok && err == nil
}
