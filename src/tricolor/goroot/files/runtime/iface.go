// Itabs that are made at run time, and type assertions.
//
// A hash table with open addressing holds all itabs. It is read without a lock, since a table is complete before it is
// published, and an itab before it is stored. The table also holds negative results, whose Fun[0] is 0.

package runtime

import (
	"internal/abi"
	"internal/runtime/atomic"
	"unsafe"
)

type itabTable struct {
	mask    uintptr // number of entries, which is a power of two, minus one
	used    uintptr
	entries []unsafe.Pointer // *itab
}

var (
	itabs    atomic.UnsafePointer // *itabTable
	itabLock uint32
)

func itabHash(inter *interfacetype, typ *_type) uintptr {
	return uintptr(inter.Type.Hash)*31 + uintptr(typ.Hash)
}

func (t *itabTable) find(inter *interfacetype, typ *_type) *itab {
	if t == nil {
		return nil
	}
	for at := itabHash(inter, typ); ; at++ {
		m := (*itab)(atomic.Loadp(unsafe.Pointer(&t.entries[at&t.mask])))
		if m == nil || m.Inter == inter && m.Type == typ {
			return m
		}
	}
}

// insert needs no write barrier: itabs are not in the heap.
func (t *itabTable) insert(m *itab) {
	at := itabHash(m.Inter, m.Type)
	for t.entries[at&t.mask] != nil {
		at++
	}
	atomic.StorepNoWB(unsafe.Pointer(&t.entries[at&t.mask]), unsafe.Pointer(m))
	t.used++
}

// keepItab adds an itab to the table. It doubles a table that is half full. The caller must hold the lock.
func keepItab(m *itab) {
	t := (*itabTable)(itabs.Load())
	if t == nil || t.used >= t.mask/2 {
		size := uintptr(64)
		if t != nil {
			size = 2 * (t.mask + 1)
		}
		bigger := &itabTable{mask: size - 1, entries: make([]unsafe.Pointer, size)}
		if t != nil {
			for _, p := range t.entries {
				if p != nil {
					bigger.insert((*itab)(p))
				}
			}
		}
		bigger.insert(m)
		itabs.Store(unsafe.Pointer(bigger))
		return
	}
	t.insert(m)
}

// methodCode returns the code of typ's method for the interface's method m, nil if there is none. It searches typ's methods
// beginning at index from; next is the index for the next search, since both lists of methods have the same order.
func methodCode(inter *interfacetype, m *abi.Imethod, typ *_type, from int) (code unsafe.Pointer, next int) {
	r := toRType(typ)
	u := typ.Uncommon()
	wantName := r.nameOff(m.Name)
	want, wantType := wantName.Name(), r.typeOff(m.Typ)
	wantPkg := pkgPath(wantName)
	if wantPkg == "" {
		wantPkg = inter.PkgPath.Name()
	}
	methods := u.Methods()
	for ; from < len(methods); from++ {
		have := &methods[from]
		haveName := r.nameOff(have.Name)
		if haveName.Name() != want || r.typeOff(have.Mtyp) != wantType {
			continue
		}
		if !haveName.IsExported() {
			havePkg := pkgPath(haveName)
			if havePkg == "" {
				havePkg = r.nameOff(u.PkgPath).Name()
			}
			if havePkg != wantPkg {
				continue
			}
		}
		return r.textOff(have.Ifn), from + 1
	}
	return nil, from
}

// fill sets the method table. It returns the name of the first missing method, "" if all exist.
func fill(m *itab) string {
	methods := m.Inter.Methods
	codes := unsafe.Slice((*unsafe.Pointer)(unsafe.Pointer(&m.Fun[0])), len(methods))
	at := 0
	for i := range methods {
		var code unsafe.Pointer
		if m.Type.TFlag&abi.TFlagUncommon != 0 {
			code, at = methodCode(m.Inter, &methods[i], m.Type, at)
		}
		if code == nil {
			codes[0] = nil
			return toRType(m.Type).nameOff(methods[i].Name).Name()
		}
		codes[i] = code
	}
	return ""
}

