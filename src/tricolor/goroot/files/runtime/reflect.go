// Functions of the runtime for packages reflect, internal/reflectlite and internal/runtime/maps.

package runtime

import "unsafe"

//go:linkname reflect_unsafe_New reflect.unsafe_New
func reflect_unsafe_New(t *_type) unsafe.Pointer {
	return newobject(t)
}

//go:linkname reflectlite_unsafe_New internal/reflectlite.unsafe_New
func reflectlite_unsafe_New(t *_type) unsafe.Pointer {
	return newobject(t)
}

//go:linkname reflect_unsafe_NewArray reflect.unsafe_NewArray
func reflect_unsafe_NewArray(t *_type, n int) unsafe.Pointer {
	return newarray(t, n)
}

//go:linkname maps_newobject internal/runtime/maps.newobject
func maps_newobject(t *_type) unsafe.Pointer {
	return newobject(t)
}

//go:linkname maps_newarray internal/runtime/maps.newarray
func maps_newarray(t *_type, n int) unsafe.Pointer {
	return newarray(t, n)
}

//go:linkname reflect_typedmemmove reflect.typedmemmove
func reflect_typedmemmove(t *_type, dst, src unsafe.Pointer) {
	typedmemmove(t, dst, src)
}

//go:linkname reflectlite_typedmemmove internal/reflectlite.typedmemmove
func reflectlite_typedmemmove(t *_type, dst, src unsafe.Pointer) {
	typedmemmove(t, dst, src)
}

//go:linkname maps_typedmemmove internal/runtime/maps.typedmemmove
func maps_typedmemmove(t *_type, dst, src unsafe.Pointer) {
	typedmemmove(t, dst, src)
}

//go:linkname reflect_typedmemclr reflect.typedmemclr
func reflect_typedmemclr(t *_type, p unsafe.Pointer) {
	typedmemclr(t, p)
}

//go:linkname maps_typedmemclr internal/runtime/maps.typedmemclr
func maps_typedmemclr(t *_type, p unsafe.Pointer) {
	typedmemclr(t, p)
}

//go:linkname reflect_typedmemclrpartial reflect.typedmemclrpartial
func reflect_typedmemclrpartial(t *_type, p unsafe.Pointer, _, size uintptr) {
	if t.Pointers() {
		clear(unsafe.Slice((*unsafe.Pointer)(p), size/unsafe.Sizeof(p)))
	} else {
		memclrNoHeapPointers(p, size)
	}
}

//go:linkname reflect_typedarrayclear reflect.typedarrayclear
func reflect_typedarrayclear(t *_type, p unsafe.Pointer, n int) {
	if !t.Pointers() {
		memclrNoHeapPointers(p, uintptr(n)*t.Size_)
		return
	}
	for i := range n {
		typedmemclr(t, add(p, uintptr(i)*t.Size_))
	}
}

//go:linkname reflect_typedslicecopy reflect.typedslicecopy
func reflect_typedslicecopy(t *_type, dst, src slice) int {
	return typedslicecopy(t, dst.array, dst.len, src.array, src.len)
}

//go:linkname reflect_memmove reflect.memmove
func reflect_memmove(to, from unsafe.Pointer, n uintptr) {
	memmove(to, from, n)
}

//go:linkname reflect_growslice reflect.growslice
func reflect_growslice(t *_type, old slice, extra int) slice {
	grown := growslice(old.array, old.cap+extra, old.cap, extra, t)
	// Reflection can read the elements between the length and the capacity, so they must be zero. New memory that holds
	// pointers is zero already.
	if !t.Pointers() {
		used := uintptr(old.cap) * t.Size_
		memclrNoHeapPointers(add(grown.array, used), uintptr(grown.cap)*t.Size_-used)
	}
	grown.len = old.len
	return grown
}

//go:linkname reflect_verifyNotInHeapPtr reflect.verifyNotInHeapPtr
func reflect_verifyNotInHeapPtr(p uintptr) bool {
	return findobject(unsafe.Pointer(p), nil) == nil && p != ^uintptr(0)
}

