// Functions of the standard library that modules reach by //go:linkname.
package main

import (
	"fmt"
	"reflect"
	"sort"
	"time"
	"unsafe"
)

type mapIter struct {
	key, elem unsafe.Pointer
	rest      [12]uintptr
}

//go:linkname mapiterinit reflect.mapiterinit
func mapiterinit(t, m unsafe.Pointer, it *mapIter)

//go:linkname mapiternext reflect.mapiternext
func mapiternext(it *mapIter)

//go:linkname mapiterkey reflect.mapiterkey
func mapiterkey(it *mapIter) unsafe.Pointer

//go:linkname runtimeIterInit runtime.mapiterinit
func runtimeIterInit(t, m unsafe.Pointer, it *mapIter)

//go:linkname runtimeIterNext runtime.mapiternext
func runtimeIterNext(it *mapIter)

//go:linkname nanotime runtime.nanotime
func nanotime() int64

//go:linkname cputicks runtime.cputicks
func cputicks() int64

//go:linkname fastrand runtime.fastrand
func fastrand() uint32

//go:linkname convT64 runtime.convT64
func convT64(uint64) unsafe.Pointer

//go:linkname convTstring runtime.convTstring
func convTstring(string) unsafe.Pointer

//go:linkname mallocgc runtime.mallocgc
func mallocgc(size uintptr, typ unsafe.Pointer, needzero bool) unsafe.Pointer

//go:linkname memmove runtime.memmove
func memmove(to, from unsafe.Pointer, n uintptr)

//go:linkname memclrHasPointers runtime.memclrHasPointers
func memclrHasPointers(p unsafe.Pointer, n uintptr)

//go:linkname procPin runtime.procPin
func procPin() int

//go:linkname procUnpin runtime.procUnpin
func procUnpin()

//go:linkname memhash runtime.memhash
func memhash(p unsafe.Pointer, h, s uintptr) uintptr

//go:linkname strhash runtime.strhash
func strhash(p unsafe.Pointer, h uintptr) uintptr

//go:linkname typedmemmove runtime.typedmemmove
func typedmemmove(t, dst, src unsafe.Pointer)

//go:linkname unsafeNew reflect.unsafe_New
func unsafeNew(t unsafe.Pointer) unsafe.Pointer

//go:linkname growslice reflect.growslice
func growslice(t unsafe.Pointer, old []int, n int) []int

//go:linkname typelinks reflect.typelinks
func typelinks() (sections []unsafe.Pointer, offset [][]int32)

//go:linkname ifaceE2I reflect.ifaceE2I
func ifaceE2I(t unsafe.Pointer, src any, dst unsafe.Pointer)

//go:linkname getAuxv runtime.getAuxv
func getAuxv() []uintptr

//go:linkname heapObjectsCanMove runtime.heapObjectsCanMove
func heapObjectsCanMove() bool

//go:linkname align reflect.(*rtype).Align
func align(t unsafe.Pointer) int

//go:linkname typeString reflect.(*rtype).String
func typeString(t unsafe.Pointer) string

//go:linkname typeName reflect.(*rtype).Name
func typeName(t unsafe.Pointer) string

func words(x any) [2]unsafe.Pointer { return *(*[2]unsafe.Pointer)(unsafe.Pointer(&x)) }

func main() {
	m := map[string]int{"a": 1, "b": 2, "c": 3}
	parts := words(m)
	var keys []string
	var it mapIter
	for mapiterinit(parts[0], parts[1], &it); it.key != nil; mapiternext(&it) {
		keys = append(keys, *(*string)(mapiterkey(&it)), fmt.Sprint(*(*int)(it.elem)))
	}
	var again mapIter
	for runtimeIterInit(parts[0], parts[1], &again); again.key != nil; runtimeIterNext(&again) {
		keys = append(keys, *(*string)(again.key))
	}
	sort.Strings(keys)
	fmt.Println(keys)
	start := nanotime()
	time.Sleep(time.Millisecond)
	fmt.Println(nanotime()-start > 500000, cputicks() != 0, fastrand() != fastrand() || fastrand() != fastrand())
	fmt.Println(*(*uint64)(convT64(77)), *(*string)(convTstring("text")))
	p := mallocgc(64, nil, true)
	text := "sixteen letters!"
	memmove(p, unsafe.Pointer(unsafe.StringData(text)), 16)
	fmt.Println(string(unsafe.Slice((*byte)(p), 16)))
	pointers := []*int{new(int), new(int), new(int)}
	memclrHasPointers(unsafe.Pointer(&pointers[0]), 16)
	fmt.Println(pointers[0] == nil, pointers[1] == nil, pointers[2] == nil)
	fmt.Println(procPin() >= 0)
	procUnpin()
	fmt.Println(memhash(unsafe.Pointer(&text), 1, 8) == memhash(unsafe.Pointer(&text), 1, 8), strhash(unsafe.Pointer(&text), 1) != strhash(unsafe.Pointer(&text), 2))
	intType := words(1)[0]
	made := (*int)(unsafeNew(intType))
	seven := 7
	typedmemmove(intType, unsafe.Pointer(made), unsafe.Pointer(&seven))
	fmt.Println(*made, cap(growslice(intType, []int{1, 2}, 10)) >= 12)
	var stringer fmt.Stringer
	ifaceE2I(*(*unsafe.Pointer)(unsafe.Add(unsafe.Pointer(ptrTo[fmt.Stringer]()), 8)), time.Second, unsafe.Pointer(&stringer))
	fmt.Println(stringer, len(getAuxv()) > 10, heapObjectsCanMove(), align(intType), typeName(intType))
	sections, offsets := typelinks()
	names := map[string]bool{}
	for _, offset := range offsets[0] {
		names[typeString(unsafe.Add(sections[0], offset))] = true
	}
	fmt.Println(len(sections), len(offsets), names["*fmt.pp"], names["*main.nosuch"])
}

// ptrTo returns the interface that holds the descriptor of T.
func ptrTo[T any]() *reflect.Type {
	t := reflect.TypeFor[T]()
	return &t
}
