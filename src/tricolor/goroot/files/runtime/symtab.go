// Positions in the program: which function, file and line a program counter belongs to. The kernel has the tables.

package runtime

import (
	"internal/runtime/syscall/linux"
	"unsafe"
)

// pcSymbol is what the kernel says of a program counter. Texts without a byte are unknown.
type pcSymbol struct {
	function     *byte
	functionSize int
	file         *byte
	fileSize     int
	line         int
	entry        uintptr
	startLine    int
	inlined      uintptr // stands for the function where it was inlined; 0 if it was not
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
	n := callers(skip, &pc[0], len(pc))
	KeepAlive(pc) // not a tail call: this frame is counted
	return n
}

// Func is a function of the program: the address of a Func is the address of the function's code, or what the kernel calls it
// where it was inlined.
type Func struct {
	opaque struct{}
}

// inlinedMark is in what Callers gives for a function into which the one before was inlined.
const inlinedMark = 1 << 63

// FuncForPC returns the function that the address lies in, nil if there is none.
func FuncForPC(pc uintptr) *Func {
	s, ok := lookup(pc)
	if pc&inlinedMark == 0 && (!ok || s.entry != pc) {
		// A return address: what follows a call that does not return belongs to something else.
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

// The code of a func value that stands for a declared function drops its first parameter and goes to that function. In
// front of such a thunk stand a mark and the distance to the function.
const (
	codeMark    = 0x54520000
	codeFlags   = 0xffff
	codeWrapper = 2
)

// thunkTarget returns the function that a thunk at pc goes to, 0 if there is none. The address may be any.
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

// Entry returns the address of the function's code; where the function was inlined, of the code that it is part of.
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
	PC        uintptr // of the call, not of the return
	Func      *Func   // nil if it is not known or inlined
	Function  string
	File      string
	Line      int
	startLine int
	Entry     uintptr
}

// Frames walks over what Callers gave.
type Frames struct {
	callers []uintptr
}

// CallersFrames begins a walk. The slice must not be changed while it lasts.
func CallersFrames(callers []uintptr) *Frames {
	return &Frames{callers}
}

// Next returns the next frame, a zero Frame if there is none; more tells whether another call would give one.
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

// Stack writes a trace of this goroutine, or of all of them, as the runtime prints it when a program ends badly.
func Stack(buf []byte, all bool) int {
	if len(buf) == 0 {
		return 0
	}
	return tracebackstring(all, &buf[0], len(buf))
}

// GOROOT returns the environment variable GOROOT as it was when the program started.
func GOROOT() string {
	if s := gogetenv("GOROOT"); s != "" {
		return s
	}
	return defaultGOROOT
}

// Version returns the version of Go whose standard library the program uses.
func Version() string { return buildVersion }
