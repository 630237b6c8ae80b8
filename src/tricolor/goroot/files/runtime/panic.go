// Panics, deferred calls, recover, Goexit, and the errors that the language itself raises.
//
// How it works: a function that defers has a deferFrame in its stack frame, linked with the deferFrames of its callers. It holds
// the deferred calls, the first three of them in place. gopanic runs on top of the panicking function's stack: it walks the
// frames outwards and runs their calls. A deferred function that may recover gets its panic as a token, which it takes before it
// does anything else; recover(token) marks the panic as recovered. Then resume continues in the function that deferred the call.
//
// Invariants:
//  1. A frame MUST be in the list until deferreturn() ends. Otherwise a panic would skip its calls. Kept by deferenter(), deferreturn().
//  2. If a panic cuts off the deferred call of another panic, the other one MUST be dropped. Otherwise it would be raised again
//     later. Kept by unwind(), which marks it as aborted, and recovery(), which drops it.

package runtime

import (
	"internal/abi"
	"internal/runtime/atomic"
	"unsafe"
)

// PanicNilError is the value that recover returns after panic(nil).
type PanicNilError struct {
	_ [0]*PanicNilError
}

func (*PanicNilError) Error() string { return "runtime error: panic called with nil argument" }
func (*PanicNilError) RuntimeError() {}

const inPlace = 3

// deferFrame is the record of 128 bytes that docs/abi.md calls DeferFrame.
type deferFrame struct {
	registers [9]uintptr // written by setresume, read by resume
	_         uintptr
	outer     *deferFrame
	count     uintptr // number of calls in place
	calls     [inPlace]unsafe.Pointer
	more      *deferredCall
}

var _ [128 - unsafe.Sizeof(deferFrame{})]byte
var _ [unsafe.Sizeof(deferFrame{}) - 128]byte

type deferredCall struct {
	closure unsafe.Pointer
	next    *deferredCall
}

// panicRecord is a panic or a Goexit in progress.
type panicRecord struct {
	value      any
	outer      *panicRecord // the one that was in progress when this one began
	frame      *deferFrame  // the frame whose deferred call is running
	fault      uintptr      // address of the instruction that used a nil pointer last, in this panic or in one inside it; 0: none did
	recovered  bool
	repanicked bool
	aborted    bool
	goexit     bool
}

// gWords holds the words that package runtime keeps in a goroutine's record.
type gWords struct {
	frames *deferFrame
	panics *panicRecord
	token  *panicRecord
	labels unsafe.Pointer // of runtime/pprof; a new goroutine inherits them
	bubble *bubble        // of testing/synctest, nil outside; a new goroutine inherits it
}

func gwords() *gWords

// codeRecovers is a bit of the flags before a function's code.
const codeRecovers = 1

func recovers(closure unsafe.Pointer) bool {
	code := *(*unsafe.Pointer)(closure)
	return *(*uint32)(unsafe.Pointer(uintptr(code) - 8))&codeRecovers != 0
}

// deferMore stores a deferred call for which the frame has no room. The kernel has the other functions for deferred calls:
// deferenter, deferproc, deferreturn, recovertoken and settoken in tricolor/runtime/panics.py.
func deferMore(frame *deferFrame, closure unsafe.Pointer) {
	d := newDeferredCall()
	d.closure, d.next = closure, frame.more
	frame.more = d
}

// deferredCalls holds records for use again, up to maxFreeCalls for each processor: a pinned goroutine uses the list of its processor.
var deferredCalls [256]struct {
	free  *deferredCall
	count int
	_     [112]byte // two processors do not share a cache line
}

const maxFreeCalls = 32

func newDeferredCall() *deferredCall {
	list := &deferredCalls[procpin()]
	d := list.free
	if d != nil {
		list.free = d.next
		list.count--
	}
	procunpin()
	if d == nil {
		d = new(deferredCall)
	}
	return d
}

func freeDeferredCall(d *deferredCall) {
	d.closure, d.next = nil, nil
	list := &deferredCalls[procpin()]
	if list.count < maxFreeCalls {
		d.next = list.free
		list.free = d
		list.count++
	}
	procunpin()
}

