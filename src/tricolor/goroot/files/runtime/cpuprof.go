// CPU profiles, profiles of goroutines and threads, and the labels of goroutines.

package runtime

import (
	"internal/abi"
	"internal/profilerecord"
	"unsafe"
)

// cpuprof is the state of the CPU profile. The kernel's signal handler puts records into a ring, from which readProfile takes them.
var cpuprof struct {
	on       bool // sampling
	unread   bool // the reader has not seen the end yet
	headed   bool // the reader has got the record with the rate
	hz       int
	reader   *g               // sleeps until records may be there
	labels   []unsafe.Pointer // in the ring are no pointers for the collector: keeps them until the reader has seen the end
	previous unsafe.Pointer   // the last one in labels
}

const (
	cpuprofWords = 1 << 13     // that the reader takes at once
	cpuprofWait  = 100_000_000 // ns between two looks into the ring
	maxCPURate   = 1_000_000
)

// Nobody calls these functions. Under their names profiles show the time that no function of the program used, as in Go.

func _ExternalCode() { throw("_ExternalCode was called") }
func _System()       { throw("_System was called") }

// profilePC returns the return address of a call in the function, which a func value's thunk calls.
func profilePC(thunk uintptr) uintptr { return thunkTarget(thunk) + 1 }

// SetCPUProfileRate starts sampling hz times in each second of processor time, or ends it if hz <= 0.
func SetCPUProfileRate(hz int) {
	hz = min(max(hz, 0), maxCPURate)
	switch {
	case hz == 0 && cpuprof.on:
		stopcpuprofile()
		cpuprof.on = false
		if cpuprof.reader != nil {
			goready(cpuprof.reader)
		}
	case hz > 0 && (cpuprof.on || cpuprof.unread):
		print("runtime: cannot set cpu profile rate until previous profile has finished.\n")
	case hz > 0:
		cpuprof.on, cpuprof.unread, cpuprof.headed = true, true, false
		cpuprof.hz = hz
		// Labels that are set from here on, and those that goroutines have already.
		n := NumGoroutine() + 100
		cpuprof.labels = make([]unsafe.Pointer, n)
		var none uintptr
		goroutinestacks(&none, 0, &cpuprof.labels[0], n)
		startcpuprofile(hz, profilePC(abi.FuncPCABIInternal(_ExternalCode)), profilePC(abi.FuncPCABIInternal(_System)))
	}
}

// pprof_readProfile waits for records. Each has the number of its words, the time, the number of samples, and a stack. There is one
// tag for each of them: the labels of the goroutine.
//
//go:linkname pprof_readProfile runtime/pprof.readProfile
func pprof_readProfile() (data []uint64, tags []unsafe.Pointer, eof bool) {
	if !cpuprof.headed {
		cpuprof.headed = true
		return []uint64{3, uint64(nanotime()), uint64(cpuprof.hz)}, []unsafe.Pointer{nil}, false
	}
	for {
		stopped := !cpuprof.on
		data, tags = takeSamples()
		if len(data) > 0 {
			return data, tags, false
		}
		if stopped {
			cpuprof.unread = false
			cpuprof.labels, cpuprof.previous = nil, nil
			return nil, nil, true
		}
		cpuprof.reader = getg()
		gosleep(nil, nanotime()+cpuprofWait, waitSleep)
		cpuprof.reader = nil
	}
}

// takeSamples takes records out of the ring. There each has one word more: the labels.
func takeSamples() (data []uint64, tags []unsafe.Pointer) {
	words := make([]uint64, cpuprofWords)
	words = words[:readcpuprofile(&words[0], len(words))]
	for len(words) > 0 {
		n := words[0]
		data = append(data, n-1, words[1], words[2])
		data = append(data, words[4:n]...)
		tags = append(tags, *(*unsafe.Pointer)(unsafe.Pointer(&words[3])))
		words = words[n:]
	}
	return data, tags
}

//go:linkname pprof_setLabels runtime/pprof.runtime_setProfLabel
func pprof_setLabels(labels unsafe.Pointer) {
	if cpuprof.unread && labels != nil && labels != cpuprof.previous {
		cpuprof.labels = append(cpuprof.labels, labels)
		cpuprof.previous = labels
	}
	gwords().labels = labels
}

//go:linkname pprof_labels runtime/pprof.runtime_getProfLabel
func pprof_labels() unsafe.Pointer { return gwords().labels }

// GoroutineProfile copies the stacks of all goroutines into p if it has room for them. n is their number.
func GoroutineProfile(p []StackRecord) (n int, ok bool) {
	return goroutineProfile(len(p), nil, func(i int, stack []uintptr) {
		clear(p[i].Stack0[copy(p[i].Stack0[:], stack):])
	})
}

func pprof_goroutineProfileWithLabels(p []profilerecord.StackRecord, labels []unsafe.Pointer) (n int, ok bool) {
	return goroutineProfile(len(p), labels, func(i int, stack []uintptr) { p[i].Stack = stack })
}

// goroutineProfile calls put for each goroutine, the calling one first, if there are at most size. All stacks are of one moment.
func goroutineProfile(size int, labels []unsafe.Pointer, put func(i int, stack []uintptr)) (n int, ok bool) {
	n = NumGoroutine()
	if size < n {
		return n, false
	}
	var into *unsafe.Pointer
	if len(labels) == size {
		into = &labels[0]
	}
	words := make([]uintptr, 32*n+256)
	for {
		var need int
		need, n = goroutinestacks(&words[0], len(words), into, size)
		if n > size {
			return n, false
		}
		if need <= len(words) {
			break
		}
		words = make([]uintptr, need+need/4)
	}
	for i := range n {
		depth := words[0]
		put(i, words[1:1+depth:1+depth])
		words = words[1+depth:]
	}
	return n, true
}

// ThreadCreateProfile has a record without addresses for each thread, as no goroutine asked for any of them.
func ThreadCreateProfile(p []StackRecord) (n int, ok bool) {
	n, ok = threadProfile(len(p))
	if ok {
		clear(p[:n])
	}
	return n, ok
}

func pprof_threadCreateInternal(p []profilerecord.StackRecord) (n int, ok bool) {
	n, ok = threadProfile(len(p))
	if ok {
		clear(p[:n])
	}
	return n, ok
}

func threadProfile(size int) (n int, ok bool) {
	var s gcStats
	gcstats(&s)
	return int(s.threads), int(s.threads) <= size
}
