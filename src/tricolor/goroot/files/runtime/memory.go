// Memory statistics, settings of the garbage collector, finalizers, cleanups, weak pointers.

package runtime

import (
	"internal/abi"
	"internal/runtime/atomic"
	"unsafe"
)

// gcStats holds the kernel's statistics of the heap. The kernel fills it in this order (tricolor/runtime/memstats.py).
type gcStats struct {
	totalAllocBytes    uint64
	totalFreeBytes     uint64
	mallocs            uint64 // without tiny objects that share a block with others, as frees
	frees              uint64
	tinyAllocs         uint64
	heapLiveBytes      uint64 // allocated and not swept yet
	heapMarkedBytes    uint64 // what the last cycle left
	heapSysBytes       uint64
	heapIdleBytes      uint64
	heapInUseBytes     uint64
	heapReleased       uint64
	stackInUseBytes    uint64
	stackSysBytes      uint64
	spanInUseBytes     uint64
	spanSysBytes       uint64
	mcacheBytes        uint64
	metadataBytes      uint64
	otherSysBytes      uint64
	nextGCBytes        uint64
	lastGCUnixNs       uint64
	pauseTotalNs       uint64
	cycles             uint64
	forcedCycles       uint64
	gcPercent          uint64
	limitBytes         uint64
	stackScanBytes     uint64
	pauseCPUNs         uint64 // each pause times GOMAXPROCS
	assistCPUNs        uint64 // marking by allocations
	workerCPUNs        uint64 // marking in slices that took a processor from the program
	idleWorkerCPUNs    uint64 // marking while no goroutine could run
	limiterCycle       uint64 // when the limiter of the collector last began to limit
	idleCPUNs          uint64
	totalCPUNs         uint64 // the time since the start times GOMAXPROCS
	finalizersQueued   uint64
	finalizersExecuted uint64
	cleanupsQueued     uint64
	cleanupsExecuted   uint64
	goroutines         uint64 // with the runtime's own
	goroutinesRunnable uint64
	goroutinesCreated  uint64
	threads            uint64
	scavengeAssistNs   uint64 // giving memory back to the system on behalf of allocations
	scavengeNs         uint64 // and in the background
	startingStackBytes uint64
}

// sysBytes returns the memory that the process has from the system.
func (s *gcStats) sysBytes() uint64 {
	return s.heapSysBytes + s.stackSysBytes + s.spanSysBytes + s.mcacheBytes + s.metadataBytes + s.otherSysBytes
}

// collectorCPUNs returns the time of all cycles, stops and marking.
func (s *gcStats) collectorCPUNs() uint64 {
	return s.pauseCPUNs + s.assistCPUNs + s.workerCPUNs + s.idleWorkerCPUNs
}

// sizeClass holds the kernel's statistics of one size class: element size, and numbers of objects.
type sizeClass struct {
	bytes, mallocs, frees uint64
}

// ReadMemStats fills m with the present statistics of the memory manager.
func ReadMemStats(m *MemStats) {
	*m = MemStats{} // panics here if m is nil
	var s gcStats
	stopTheWorld() // all of them belong to one moment
	gcstats(&s)
	*m = MemStats{
		Alloc:         s.heapLiveBytes,
		TotalAlloc:    s.totalAllocBytes,
		Sys:           s.sysBytes(),
		Mallocs:       s.mallocs + s.tinyAllocs,
		Frees:         s.frees + s.tinyAllocs,
		HeapAlloc:     s.heapLiveBytes,
		HeapSys:       s.heapSysBytes,
		HeapIdle:      s.heapIdleBytes,
		HeapInuse:     s.heapInUseBytes,
		HeapReleased:  s.heapReleased,
		HeapObjects:   s.mallocs - s.frees,
		StackInuse:    s.stackInUseBytes,
		StackSys:      s.stackSysBytes,
		MSpanInuse:    s.spanInUseBytes,
		MSpanSys:      s.spanSysBytes,
		MCacheInuse:   s.mcacheBytes,
		MCacheSys:     s.mcacheBytes,
		GCSys:         s.metadataBytes,
		OtherSys:      s.otherSysBytes,
		NextGC:        s.nextGCBytes,
		LastGC:        s.lastGCUnixNs,
		PauseTotalNs:  s.pauseTotalNs,
		NumGC:         uint32(s.cycles),
		NumForcedGC:   uint32(s.forcedCycles),
		GCCPUFraction: float64(s.collectorCPUNs()-s.idleWorkerCPUNs) / float64(max(s.totalCPUNs, 1)),
		EnableGC:      true,
	}
	var sizes [len(m.BySize)]sizeClass
	gcsizes(&sizes[0], len(sizes))
	for i, s := range sizes {
		m.BySize[i].Size, m.BySize[i].Mallocs, m.BySize[i].Frees = uint32(s.bytes), s.mallocs, s.frees
	}
	gcpauses(&m.PauseNs[0], &m.PauseEnd[0], len(m.PauseNs))
	startTheWorld()
}

