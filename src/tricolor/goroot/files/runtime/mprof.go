// The heap profile. The kernel samples objects and counts them by call stack (tricolor/runtime/profiles.py).

package runtime

import (
	"internal/profilerecord"
	"unsafe"
)

// MemProfileRate is how many bytes are allocated between two samples of the heap profile on average: 1 samples all objects, 0 none.
// The compiler adds a call of memprofileratestored to every assignment to it.
var MemProfileRate int = 512 * 1024

// heapProfileRead is 1 if the program contains memProfileInternal.
//
//go:linkname heapProfileRead tricolor.heap_profile_read
var heapProfileRead int

// memprofileratestored tells the kernel the rate.
func memprofileratestored() {
	stopTheWorld()
	setsamplebytes(int64(max(MemProfileRate, 0)))
	startTheWorld()
}

// startHeapProfile begins sampling, before packages are initialized.
func startHeapProfile() {
	if rate, ok := debugNumber("memprofilerate"); ok {
		MemProfileRate = rate
	}
	if heapProfileRead == 0 {
		MemProfileRate = 0
	}
	memprofileratestored()
}

// stackRecord counts what happened at one call stack; depth return addresses follow it in memory. The kernel makes it and never
// frees it (tricolor/runtime/allocator/stack_records.py).
type stackRecord struct {
	next      *stackRecord
	hashNext  *stackRecord
	kind      uint64
	hash      uint64
	size      int64 // of the objects in bytes
	depth     int
	allocs    int64 // of objects, as the last cycle left them
	frees     int64
	newAllocs uint64 // since the last cycle
	newFrees  uint64
	cycle     uint64
	events    float64
	delayNs   int64
}

func (r *stackRecord) stack() []uintptr {
	return unsafe.Slice((*uintptr)(add(unsafe.Pointer(r), unsafe.Sizeof(*r))), r.depth)
}

// MemProfile copies the heap profile into p if it has room for all records, of which there are n. With inuseZero it also has
// records of which no object is in use.
func MemProfile(p []MemProfileRecord, inuseZero bool) (n int, ok bool) {
	return memProfileInternal(len(p), inuseZero, func(i int, r *stackRecord) {
		to := &p[i]
		to.AllocObjects, to.FreeObjects = r.allocs, r.frees
		to.AllocBytes, to.FreeBytes = r.allocs*r.size, r.frees*r.size
		clear(to.Stack0[copy(to.Stack0[:], r.stack()):])
	})
}

func pprof_memProfileInternal(p []profilerecord.MemProfileRecord, inuseZero bool) (n int, ok bool) {
	return memProfileInternal(len(p), inuseZero, func(i int, r *stackRecord) {
		p[i] = profilerecord.MemProfileRecord{ObjectSize: r.size, AllocObjects: r.allocs, FreeObjects: r.frees, Stack: r.stack()}
	})
}

// memProfileInternal counts the records, and calls put for each of them if size is large enough.
func memProfileInternal(size int, inuseZero bool, put func(i int, r *stackRecord)) (n int, ok bool) {
	first := heaprecords()
	shown := func(r *stackRecord) bool { return inuseZero || r.allocs != r.frees }
	for r := first; r != nil; r = r.next {
		if shown(r) {
			n++
		}
	}
	if n > size {
		return n, false
	}
	// Another goroutine may change counts meanwhile.
	i := 0
	for r := first; r != nil && i < n; r = r.next {
		if shown(r) {
			put(i, r)
			i++
		}
	}
	return i, true
}
