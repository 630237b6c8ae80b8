// CPU profiles, profiles of goroutines and threads, and the labels of goroutines.

package runtime

import (
	"internal/abi"
	"internal/profilerecord"
	"unsafe"
)

// cpuprof is the state of the CPU profile. The kernel's signal handler puts records into a ring, from which readProfile takes them.
var cpuprof struct {
	lock     uint32
	on       bool // sampling
	unread   bool // the reader has not seen the end yet
	headed   bool // the reader has got the record with the rate
	hz       int
	reader   *g               // sleeps until records may be there
	labels   []unsafe.Pointer // in the ring are no pointers for the collector: keeps them until the reader has seen the end
	earlier  []unsafe.Pointer // those that goroutines had when the profile began
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
	if hz > 0 {
		startProfile(hz)
		return
	}
	lock(&cpuprof.lock, rankTables)
	if cpuprof.on {
		stopcpuprofile()
		cpuprof.on = false
		if cpuprof.reader != nil {
			goready(cpuprof.reader) // it sleeps, or waits for the lock because its time has come
			cpuprof.reader = nil
		}
	}
	unlock(&cpuprof.lock)
}

func startProfile(hz int) {
	external, system := profilePC(abi.FuncPCABIInternal(_ExternalCode)), profilePC(abi.FuncPCABIInternal(_System))
	lock(&cpuprof.lock, rankTables)
	if cpuprof.on || cpuprof.unread {
		unlock(&cpuprof.lock)
		print("runtime: cannot set cpu profile rate until previous profile has finished.\n")
		return
	}
	cpuprof.headed, cpuprof.hz = false, hz
	cpuprof.unread = true // pprof_setLabels keeps labels from here on
	unlock(&cpuprof.lock)
	labels := presentLabels()
	lock(&cpuprof.lock, rankTables)
	cpuprof.on, cpuprof.earlier = true, labels
	startcpuprofile(hz, external, system)
	unlock(&cpuprof.lock)
}

// presentLabels returns the labels that goroutines have.
func presentLabels() []unsafe.Pointer {
	for n := NumGoroutine() + 100; ; {
		labels := make([]unsafe.Pointer, n)
		var none uintptr
		stopTheWorld()
		_, found := goroutinestacks(&none, 0, &labels[0], n)
		startTheWorld()
		if found <= n {
			return labels
		}
		n = found + 100
	}
}

// pprof_readProfile waits for records. Each has the number of its words, the time, the number of samples, and a stack. There is one
// tag for each of them: the labels of the goroutine.
//
//go:linkname pprof_readProfile runtime/pprof.readProfile
func pprof_readProfile() (data []uint64, tags []unsafe.Pointer, eof bool) {
	lock(&cpuprof.lock, rankTables)
	headed, hz := cpuprof.headed, cpuprof.hz
	cpuprof.headed = true
	unlock(&cpuprof.lock)
	if !headed {
		return []uint64{3, uint64(nanotime()), uint64(hz)}, []unsafe.Pointer{nil}, false
	}
	for {
		lock(&cpuprof.lock, rankTables)
		stopped := !cpuprof.on
		unlock(&cpuprof.lock)
		data, tags = takeSamples()
		if len(data) > 0 {
			return data, tags, false
		}
		lock(&cpuprof.lock, rankTables)
		if stopped {
			cpuprof.unread = false
			cpuprof.labels, cpuprof.earlier, cpuprof.previous = nil, nil, nil
			unlock(&cpuprof.lock)
			return nil, nil, true
		}
		if !cpuprof.on {
			unlock(&cpuprof.lock)
			continue
		}
		cpuprof.reader = getg()
		gosleep(&cpuprof.lock, nanotime()+cpuprofWait, waitSleep)
		lock(&cpuprof.lock, rankTables)
		cpuprof.reader = nil
		unlock(&cpuprof.lock)
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
	// In this order: whoever begins a profile sets unread, and then looks at the labels of all goroutines. One of the two sees the other.
	gwords().labels = labels
	if labels == nil || !cpuprof.unread {
		return
	}
	lock(&cpuprof.lock, rankTables)
	if cpuprof.unread && labels != cpuprof.previous {
		cpuprof.labels = append(cpuprof.labels, labels)
		cpuprof.previous = labels
	}
	unlock(&cpuprof.lock)
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
		stopTheWorld()
		need, n = goroutinestacks(&words[0], len(words), into, size)
		startTheWorld()
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
	stopTheWorld()
	gcstats(&s)
	startTheWorld()
	return int(s.threads), int(s.threads) <= size
}