// GC runs a full collection cycle and returns when it is complete.
func GC() {
	for number := gcnext(); !gcstep(number); {
		Gosched()
	}
}

// KeepAlive keeps x reachable up to the point of the call.
func KeepAlive(x any) { keepalive(efaceOf(&x).data) }

// The lists of pools of package sync. The kernel empties the pools when a cycle begins.
//
//go:linkname syncAllPools sync.allPools
var syncAllPools []unsafe.Pointer

//go:linkname syncOldPools sync.oldPools
var syncOldPools []unsafe.Pointer

//go:linkname sync_runtime_registerPoolCleanup sync.runtime_registerPoolCleanup
func sync_runtime_registerPoolCleanup(func()) { setpools(&syncAllPools, &syncOldPools) }

//go:linkname debug_freeOSMemory runtime/debug.freeOSMemory
func debug_freeOSMemory() {
	GC()
	gcscavenge()
}

//go:linkname debug_setGCPercent runtime/debug.setGCPercent
func debug_setGCPercent(percent int32) int32 {
	stopTheWorld()
	old := gcsetpercent(percent)
	startTheWorld()
	gcbegindue()
	return old
}

//go:linkname debug_setMemoryLimit runtime/debug.setMemoryLimit
func debug_setMemoryLimit(bytes int64) int64 {
	stopTheWorld()
	old := gcsetlimit(bytes)
	startTheWorld()
	return old
}

//go:linkname debug_setMaxStack runtime/debug.setMaxStack
func debug_setMaxStack(bytes int) (old int) { return int(setmaxstack(uintptr(bytes))) }

// maxThreads is what debug.SetMaxThreads set last, 0 if it was not called.
var maxThreads atomic.Int64

const defaultMaxThreads = 10000

//go:linkname debug_setMaxThreads runtime/debug.setMaxThreads
func debug_setMaxThreads(n int) (old int) {
	if old := int(maxThreads.Swap(int64(n))); old != 0 {
		return old
	}
	return defaultMaxThreads
}

//go:linkname debug_setPanicOnFault runtime/debug.setPanicOnFault
func debug_setPanicOnFault(on bool) (old bool) {
	return setpaniconfault(on)
}

// debug_readGCStats fills pauses as package runtime/debug expects: durations and end times of pauses, newest first, then the time
// of the last cycle, the number of cycles and the sum of all pauses.
//
//go:linkname debug_readGCStats runtime/debug.readGCStats
func debug_readGCStats(pauses *[]uint64) {
	var s gcStats
	var ring, ends [256]uint64
	stopTheWorld()
	gcstats(&s)
	n := gcpauses(&ring[0], &ends[0], len(ring))
	startTheWorld()
	p := (*pauses)[:0]
	for i := range n {
		p = append(p, ring[(int(s.cycles)-1-i)%len(ring)])
	}
	for i := range n {
		p = append(p, ends[(int(s.cycles)-1-i)%len(ends)])
	}
	*pauses = append(p, s.lastGCUnixNs, s.cycles, s.pauseTotalNs)
}

//go:linkname debug_WriteHeapDump runtime/debug.WriteHeapDump
func debug_WriteHeapDump(_ uintptr) {
	throw("runtime/debug.WriteHeapDump is not supported")
}