// runMore runs the calls that deferMore stored, when their function returns.
func runMore(frame *deferFrame) {
	for frame.more != nil {
		callClosure(frame.pop())
	}
}

// pop removes the call that was deferred last and returns it, nil if there is none.
func (frame *deferFrame) pop() unsafe.Pointer {
	if d := frame.more; d != nil {
		frame.more = d.next
		closure := d.closure
		freeDeferredCall(d)
		return closure
	}
	if frame.count == 0 {
		return nil
	}
	frame.count--
	closure := frame.calls[frame.count]
	frame.calls[frame.count] = nil
	return closure
}

func callClosure(closure unsafe.Pointer) {
	(*(*func())(unsafe.Pointer(&closure)))()
}

// gorecover is recover in a function that got the token. A deferred recover may run while another panic is in progress; then it
// does nothing.
func gorecover(token unsafe.Pointer) any {
	p := (*panicRecord)(token)
	if p == nil || p.goexit || p.recovered || gwords().panics != p {
		return nil
	}
	p.recovered = true
	return p.value
}

// gopanic is panic. A function that calls panic has taken its token, so panicmem can use the token's place for its record.
func gopanic(value any) {
	w := gwords()
	p := w.token
	w.token = nil
	if p == nil {
		p = &panicRecord{value: value}
	}
	if p.value == nil {
		if debugPanicnil.Load() != 1 {
			p.value = new(PanicNilError)
		}
	}
	p.outer = w.panics
	w.panics = p
	if p.fault != 0 {
		p.outermost().fault = p.fault
	}
	unwind(w, p)
	fatalpanic(p)
}

// outermost returns the panic that was raised first of those under way.
func (p *panicRecord) outermost() *panicRecord {
	for p.outer != nil {
		p = p.outer
	}
	return p
}

// unwind runs the deferred calls of all frames for p. It returns when no calls are left. It does not return if p is recovered.
func unwind(w *gWords, p *panicRecord) {
	for frame := w.frames; frame != nil; frame = w.frames {
		for q := p.outer; q != nil; q = q.outer {
			if q.frame == frame {
				q.aborted = true
			}
		}
		closure := frame.pop()
		if closure == nil {
			w.frames = frame.outer
			continue
		}
		p.frame = frame
		w.token = nil
		if recovers(closure) {
			w.token = p
		}
		callClosure(closure)
		w.token = nil
		if p.recovered {
			recovery(w, p, frame)
		}
	}
	p.frame = nil
}

// recovery drops a recovered panic and the panics that it cut off, and continues in the function that deferred the call. If it
// cut off a Goexit, that continues in its place.
func recovery(w *gWords, p *panicRecord, frame *deferFrame) {
	q := p.outer
	for q != nil && q.aborted {
		if q.goexit {
			q.aborted = false
			q.frame = nil
			w.panics = q
			unwind(w, q)
			goexit0()
		}
		q = q.outer
	}
	w.panics = q
	w.frames = frame
	resume(frame)
}

// Goexit runs all deferred calls and ends the calling goroutine. If the main goroutine ends so, the others go on. When all
// others have ended too, the program stops with a fatal error.
func Goexit() {
	p := &panicRecord{goexit: true}
	w := gwords()
	p.outer = w.panics
	w.panics = p
	unwind(w, p)
	goexit0()
}

// Panics that nobody recovers, and fatal errors.

// dying is the goroutine that ends the program, 0 before.
var dying atomic.Uintptr

// die is called before a goroutine prints why the program ends. Only the first one does; another that dies meanwhile waits for its end.
func die() {
	gp := uintptr(unsafe.Pointer(getg()))
	for !dying.CompareAndSwap(0, gp) && dying.Load() != gp {
		gosched()
	}
}

