// Calls through reflection, and func values that reflection makes. In place of Go's assembly there are two stubs, whose addresses
// follow the descriptor of each function type of the program (see package runtime, call.go).

package reflect

import (
	"internal/abi"
	"unsafe"
)

type funcCode struct {
	call unsafe.Pointer // (code, context, frame)
	make unsafe.Pointer // code of a func value whose second word is a func(context, frame)
}

func funcCodeOf(t *funcType) *funcCode
func callThrough(stub, code, context, frame unsafe.Pointer)
func takeToken() unsafe.Pointer
func giveToken(closure, token unsafe.Pointer)

// callFrame is memory for the parameters and results of one call. The garbage collector scans all its words as pointers.
type callFrame struct {
	memory  unsafe.Pointer
	offsets []uintptr // of the parameters, then of the results
}

func frameOffsets(t *funcType) (offsets []uintptr, size uintptr) {
	offsets = make([]uintptr, 0, t.NumIn()+t.NumOut())
	for _, list := range [2][]*abi.Type{t.InSlice(), t.OutSlice()} {
		for _, p := range list {
			size = align(size, uintptr(p.Align_))
			offsets = append(offsets, size)
			size += p.Size_
		}
	}
	return offsets, size
}

func newCallFrame(t *funcType) callFrame {
	offsets, size := frameOffsets(t)
	words := make([]unsafe.Pointer, size/8+1)
	return callFrame{unsafe.Pointer(unsafe.SliceData(words)), offsets}
}

func (f callFrame) at(i int) unsafe.Pointer {
	return add(f.memory, f.offsets[i], "inside the frame")
}

// put stores v at place; t is the type of both.
func put(t *abi.Type, place unsafe.Pointer, v Value) {
	if v.flag&flagIndir != 0 {
		typedmemmove(t, place, v.ptr)
	} else {
		*(*unsafe.Pointer)(place) = v.ptr
	}
}

// take returns a copy of the value of type t at place.
func take(t *abi.Type, place unsafe.Pointer) Value {
	if t.Size_ == 0 {
		return Zero(toRType(t))
	}
	copied := unsafe_New(t)
	typedmemmove(t, copied, place)
	return Value{t, copied, flagIndir | flag(t.Kind())}
}

// checkArguments checks the arguments of Call and CallSlice, and packs the arguments of a variadic parameter into a slice.
func checkArguments(op string, t *funcType, in []Value) []Value {
	n := t.NumIn()
	spread := t.IsVariadic() && op != "CallSlice"
	if op == "CallSlice" && !t.IsVariadic() {
		panic("reflect: CallSlice of non-variadic function")
	}
	if spread {
		n--
	}
	if len(in) < n {
		panic("reflect: " + op + " with too few input arguments")
	}
	if len(in) > n && !spread {
		panic("reflect: " + op + " with too many input arguments")
	}
	for _, v := range in {
		if v.Kind() == Invalid {
			panic("reflect: " + op + " using zero Value argument")
		}
	}
	for i := range n {
		if have, want := in[i].Type(), toRType(t.In(i)); !have.AssignableTo(want) {
			panic("reflect: " + op + " using " + have.String() + " as type " + want.String())
		}
	}
	if !spread {
		return in
	}
	sliceType := toRType(t.In(n))
	rest := MakeSlice(sliceType, len(in)-n, len(in)-n)
	for i, v := range in[n:] {
		if have, want := v.Type(), sliceType.Elem(); !have.AssignableTo(want) {
			panic("reflect: cannot use " + have.String() + " as type " + want.String() + " in " + op)
		}
		rest.Index(i).Set(v)
	}
	packed := make([]Value, n, n+1)
	copy(packed, in)
	return append(packed, rest)
}

func (v Value) call(op string, in []Value) []Value {
	t := (*funcType)(unsafe.Pointer(v.typ()))
	var code, context unsafe.Pointer
	if v.flag&flagMethod != 0 {
		var fn unsafe.Pointer
		_, t, fn = methodReceiver(op, v, int(v.flag)>>flagMethodShift)
		code = *(*unsafe.Pointer)(fn)
		storeRcvr(v, unsafe.Pointer(&context))
	} else {
		context = v.ptr
		if v.flag&flagIndir != 0 {
			context = *(*unsafe.Pointer)(v.ptr)
		}
		if context == nil {
			panic("reflect.Value.Call: call of nil function")
		}
		code = *(*unsafe.Pointer)(context)
	}
	in = checkArguments(op, t, in)
	frame := newCallFrame(t)
	for i, arg := range in {
		want := t.In(i)
		arg.mustBeExported()
		put(want, frame.at(i), arg.assignTo("reflect.Value.Call", want, nil))
	}
	enter(t, code, context, frame.memory)
	out := make([]Value, t.NumOut())
	for i := range out {
		out[i] = take(t.Out(i), frame.at(len(in)+i))
	}
	return out
}