//go:linkname debug_SetTraceback runtime/debug.SetTraceback
func debug_SetTraceback(level string) { setTraceback(level) }

func setCrashFD(fd uintptr) uintptr { return uintptr(setcrashdescriptor(int(fd))) }

//go:linkname debug_modinfo runtime/debug.modinfo
func debug_modinfo() string { return modinfo }

var modinfo string

// Finalizers and cleanups run one after another on one system goroutine, which startFinalizers starts before the first of them
// is registered. For the kernel both are closures. A finalizer's closure takes the object as its parameter.

var finalizers struct {
	lock    uint32
	started bool
}

func startFinalizers() {
	lock(&finalizers.lock, rankTables)
	start := !finalizers.started
	finalizers.started = true
	unlock(&finalizers.lock)
	if start {
		f := runFinalizers
		newsystemproc(*(*unsafe.Pointer)(unsafe.Pointer(&f)))
	}
}

func runFinalizers() {
	for {
		var obj, closure unsafe.Pointer
		// nextfinalizer waits for the next one. 1: a finalizer, 2: a cleanup.
		switch nextfinalizer(&obj, &closure) {
		case 1:
			f := *(*func(unsafe.Pointer))(unsafe.Pointer(&closure))
			f(obj)
		case 2:
			callClosure(closure)
		}
	}
}

// SetFinalizer arranges that the runtime calls finalizer with obj, a pointer to the beginning of an object, when obj is no
// longer reachable. A nil finalizer removes the present one.
func SetFinalizer(obj any, finalizer any) {
	o := efaceOf(&obj)
	if o._type == nil {
		throw("runtime.SetFinalizer: first argument is nil")
	}
	if o._type.Kind() != abi.Pointer {
		throw("runtime.SetFinalizer: first argument is " + toRType(o._type).string() + ", not pointer")
	}
	if o.data == nil {
		throw("runtime.SetFinalizer: first argument is nil pointer")
	}
	elem := (*ptrtype)(unsafe.Pointer(o._type)).Elem
	if elem.Size_ == 0 {
		return
	}
	base := findobject(o.data, nil)
	if base == nil {
		return // a global or a constant, which stays reachable
	}
	if base != o.data && (elem.Pointers() || elem.Size_ >= 16) {
		throw("runtime.SetFinalizer: pointer not at beginning of allocated block")
	}
	f := efaceOf(&finalizer)
	if f._type == nil {
		setfinalizer(o.data, nil)
		return
	}
	call := finalizerCall(o._type, f)
	startFinalizers()
	if !setfinalizer(o.data, *(*unsafe.Pointer)(unsafe.Pointer(&call))) {
		throw("runtime.SetFinalizer: finalizer already set")
	}
}

// finalizerCall returns the closure that calls a finalizer with an object.
func finalizerCall(objType *_type, f *eface) func(unsafe.Pointer) {
	bad := func() {
		throw("runtime.SetFinalizer: cannot pass " + toRType(objType).string() + " to finalizer " + toRType(f._type).string())
	}
	if f._type.Kind() != abi.Func {
		throw("runtime.SetFinalizer: second argument is " + toRType(f._type).string() + ", not a function")
	}
	ft := (*functype)(unsafe.Pointer(f._type))
	if ft.IsVariadic() || ft.InCount != 1 {
		bad()
	}
	param := ft.InSlice()[0]
	fn := f.data
	switch {
	case param == objType, isPointerTo(param, objType):
		return func(obj unsafe.Pointer) {
			frame := newFrame(ft)
			*(*unsafe.Pointer)(frame) = obj
			callFunction(ft, fn, frame)
		}
	case param.Kind() == abi.Interface:
		inter := (*interfacetype)(unsafe.Pointer(param))
		var tab *itab
		if len(inter.Methods) > 0 {
			if tab = assertE2I2(inter, objType); tab == nil {
				bad()
			}
		}
		return func(obj unsafe.Pointer) {
			frame := newFrame(ft)
			if tab != nil {
				*(*iface)(frame) = iface{tab, obj}
			} else {
				*(*eface)(frame) = eface{objType, obj}
			}
			callFunction(ft, fn, frame)
		}
	}
	bad()
	return nil
}