func preprintpanics(p *panicRecord) {
	defer func() {
		r := recover()
		if r == nil {
			return
		}
		if s, ok := r.(string); ok {
			throw("panic while printing panic value: " + s)
		}
		throw("panic while printing panic value: type " + toRType(efaceOf(&r)._type).string())
	}()
	for ; p != nil; p = p.outer {
		if p.outer != nil && *efaceOf(&p.outer.value) == *efaceOf(&p.value) {
			p.outer.repanicked = true
			continue
		}
		switch v := p.value.(type) {
		case error:
			p.value = v.Error()
		case stringer:
			p.value = v.String()
		}
	}
}

func printpanics(p *panicRecord) {
	if p.outer != nil {
		printpanics(p.outer)
		if p.outer.repanicked {
			return
		}
		if !p.outer.goexit {
			print("\t")
		}
	}
	if p.goexit {
		return
	}
	print("panic: ")
	printpanicval(p.value)
	switch {
	case p.recovered && p.repanicked:
		print(" [recovered, repanicked]")
	case p.recovered:
		print(" [recovered]")
	}
	print("\n")
}

func fatalpanic(p *panicRecord) {
	if deadlock, ok := p.value.(bubbleDeadlock); ok {
		showbubble(deadlock.bubble)
	}
	preprintpanics(p)
	die()
	begincrash()
	printlock()
	printpanics(p)
	if pc := p.outermost().fault; pc != 0 {
		print("[signal SIGSEGV: segmentation violation code=0x1 addr=0x0 pc=")
		printhex(uint64(pc))
		print("]\n")
	}
	printunlock()
	crash(false)
}

// throw ends the program with a fatal error, which cannot be recovered. The caller may hold locks, and so does not wait for others that die.
func throw(s string) { printfatal(s); crash(true) }

// fatal is throw for faults of the user's program.
func fatal(s string) { die(); printfatal(s); crash(false) }

func printfatal(s string) {
	begincrash()
	printlock()
	print("fatal error: ")
	printindented(s)
	print("\n")
	printunlock()
}

//go:linkname sync_throw sync.throw
func sync_throw(s string) { throw(s) }

//go:linkname sync_fatal sync.fatal
func sync_fatal(s string) { fatal(s) }

//go:linkname internal_sync_throw internal/sync.throw
func internal_sync_throw(s string) { throw(s) }

//go:linkname internal_sync_fatal internal/sync.fatal
func internal_sync_fatal(s string) { fatal(s) }

//go:linkname maps_fatal internal/runtime/maps.fatal
func maps_fatal(s string) { fatal(s) }

//go:linkname fips_fatal crypto/internal/fips140.fatal
func fips_fatal(s string) { fatal(s) }

//go:linkname sysrand_fatal crypto/internal/sysrand.fatal
func sysrand_fatal(s string) { fatal(s) }

//go:linkname rand_fatal crypto/rand.fatal
func rand_fatal(s string) { fatal(s) }

//go:linkname cgroup_throw internal/runtime/cgroup.throw
func cgroup_throw(s string) { throw(s) }

// Errors that the language raises.

var (
	shiftError    = error(errorString("negative shift amount"))
	divideError   = error(errorString("integer divide by zero"))
	overflowError = error(errorString("integer overflow"))
	memoryError   = error(errorString("invalid memory address or nil pointer dereference"))
)

func panicdivide()   { panic(divideError) }
func panicoverflow() { panic(overflowError) }
func panicshift()    { panic(shiftError) }

// panicmem raises the panic for a nil pointer. Compiled code calls it.
func panicmem() {
	var pc [1]uintptr
	callers(1, &pc[0], 1)
	gwords().token = &panicRecord{value: memoryError, fault: pc[0]}
	gopanic(memoryError)
}

func panicnilcall() { panicmem() }

// panicfault raises the panic for an access to memory that faulted. The kernel calls it if the goroutine has set PanicOnFault.
func panicfault(addr uintptr) {
	panic(errorAddressString{msg: "invalid memory address or nil pointer dereference", addr: addr})
}

// panicplain and panicerror raise errors of kernel code that runs on a goroutine's stack.
func panicplain(s string) { panic(plainError(s)) }
func panicerror(s string) { panic(errorString(s)) }

