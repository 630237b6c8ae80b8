// Symbols: the function, file and line of a program counter. The kernel has the tables.

package runtime

import (
	"internal/runtime/syscall/linux"
	"unsafe"
)

// pcSymbol is the kernel's description of a program counter. An empty text is unknown.
type pcSymbol struct {
	function     *byte
	functionSize int
	file         *byte
	fileSize     int
	line         int
	entry        uintptr
	startLine    int
	inlined      uintptr // if the function is inlined here, the address that stands for it (see Func); else 0
}

func lookup(pc uintptr) (s pcSymbol, ok bool) {
	ok = symbolize(pc, &s)
	return s, ok
}

func (s *pcSymbol) functionName() string { return unsafe.String(s.function, s.functionSize) }
func (s *pcSymbol) fileName() string     { return unsafe.String(s.file, s.fileSize) }

// Caller reports the position of a call on this goroutine's stack: skip 0 is the caller of Caller.
func Caller(skip int) (pc uintptr, file string, line int, ok bool) {
	var pcs [1]uintptr
	if callers(skip+1, &pcs[0], 1) < 1 {
		return 0, "", 0, false
	}
	s, ok := lookup(pcs[0] - 1)
	if !ok {
		return 0, "", 0, false
	}
	return pcs[0], s.fileName(), s.line, true
}

// Callers fills pc with the return addresses on this goroutine's stack: skip 0 is Callers itself.
func Callers(skip int, pc []uintptr) int {
	if len(pc) == 0 {
		return 0
	}
	return callers(skip, &pc[0], len(pc))
}

// Func is a function of the program. The address of a Func is the address of the function's code or, for an inlined function,
// the address that the kernel uses for it at that place.
type Func struct {
	opaque struct{}
}

// inlinedMark is a bit of the addresses that stand for inlined functions. Callers returns such an address for a function into
// which the previous function was inlined.
const inlinedMark = 1 << 63

// FuncForPC returns the function that contains the address, nil if there is none.
func FuncForPC(pc uintptr) *Func {
	s, ok := lookup(pc)
	if pc&inlinedMark == 0 && (!ok || s.entry != pc) {
		// pc is a return address. The code after a call that does not return may belong to another function, so look up the call.
		if call, found := lookup(pc - 1); found {
			s, ok = call, true
		}
	}
	if !ok {
		s, ok = lookup(thunkTarget(pc))
	}
	if !ok {
		return nil
	}
	return s.fn()
}

func (s *pcSymbol) fn() *Func {
	if s.inlined != 0 {
		return (*Func)(unsafe.Pointer(s.inlined))
	}
	return (*Func)(unsafe.Pointer(s.entry))
}

// The code of a func value for a declared function is a thunk: it drops its first parameter and jumps to the function. A mark
// and the distance to the function precede the thunk.
const (
	codeMark    = 0x54520000
	codeFlags   = 0xffff
	codeWrapper = 2
)

// thunkTarget returns the function to which the thunk at pc jumps, 0 if there is no thunk. pc may be any address.
func thunkTarget(pc uintptr) uintptr {
	var prefix [2]int32
	local := [2]uintptr{uintptr(unsafe.Pointer(&prefix)), unsafe.Sizeof(prefix)}
	remote := [2]uintptr{pc - unsafe.Sizeof(prefix), unsafe.Sizeof(prefix)}
	const sysGetpid, sysProcessVMReadv = 39, 310
	pid, _, _ := linux.Syscall6(sysGetpid, 0, 0, 0, 0, 0, 0)
	n, _, errno := linux.Syscall6(sysProcessVMReadv, pid, uintptr(unsafe.Pointer(&local)), 1, uintptr(unsafe.Pointer(&remote)), 1, 0)
	if errno != 0 || n != unsafe.Sizeof(prefix) || prefix[0]&^codeFlags != codeMark || prefix[0]&codeWrapper == 0 {
		return 0
	}
	return pc + uintptr(prefix[1])
}

// Name returns the function's name, "" for nil.
func (f *Func) Name() string {
	if f == nil {
		return ""
	}
	s, _ := lookup(uintptr(unsafe.Pointer(f)))
	return s.functionName()
}

// Entry returns the address of the function's code. For an inlined function it is the code of the function that contains it.
func (f *Func) Entry() uintptr {
	s, _ := lookup(uintptr(unsafe.Pointer(f)))
	return s.entry
}

// FileLine returns the position of the code at an address.
func (f *Func) FileLine(pc uintptr) (file string, line int) {
	s, ok := lookup(pc)
	if !ok {
		return "?", 0
	}
	return s.fileName(), s.line
}

func (f *Func) startLine() int32 {
	s, _ := lookup(uintptr(unsafe.Pointer(f)))
	return int32(s.startLine)
}

// Frame is one function on a stack.
type Frame struct {
	PC        uintptr // the position of the call, not the return address
	Func      *Func   // nil if the function is unknown or inlined
	Function  string
	File      string
	Line      int
	startLine int
	Entry     uintptr
}

// Frames iterates over the addresses that Callers returned.
type Frames struct {
	callers []uintptr
}

// CallersFrames begins an iteration. The slice must not change until it ends.
func CallersFrames(callers []uintptr) *Frames {
	return &Frames{callers}
}

// Next returns the next frame, a zero Frame if there is none. more reports whether addresses are left.
func (ci *Frames) Next() (frame Frame, more bool) {
	for len(ci.callers) > 0 {
		pc := ci.callers[0]
		ci.callers = ci.callers[1:]
		if pc == 0 {
			continue
		}
		s, ok := lookup(pc - 1)
		if !ok {
			continue
		}
		frame = Frame{
			PC:        pc - 1,
			Function:  s.functionName(),
			File:      s.fileName(),
			Line:      s.line,
			startLine: s.startLine,
			Entry:     s.entry,
		}
		if s.inlined == 0 {
			frame.Func = s.fn()
		}
		break
	}
	return frame, len(ci.callers) > 0
}

//go:linkname runtime_FrameStartLine runtime/pprof.runtime_FrameStartLine
func runtime_FrameStartLine(f *Frame) int { return f.startLine }

//go:linkname runtime_FrameSymbolName runtime/pprof.runtime_FrameSymbolName
func runtime_FrameSymbolName(f *Frame) string { return f.Function }

//go:linkname runtime_expandFinalInlineFrame runtime/pprof.runtime_expandFinalInlineFrame
func runtime_expandFinalInlineFrame(stk []uintptr) []uintptr { return stk }

// Stack writes the trace of this goroutine, or of all goroutines, in the form in which the runtime prints it after a panic.
func Stack(buf []byte, all bool) int {
	if len(buf) == 0 {
		return 0
	}
	if !all {
		return tracebackstring(false, &buf[0], len(buf))
	}
	stopTheWorld()
	n := tracebackstring(true, &buf[0], len(buf))
	startTheWorld()
	return n
}

// GOROOT returns the environment variable GOROOT at the start of the program, or else the GOROOT that built it.
func GOROOT() string {
	if s := gogetenv("GOROOT"); s != "" {
		return s
	}
	return defaultGOROOT
}

// Version returns the version of Go whose standard library the program uses.
func Version() string { return buildVersion }
