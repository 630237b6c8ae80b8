package runtime

import (
	"internal/abi"
	"unsafe"
)

// The names of type descriptors in files of Go's runtime that we use unchanged.
type (
	_type         = abi.Type
	nameOff       = abi.NameOff
	typeOff       = abi.TypeOff
	textOff       = abi.TextOff
	name          = abi.Name
	uncommontype  = abi.UncommonType
	interfacetype = abi.InterfaceType
	arraytype     = abi.ArrayType
	chantype      = abi.ChanType
	functype      = abi.FuncType
	ptrtype       = abi.PtrType
	slicetype     = abi.SliceType
	structtype    = abi.StructType
	itab          = abi.ITab
)

type iface struct {
	tab  *itab
	data unsafe.Pointer
}

type eface struct {
	_type *_type
	data  unsafe.Pointer
}

type slice struct {
	array unsafe.Pointer
	len   int
	cap   int
}

type stringStruct struct {
	str unsafe.Pointer
	len int
}

type funcval struct {
	fn uintptr
}

// rtype is a descriptor with methods.
type rtype struct {
	*_type
}

// maxAlloc is the size of the largest object that a program can allocate.
const maxAlloc = 1 << 48

// zeroVal is the value of a missing map element.
//
//go:linkname zeroVal
var zeroVal [abi.ZeroValSize]byte

// The program's tables, which the code generator writes. An offset in a descriptor is an index into offsetTable, whose entry 0 is nil:
// names, types and code share it, because package reflect resolves offsets of names as offsets of types.
//
//go:linkname offsetTable tricolor.offsets
var offsetTable [1 << 24]unsafe.Pointer

//go:linkname typelinkTable tricolor.typelinks
var typelinkTable [1 << 24]*_type

//go:linkname typelinkCount tricolor.typelink_count
var typelinkCount int

func add(p unsafe.Pointer, x uintptr) unsafe.Pointer {
	return unsafe.Pointer(uintptr(p) + x)
}

func efaceOf(p *any) *eface {
	return (*eface)(unsafe.Pointer(p))
}

func stringStructOf(s *string) *stringStruct {
	return (*stringStruct)(unsafe.Pointer(s))
}

func noescape(p unsafe.Pointer) unsafe.Pointer {
	x := uintptr(p)
	return unsafe.Pointer(x ^ 0)
}

func toRType(t *_type) rtype {
	return rtype{t}
}

func (t rtype) string() string {
	s := t.nameOff(t.Str).Name()
	if t.TFlag&abi.TFlagExtraStar != 0 {
		return s[1:]
	}
	return s
}

func (t rtype) pkgpath() string {
	if u := t.Uncommon(); u != nil {
		return t.nameOff(u.PkgPath).Name()
	}
	switch t.Kind() {
	case abi.Struct:
		return (*structtype)(unsafe.Pointer(t._type)).PkgPath.Name()
	case abi.Interface:
		return (*interfacetype)(unsafe.Pointer(t._type)).PkgPath.Name()
	}
	return ""
}

// The table of types made at run time by package reflect: their descriptors refer to names and types by negative offsets.
var made struct {
	lock    uint32
	entries []unsafe.Pointer
}

func madeEntry(off int32) unsafe.Pointer {
	lock(&made.lock, rankTables)
	p := made.entries[-2-off]
	unlock(&made.lock)
	return p
}

//go:linkname reflect_addReflectOff reflect.addReflectOff
func reflect_addReflectOff(ptr unsafe.Pointer) int32 {
	lock(&made.lock, rankTables)
	for i, p := range made.entries {
		if p == ptr {
			unlock(&made.lock)
			return int32(-2 - i)
		}
	}
	made.entries = append(made.entries, ptr)
	off := int32(-1 - len(made.entries))
	unlock(&made.lock)
	return off
}

func (t rtype) nameOff(off nameOff) name {
	switch {
	case off < 0:
		return name{Bytes: (*byte)(madeEntry(int32(off)))}
	case off == 0:
		return name{}
	}
	return name{Bytes: (*byte)(offsetTable[off])}
}

func (t rtype) typeOff(off typeOff) *_type {
	switch {
	case off == -1 || off == 0: // -1: an unreachable method
		return nil
	case off < 0:
		return (*_type)(madeEntry(int32(off)))
	}
	return (*_type)(offsetTable[off])
}

func (t rtype) textOff(off textOff) unsafe.Pointer {
	switch {
	case off == -1: // an unreachable method, which was left out
		return unreachableCode()
	case off < 0:
		return madeEntry(int32(off))
	}
	return offsetTable[off]
}

func unreachableMethod() {
	throw("unreachable method called. linker bug?")
}

func unreachableCode() unsafe.Pointer {
	f := unreachableMethod
	return **(**unsafe.Pointer)(unsafe.Pointer(&f))
}

// Bits of a name's first byte.
const (
	nameHasTag     = 1 << 1
	nameHasPkgPath = 1 << 2
)

// pkgPath returns the package of a name that contains one (after the text and the tag), else "".
func pkgPath(n name) string {
	if n.Bytes == nil || *n.Bytes&nameHasPkgPath == 0 {
		return ""
	}
	at := 1
	texts := 1
	if *n.Bytes&nameHasTag != 0 {
		texts = 2
	}
	for range texts {
		digits, size := n.ReadVarint(at)
		at += digits + size
	}
	var off uint32
	for i := range 4 {
		off |= uint32(*n.DataChecked(at+i, "after the texts")) << (8 * i)
	}
	return rtype{}.nameOff(nameOff(off)).Name()
}

//go:linkname maps_typeString internal/runtime/maps.typeString
func maps_typeString(t *_type) string {
	return toRType(t).string()
}

//go:linkname reflect_resolveNameOff reflect.resolveNameOff
func reflect_resolveNameOff(_ unsafe.Pointer, off int32) unsafe.Pointer {
	return unsafe.Pointer(rtype{}.nameOff(nameOff(off)).Bytes)
}

//go:linkname reflect_resolveTypeOff reflect.resolveTypeOff
func reflect_resolveTypeOff(_ unsafe.Pointer, off int32) unsafe.Pointer {
	return unsafe.Pointer(rtype{}.typeOff(typeOff(off)))
}

//go:linkname reflect_resolveTextOff reflect.resolveTextOff
func reflect_resolveTextOff(_ unsafe.Pointer, off int32) unsafe.Pointer {
	return rtype{}.textOff(textOff(off))
}

//go:linkname reflectlite_resolveNameOff internal/reflectlite.resolveNameOff
func reflectlite_resolveNameOff(_ unsafe.Pointer, off int32) unsafe.Pointer {
	return unsafe.Pointer(rtype{}.nameOff(nameOff(off)).Bytes)
}

//go:linkname reflectlite_resolveTypeOff internal/reflectlite.resolveTypeOff
func reflectlite_resolveTypeOff(_ unsafe.Pointer, off int32) unsafe.Pointer {
	return unsafe.Pointer(rtype{}.typeOff(typeOff(off)))
}

//go:linkname reflect_compiledTypelinks reflect.compiledTypelinks
func reflect_compiledTypelinks() ([]*_type, [][]*_type) {
	return typelinkTable[:typelinkCount:typelinkCount], nil
}