func panicmakeslicelen() { panic(errorString("makeslice: len out of range")) }
func panicmakeslicecap() { panic(errorString("makeslice: cap out of range")) }
func panicgrowslice()    { panic(errorString("growslice: len out of range")) }

func panicunsafealignment()    { panic(errorString("unsafe pointer conversion")) }
func panicunsafeslicelen()     { panic(errorString("unsafe.Slice: len out of range")) }
func panicunsafeslicenilptr()  { panic(errorString("unsafe.Slice: ptr is nil and len is not zero")) }
func panicunsafestringlen()    { panic(errorString("unsafe.String: len out of range")) }
func panicunsafestringnilptr() { panic(errorString("unsafe.String: ptr is nil and len is not zero")) }

func bounds(x int64, signed bool, y int, code abi.BoundsErrorCode) {
	panic(boundsError{x, y, signed, code})
}

func panicIndex(x, y int)              { bounds(int64(x), true, y, abi.BoundsIndex) }
func panicIndexU(x uint, y int)        { bounds(int64(x), false, y, abi.BoundsIndex) }
func panicSliceAlen(x, y int)          { bounds(int64(x), true, y, abi.BoundsSliceAlen) }
func panicSliceAlenU(x uint, y int)    { bounds(int64(x), false, y, abi.BoundsSliceAlen) }
func panicSliceAcap(x, y int)          { bounds(int64(x), true, y, abi.BoundsSliceAcap) }
func panicSliceAcapU(x uint, y int)    { bounds(int64(x), false, y, abi.BoundsSliceAcap) }
func panicSliceB(x, y int)             { bounds(int64(x), true, y, abi.BoundsSliceB) }
func panicSliceBU(x uint, y int)       { bounds(int64(x), false, y, abi.BoundsSliceB) }
func panicSlice3Alen(x, y int)         { bounds(int64(x), true, y, abi.BoundsSlice3Alen) }
func panicSlice3AlenU(x uint, y int)   { bounds(int64(x), false, y, abi.BoundsSlice3Alen) }
func panicSlice3Acap(x, y int)         { bounds(int64(x), true, y, abi.BoundsSlice3Acap) }
func panicSlice3AcapU(x uint, y int)   { bounds(int64(x), false, y, abi.BoundsSlice3Acap) }
func panicSlice3B(x, y int)            { bounds(int64(x), true, y, abi.BoundsSlice3B) }
func panicSlice3BU(x uint, y int)      { bounds(int64(x), false, y, abi.BoundsSlice3B) }
func panicSlice3C(x, y int)            { bounds(int64(x), true, y, abi.BoundsSlice3C) }
func panicSlice3CU(x uint, y int)      { bounds(int64(x), false, y, abi.BoundsSlice3C) }
func panicSliceConvert(have, want int) { bounds(int64(want), true, have, abi.BoundsConvert) }

func panicrangestate(state int) {
	switch abi.RF_State(state) {
	case abi.RF_DONE:
		panicerror("range function continued iteration after function for loop body returned false")
	case abi.RF_PANIC:
		panicerror("range function continued iteration after loop body panic")
	case abi.RF_EXHAUSTED:
		panicerror("range function continued iteration after whole loop exit")
	case abi.RF_MISSING_PANIC:
		panicerror("range function recovered a loop body panic and did not resume panicking")
	}
	throw("unexpected state of a range function")
}

// panicwrap raises the panic for a value method that is called through a nil pointer. The method's wrapper calls it.
func panicwrap() {
	pc, _, _, _ := Caller(1)
	name := FuncForPC(pc).Name() // pkg.(*T).M
	open, end := 0, 0
	for i := range len(name) {
		switch name[i] {
		case '(':
			open = i
		case ')':
			end = i
		}
	}
	if open < 2 || end < open || end+2 > len(name) {
		throw("a method was called through a nil pointer in " + name)
	}
	panicwrapnamed(name[:open-1], name[open+2:end], name[end+2:])
}

func panicwrapnamed(pkg, typ, method string) {
	panicplain("value method " + pkg + "." + typ + "." + method + " called using nil *" + typ + " pointer")
}
