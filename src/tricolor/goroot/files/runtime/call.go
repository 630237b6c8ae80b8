// Calls of functions that are known only by the descriptors of their types.
//
// Two code addresses follow the descriptor of each function type of the program (staticdata/stubs.py). call takes (code, context,
// frame), makes the call with the parameters in the frame, and stores the results there. make is the code of a func value
// whose second word is a func(context, frame). A frame has the layout of a Go struct {parameters..., results...}.

package runtime

import (
	"internal/abi"
	"unsafe"
)

type funcCode struct {
	call unsafe.Pointer
	make unsafe.Pointer
}

// funcCodeOf returns the code addresses of a function type, nil for a type that was made at run time.
func funcCodeOf(t *functype) *funcCode {
	if findobject(unsafe.Pointer(t), nil) != nil {
		return nil
	}
	size := unsafe.Sizeof(functype{}) + uintptr(t.NumIn()+t.NumOut())*unsafe.Sizeof(t)
	if u := t.Uncommon(); u != nil {
		size += unsafe.Sizeof(*u) + uintptr(u.Mcount)*unsafe.Sizeof(abi.Method{})
	}
	return (*funcCode)(add(unsafe.Pointer(t), size))
}

//go:linkname reflect_funcCode reflect.funcCodeOf
func reflect_funcCode(t *functype) *funcCode { return funcCodeOf(t) }

// callStub is the interface through which a call stub is called: as a method whose receiver is the code to call.
type callStub interface {
	run(context, frame unsafe.Pointer)
}

// callThrough calls code through the call stub of its type. The context is the first parameter of code.
func callThrough(stub, code, context, frame unsafe.Pointer) {
	table := &itab{Fun: [1]uintptr{uintptr(stub)}}
	word := iface{table, code}
	(*(*callStub)(unsafe.Pointer(&word))).run(context, frame)
}

//go:linkname reflect_callThrough reflect.callThrough
func reflect_callThrough(stub, code, context, frame unsafe.Pointer) {
	callThrough(stub, code, context, frame)
}

// A func value that reflection made may be a deferred call, and the function that it calls may recover. So it first takes
// the panic's token, and passes it on if that function recovers.
//
//go:linkname reflect_takeToken reflect.takeToken
func reflect_takeToken() unsafe.Pointer { return recovertoken() }

//go:linkname reflect_giveToken reflect.giveToken
func reflect_giveToken(closure, token unsafe.Pointer) {
	if token != nil && recovers(closure) {
		settoken(token)
	}
}

// newFrame returns memory for a frame. The garbage collector scans all its words as pointers.
func newFrame(t *functype) unsafe.Pointer {
	size := uintptr(0)
	for _, list := range [2][]*_type{t.InSlice(), t.OutSlice()} {
		for _, p := range list {
			align := uintptr(p.Align_)
			size = (size+align-1)&^(align-1) + p.Size_
		}
	}
	return unsafe.Pointer(unsafe.SliceData(make([]unsafe.Pointer, size/8+1)))
}

// callFunction calls a func value with the parameters in the frame.
func callFunction(t *functype, fn, frame unsafe.Pointer) {
	code := funcCodeOf(t)
	if code == nil {
		throw("call of a function whose type was made at run time")
	}
	callThrough(code.call, *(*unsafe.Pointer)(fn), fn, frame)
}