//go:linkname reflect_makechan reflect.makechan
func reflect_makechan(t *chantype, size int) *hchan {
	return makechan(&t.Type, size)
}

//go:linkname reflect_chanlen reflect.chanlen
func reflect_chanlen(c *hchan) int {
	return chanlen(c)
}

//go:linkname reflectlite_chanlen internal/reflectlite.chanlen
func reflectlite_chanlen(c *hchan) int {
	return chanlen(c)
}

//go:linkname reflect_chancap reflect.chancap
func reflect_chancap(c *hchan) int {
	return chancap(c)
}

//go:linkname reflect_chanclose reflect.chanclose
func reflect_chanclose(c *hchan) {
	closechan(c)
}

//go:linkname reflect_chanrecv reflect.chanrecv
func reflect_chanrecv(c *hchan, nonblocking bool, elem unsafe.Pointer) (selected, received bool) {
	if nonblocking {
		return selectnbrecv(elem, c)
	}
	return true, chanrecv2(c, elem)
}

//go:linkname reflect_chansend reflect.chansend0
func reflect_chansend(c *hchan, elem unsafe.Pointer, nonblocking bool) bool {
	if nonblocking {
		return selectnbsend(c, elem)
	}
	chansend1(c, elem)
	return true
}

// scase is one case of a select for selectgo.
type scase struct {
	c    *hchan
	elem unsafe.Pointer
}

// runtimeSelect is a case of a select as package reflect has it.
type runtimeSelect struct {
	dir int // 1 send, 2 receive, 3 default
	typ unsafe.Pointer
	ch  *hchan
	val unsafe.Pointer
}

//go:linkname reflect_rselect reflect.rselect
func reflect_rselect(cases []runtimeSelect) (chosen int, received bool) {
	if len(cases) == 0 {
		block()
	}
	// selectgo needs the sends first, then the receives.
	sends, receives, fallback := 0, 0, -1
	for i := range cases {
		switch cases[i].dir {
		case 1:
			sends++
		case 2:
			receives++
		default:
			fallback = i
		}
	}
	n := sends + receives
	if n == 0 {
		return fallback, false
	}
	ordered := make([]scase, n)
	origin := make([]int, n)
	nextSend, nextReceive := 0, sends
	for i := range cases {
		at := 0
		switch cases[i].dir {
		case 1:
			at = nextSend
			nextSend++
		case 2:
			at = nextReceive
			nextReceive++
		default:
			continue
		}
		ordered[at] = scase{cases[i].ch, cases[i].val}
		origin[at] = i
	}
	order := make([]uint16, 2*n)
	at, ok := selectgo(&ordered[0], &order[0], sends, receives, fallback < 0)
	if at < 0 {
		return fallback, false
	}
	return origin[at], ok
}

//go:linkname reflect_unsafeslice reflect.unsafeslice
func reflect_unsafeslice(t *_type, p unsafe.Pointer, n int) {
	if n < 0 || uintptr(n) > maxAlloc {
		panicunsafeslicelen()
	}
	if p == nil {
		if n > 0 {
			panicunsafeslicenilptr()
		}
		return
	}
	if t.Size_ != 0 && uintptr(n) > -uintptr(p)/t.Size_ {
		panicunsafeslicelen()
	}
}

//go:linkname reflect_adjustAIXGCDataForRuntime reflect.adjustAIXGCDataForRuntime
func reflect_adjustAIXGCDataForRuntime(addr *byte) *byte {
	return addr
}

//go:linkname bytealg_MakeNoZero internal/bytealg.MakeNoZero
func bytealg_MakeNoZero(n int) []byte {
	if uintptr(n) > maxAlloc {
		panicmakeslicelen()
	}
	size := uintptr(n+7) &^ 7
	return unsafe.Slice((*byte)(mallocgc(size, nil, false)), size)[:n]
}