func newItab(inter *interfacetype, typ *_type) *itab {
	extra := uintptr(len(inter.Methods)-1) * unsafe.Sizeof(uintptr(0))
	m := (*itab)(persistentalloc(unsafe.Sizeof(itab{}) + extra))
	m.Inter, m.Type, m.Hash = inter, typ, typ.Hash
	return m
}

// lookItab returns the itab of a concrete type for an interface with methods. Its Fun[0] is 0 if the type lacks one of them.
func lookItab(inter *interfacetype, typ *_type) *itab {
	m := (*itabTable)(itabs.Load()).find(inter, typ)
	if m == nil {
		made := newItab(inter, typ)
		fill(made)
		lock(&itabLock, rankTables)
		m = (*itabTable)(itabs.Load()).find(inter, typ)
		if m == nil {
			m = made
			keepItab(m)
		}
		unlock(&itabLock)
	}
	return m
}

// getitab returns the itab of a concrete type for an interface with methods. If the type lacks one of the methods, getitab
// returns nil if canfail is set, else it panics.
func getitab(inter *interfacetype, typ *_type, canfail bool) *itab {
	m := lookItab(inter, typ)
	if m.Fun[0] != 0 {
		return m
	}
	if canfail {
		return nil
	}
	panic(&TypeAssertionError{concrete: typ, asserted: &inter.Type, missingMethod: fill(newItab(inter, typ))})
}

// findItab returns what lookItab returns, and keeps it in the entry of a cache of the compiled code.
func findItab(inter *interfacetype, typ *_type, cached unsafe.Pointer) *itab {
	m := lookItab(inter, typ)
	atomic.StorepNoWB(cached, unsafe.Pointer(m))
	return m
}

// assertItab is findItab for a type assertion that must hold.
func assertItab(inter *interfacetype, t *_type, cached unsafe.Pointer) *itab {
	m := assertE2I(inter, t)
	atomic.StorepNoWB(cached, unsafe.Pointer(m))
	return m
}

func assertE2I(inter *interfacetype, t *_type) *itab {
	if t == nil {
		panic(&TypeAssertionError{asserted: &inter.Type})
	}
	return getitab(inter, t, false)
}

func assertE2I2(inter *interfacetype, t *_type) *itab {
	if t == nil {
		return nil
	}
	return getitab(inter, t, true)
}

func panicdottypeE(have, want, from *_type) {
	panic(&TypeAssertionError{_interface: from, concrete: have, asserted: want})
}

func panicdottypeI(have *itab, want, from *_type) {
	var concrete *_type
	if have != nil {
		concrete = have.Type
	}
	panicdottypeE(concrete, want, from)
}

func panicnildottype(want *_type) {
	panic(&TypeAssertionError{asserted: want})
}

func ifaceE2I(inter *interfacetype, e eface, dst *iface) {
	dst.tab = assertE2I(inter, e._type)
	dst.data = e.data
}

//go:linkname reflect_ifaceE2I reflect.ifaceE2I
func reflect_ifaceE2I(inter *interfacetype, e eface, dst *iface) {
	ifaceE2I(inter, e, dst)
}

//go:linkname reflectlite_ifaceE2I internal/reflectlite.ifaceE2I
func reflectlite_ifaceE2I(inter *interfacetype, e eface, dst *iface) {
	ifaceE2I(inter, e, dst)
}

// staticuint64s holds the shared boxes of small integers. The code generator fills it.
var staticuint64s [256]uint64

func getStaticuint64s() *[256]uint64 {
	return &staticuint64s
}

// The itabs that the compiler made.
//
//go:linkname compiledItabs tricolor.itabs
var compiledItabs [1 << 24]*itab

//go:linkname compiledItabCount tricolor.itab_count
var compiledItabCount int

// registerItabs adds the itabs that the compiler made to the table. There must be only one itab for each pair of types, since
// comparison of interfaces compares the addresses of itabs.
func registerItabs() {
	lock(&itabLock, rankTables)
	for _, m := range compiledItabs[:compiledItabCount] {
		keepItab(m)
	}
	unlock(&itabLock)
}