// isPointerTo reports whether t is another pointer type with the same element type, to which objType is assignable.
func isPointerTo(t, objType *_type) bool {
	return t.Kind() == abi.Pointer && (t.Uncommon() == nil || objType.Uncommon() == nil) &&
		(*ptrtype)(unsafe.Pointer(t)).Elem == (*ptrtype)(unsafe.Pointer(objType)).Elem
}

// Cleanup identifies a call that AddCleanup has arranged.
type Cleanup struct {
	id  uint64
	ptr uintptr
}

// AddCleanup arranges that the runtime calls cleanup(arg) some time after ptr is no longer reachable.
func AddCleanup[T, S any](ptr *T, cleanup func(S), arg S) Cleanup {
	if ptr == nil {
		panic(plainError("runtime.AddCleanup: ptr is nil"))
	}
	p := unsafe.Pointer(ptr)
	t := abi.TypeFor[S]()
	if t.Kind() == abi.Pointer && *(*unsafe.Pointer)(unsafe.Pointer(&arg)) == p {
		panic(plainError("runtime.AddCleanup: ptr is equal to arg, cleanup will never run"))
	}
	base := findobject(p, nil)
	if base == nil {
		return Cleanup{}
	}
	call := func() { cleanup(arg) }
	startFinalizers()
	id := addcleanup(base, *(*unsafe.Pointer)(unsafe.Pointer(&call)))
	return Cleanup{id, ^uintptr(base)}
}

// Stop cancels the call if it has not been queued yet.
func (c Cleanup) Stop() {
	if c.id != 0 {
		stopcleanup(unsafe.Pointer(^c.ptr), c.id)
	}
}

//go:linkname unique_runtime_blockUntilEmptyCleanupQueue unique.runtime_blockUntilEmptyCleanupQueue
func unique_runtime_blockUntilEmptyCleanupQueue(timeout int64) bool {
	const look = 20_000 // ns
	for end := nanotime() + timeout; specialsleft(); gosleep(nil, nanotime()+look, waitSleep) {
		if nanotime() >= end {
			return false
		}
	}
	return true
}

//go:linkname weak_runtime_registerWeakPointer weak.runtime_registerWeakPointer
func weak_runtime_registerWeakPointer(p unsafe.Pointer) unsafe.Pointer {
	if findobject(p, nil) == nil {
		return immortalHandle(p)
	}
	return weakhandle(p)
}

// immortalHandles holds the weak handles of addresses outside of the heap, of globals: they never die. The lists are hashed by address.
var immortalHandles struct {
	lock  uint32
	lists [256]*immortal
}

type immortal struct {
	p    unsafe.Pointer // the handle is the address of this word
	next *immortal
}

func immortalHandle(p unsafe.Pointer) unsafe.Pointer {
	made := &immortal{p: p}
	list := &immortalHandles.lists[uintptr(p)>>3%uintptr(len(immortalHandles.lists))]
	lock(&immortalHandles.lock, rankTables)
	found := *list
	for found != nil && found.p != p {
		found = found.next
	}
	if found == nil {
		made.next = *list
		*list = made
		found = made
	}
	unlock(&immortalHandles.lock)
	return unsafe.Pointer(&found.p)
}

//go:linkname weak_runtime_makeStrongFromWeak weak.runtime_makeStrongFromWeak
func weak_runtime_makeStrongFromWeak(handle unsafe.Pointer) unsafe.Pointer {
	if handle == nil {
		return nil
	}
	return weakload(handle)
}

// Pinner keeps objects reachable. It need not keep them in place, since our garbage collector does not move objects.
type Pinner struct {
	pinned []any
}

// Pin keeps the object that pointer points to reachable until Unpin.
func (p *Pinner) Pin(pointer any) { p.pinned = append(p.pinned, pointer) }

// Unpin releases all objects.
func (p *Pinner) Unpin() { p.pinned = nil }
