// The block and the mutex profile: how long goroutines wait for channels and locks. The kernel counts the waits by call stack
// (tricolor/runtime/scheduler/contention.py).

package runtime

import "internal/profilerecord"

// The rates of both profiles, as the kernel has them.
var (
	blockRate     int64
	mutexFraction int64
)

// SetBlockProfileRate sets that on average one wait is counted in rate nanoseconds of waiting: 1 counts all waits, 0 none.
func SetBlockProfileRate(rate int) {
	blockRate = int64(max(rate, 0))
	setblockrate(blockRate)
}

// SetMutexProfileFraction sets that one of rate waits for a lock is counted, unless rate < 0, and returns the previous rate.
func SetMutexProfileFraction(rate int) int {
	old := int(mutexFraction)
	if rate >= 0 {
		mutexFraction = int64(rate)
		setmutexfraction(mutexFraction)
	}
	return old
}

// BlockProfile copies the block profile into p if it has room for all records, of which there are n.
func BlockProfile(p []BlockProfileRecord) (n int, ok bool) { return copyEvents(p, false) }

// MutexProfile copies the mutex profile into p if it has room for all records, of which there are n.
func MutexProfile(p []BlockProfileRecord) (n int, ok bool) { return copyEvents(p, true) }

func pprof_blockProfileInternal(p []profilerecord.BlockProfileRecord) (n int, ok bool) {
	return listEvents(p, false)
}

func pprof_mutexProfileInternal(p []profilerecord.BlockProfileRecord) (n int, ok bool) {
	return listEvents(p, true)
}

func copyEvents(p []BlockProfileRecord, mutex bool) (n int, ok bool) {
	return eachEvent(len(p), mutex, func(i int, r *stackRecord) {
		to := &p[i]
		to.Count, to.Cycles = max(int64(r.events), 1), r.delayNs
		clear(to.Stack0[copy(to.Stack0[:], r.stack()):])
	})
}

func listEvents(p []profilerecord.BlockProfileRecord, mutex bool) (n int, ok bool) {
	return eachEvent(len(p), mutex, func(i int, r *stackRecord) {
		p[i] = profilerecord.BlockProfileRecord{Count: max(int64(r.events), 1), Cycles: r.delayNs, Stack: r.stack()}
	})
}

// eachEvent counts the records, and calls put for each of them if size is large enough.
func eachEvent(size int, mutex bool, put func(i int, r *stackRecord)) (n int, ok bool) {
	first := eventrecords(mutex)
	for r := first; r != nil; r = r.next {
		n++
	}
	if n > size {
		return n, false
	}
	i := 0
	for r := first; r != nil; r = r.next {
		put(i, r)
		i++
	}
	return n, true
}
