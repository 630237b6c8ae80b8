// Functions of the runtime that nothing in the standard library needs, but that modules and Go's own tests reach by //go:linkname.

package runtime

import (
	"internal/abi"
	"internal/runtime/syscall/linux"
	"unsafe"
)

var iscgo bool

func cputicks() int64 { return nanotime() }

func gobytes(p *byte, n int) []byte {
	if n == 0 {
		return make([]byte, 0)
	}
	if n < 0 || uintptr(n) > maxAlloc {
		panicunsafeslicelen()
	}
	return append([]byte(nil), unsafe.Slice(p, n)...)
}

// gostringn returns the first n bytes at p as a string.
func gostringn(p *byte, n int) string {
	return string(unsafe.Slice(p, n))
}

func memclrHasPointers(p unsafe.Pointer, n uintptr) {
	clear(unsafe.Slice((*unsafe.Pointer)(p), n/unsafe.Sizeof(p)))
}

// heapObjectsCanMove reports whether the collector moves objects.
func heapObjectsCanMove() bool { return false }

func goyield() { Gosched() }

func procPin() int { return int(procpin()) }

func procUnpin() { procunpin() }

// getAuxv returns the auxiliary vector of the process: pairs of a tag and a value.
func getAuxv() []uintptr {
	path := []byte("/proc/self/auxv\x00")
	const atCurrentFolder, readOnly = ^uintptr(99), 0
	fd, _, errno := linux.Syscall6(linux.SYS_OPENAT, atCurrentFolder, uintptr(unsafe.Pointer(&path[0])), readOnly, 0, 0, 0)
	if errno != 0 {
		return nil
	}
	words := make([]uintptr, 128)
	n, _, errno := linux.Syscall6(linux.SYS_READ, fd, uintptr(unsafe.Pointer(&words[0])), uintptr(len(words))*unsafe.Sizeof(fd), 0, 0, 0)
	linux.Syscall6(linux.SYS_CLOSE, fd, 0, 0, 0, 0, 0)
	if errno != 0 {
		return nil
	}
	return words[:n/unsafe.Sizeof(fd)]
}

// reflect_typelinks returns all descriptors, sorted by their strings, as distances from the one that lies lowest.
//
//go:linkname reflect_typelinks reflect.typelinks
func reflect_typelinks() ([]unsafe.Pointer, [][]int32) {
	types := typelinkTable[:typelinkCount:typelinkCount]
	base := unsafe.Pointer(types[0])
	for _, t := range types {
		if uintptr(unsafe.Pointer(t)) < uintptr(base) {
			base = unsafe.Pointer(t)
		}
	}
	offsets := make([]int32, len(types))
	for i, t := range types {
		offsets[i] = int32(uintptr(unsafe.Pointer(t)) - uintptr(base))
	}
	return []unsafe.Pointer{base}, [][]int32{offsets}
}

// reflect_gcbits returns a byte for each word up to the last pointer of what the pointer x points to: 1 for a pointer.
//
//go:linkname reflect_gcbits reflect.gcbits
func reflect_gcbits(x any) []byte {
	elem := (*ptrtype)(unsafe.Pointer(efaceOf(&x)._type)).Elem
	bits := make([]byte, elem.PtrBytes/unsafe.Sizeof(uintptr(0)))
	setGCBits(bits, elem)
	return bits
}

// setGCBits sets the bytes of a value of type t, which lies at the beginning of bits.
func setGCBits(bits []byte, t *_type) {
	word := unsafe.Sizeof(uintptr(0))
	switch {
	case t.PtrBytes == 0:
	case t.TFlag&abi.TFlagGCMaskOnDemand == 0:
		for i := range t.PtrBytes / word {
			bits[i] = *(*byte)(add(unsafe.Pointer(t.GCData), i/8)) >> (i % 8) & 1
		}
	case t.Kind() == abi.Array:
		array := (*arraytype)(unsafe.Pointer(t))
		for i := range array.Len {
			setGCBits(bits[i*array.Elem.Size_/word:], array.Elem)
		}
	default:
		for _, field := range (*structtype)(unsafe.Pointer(t)).Fields {
			setGCBits(bits[min(field.Offset/word, uintptr(len(bits))):], field.Typ)
		}
	}
}