// enter makes the call. If reflection made the func value, for a type made at run time, it calls the handler without a stub.
func enter(t *funcType, code, context, frame unsafe.Pointer) {
	if code == stublessCode() {
		(*madeFunc)(context).handler(context, frame)
		return
	}
	stubs := funcCodeOf(t)
	if stubs == nil {
		panic("reflect: call of a function of type " + stringFor(&t.Type) + ", which the program does not mention")
	}
	callThrough(stubs.call, code, context, frame)
}

// madeFunc is the beginning of every func value that reflection makes.
type madeFunc struct {
	code    unsafe.Pointer
	handler func(context, frame unsafe.Pointer)
}

// stubless is the code of a func value whose type was made at run time. Only reflection can call such a value.
func stubless() {
	panic("reflect: direct call of a function whose type was made by FuncOf")
}

func stublessCode() unsafe.Pointer {
	f := stubless
	return **(**unsafe.Pointer)(unsafe.Pointer(&f))
}

func makeCode(t *funcType) unsafe.Pointer {
	if stubs := funcCodeOf(t); stubs != nil {
		return stubs.make
	}
	return stublessCode()
}

type makeFuncImpl struct {
	madeFunc
	ftyp *funcType
	fn   func([]Value) []Value
}

// MakeFunc returns a new function of the given type that passes its arguments to fn and returns what fn returns.
func MakeFunc(typ Type, fn func(args []Value) (results []Value)) Value {
	if typ.Kind() != Func {
		panic("reflect: call of MakeFunc with non-Func type")
	}
	t := typ.common()
	ftyp := (*funcType)(unsafe.Pointer(t))
	impl := &makeFuncImpl{madeFunc{makeCode(ftyp), runMadeFunc}, ftyp, fn}
	return Value{t, unsafe.Pointer(impl), flag(Func)}
}

func runMadeFunc(context, memory unsafe.Pointer) {
	token := takeToken()
	impl := (*makeFuncImpl)(context)
	t := impl.ftyp
	offsets, _ := frameOffsets(t)
	frame := callFrame{memory, offsets}
	in := make([]Value, t.NumIn())
	for i := range in {
		in[i] = take(t.In(i), frame.at(i))
		if in[i].flag&flagIndir != 0 && t.In(i).IsDirectIface() {
			in[i] = Value{t.In(i), *(*unsafe.Pointer)(in[i].ptr), flag(t.In(i).Kind())}
		}
	}
	giveToken(*(*unsafe.Pointer)(unsafe.Pointer(&impl.fn)), token)
	out := impl.fn(in)
	if len(out) != t.NumOut() {
		panic("wrong return count from function created by MakeFunc")
	}
	for i, v := range out {
		if v.typ() == nil {
			panic("reflect: function created by MakeFunc using " + funcName(impl.fn) + " returned zero Value")
		}
		if v.flag&flagRO != 0 {
			panic("reflect: function created by MakeFunc using " + funcName(impl.fn) +
				" returned value obtained from unexported field")
		}
		want := t.Out(i)
		if want.Size_ != 0 {
			put(want, frame.at(len(in)+i), v.assignTo("reflect.MakeFunc", want, nil))
		}
	}
}

type methodValue struct {
	madeFunc
	method int
	rcvr   Value
}

// makeMethodValue converts a Value with flagMethod to a func value.
func makeMethodValue(op string, v Value) Value {
	if v.flag&flagMethod == 0 {
		panic("reflect: internal error: invalid use of makeMethodValue")
	}
	ftyp := (*funcType)(unsafe.Pointer(v.Type().(*rtype)))
	rcvr := Value{v.typ(), v.ptr, v.flag&(flagRO|flagAddr|flagIndir) | flag(v.typ().Kind())}
	mv := &methodValue{madeFunc{makeCode(ftyp), runMethodValue}, int(v.flag) >> flagMethodShift, rcvr}
	methodReceiver(op, rcvr, mv.method) // panics if the method may not be used
	return Value{ftyp.Common(), unsafe.Pointer(mv), v.flag&flagRO | flag(Func)}
}

func runMethodValue(context, frame unsafe.Pointer) {
	mv := (*methodValue)(context)
	_, t, fn := methodReceiver("call", mv.rcvr, mv.method)
	var word unsafe.Pointer
	storeRcvr(mv.rcvr, unsafe.Pointer(&word))
	enter(t, *(*unsafe.Pointer)(fn), word, frame)
}

// methodValueCallCodePtr returns the code address that Pointer returns for all method values.
func methodValueCallCodePtr() uintptr {
	return uintptr(stublessCode())
}
