"""The data module: descriptors read back from linked memory, compared with those of the real compiler."""

from __future__ import annotations

import ctypes
from dataclasses import dataclass
from pathlib import Path
from typing import final

import pytest

from tests.gotypes.realgo import run_go
from tests.staticdata.memory_reader import Reader, u32, u64
from tricolor.gotypes import types as ir
from tricolor.gotypes.types import Field, InterfaceMethod, MethodDecl, Named, Type
from tricolor.ir.nodes import (
    AddrOf,
    Const,
    Conversion,
    Convert,
    Func,
    FuncName,
    MethodRef,
    Program,
    SliceLit,
    StructLit,
    Var,
    VarKind,
)
from tricolor.llvm.compile import Unit, compile_object
from tricolor.llvm.image import Loaded
from tricolor.llvm.link import load_objects
from tricolor.staticdata.algorithms import equal_symbol, hash_symbol, steps_of
from tricolor.staticdata.datamodule import emit_data_modules
from tricolor.staticdata.emitter import Needed, itab_symbol, type_symbol

RUNTIME = """
declare i32 @memcmp(ptr, ptr, i64)
define zeroext i1 @runtime.memequal(ptr %a, ptr %b, i64 %n) {
  %r = call i32 @memcmp(ptr %a, ptr %b, i64 %n)
  %z = icmp eq i32 %r, 0
  ret i1 %z
}
define zeroext i1 @runtime.efaceeq(ptr %t, ptr %a, ptr %b) {
  %x = load i64, ptr %a
  %y = load i64, ptr %b
  %z = icmp eq i64 %x, %y
  ret i1 %z
}
define zeroext i1 @runtime.ifaceeq(ptr %t, ptr %a, ptr %b) { ret i1 true }
define i64 @runtime.memhash(ptr %p, i64 %s, i64 %n) {
entry:
  br label %loop
loop:
  %i = phi i64 [0, %entry], [%j, %next]
  %h = phi i64 [%s, %entry], [%m, %next]
  %done = icmp eq i64 %i, %n
  br i1 %done, label %exit, label %next
next:
  %a = getelementptr i8, ptr %p, i64 %i
  %b = load i8, ptr %a
  %w = zext i8 %b to i64
  %x = xor i64 %h, %w
  %m = mul i64 %x, 1099511628211
  %j = add i64 %i, 1
  br label %loop
exit:
  ret i64 %h
}
define i64 @runtime.memhash32(ptr %p, i64 %s) {
  %r = call i64 @runtime.memhash(ptr %p, i64 %s, i64 4)
  ret i64 %r
}
define i64 @runtime.memhash64(ptr %p, i64 %s) {
  %r = call i64 @runtime.memhash(ptr %p, i64 %s, i64 8)
  ret i64 %r
}
define i64 @runtime.strhash(ptr %p, i64 %s) {
  %d = load ptr, ptr %p
  %q = getelementptr i8, ptr %p, i64 8
  %n = load i64, ptr %q
  %r = call i64 @runtime.memhash(ptr %d, i64 %s, i64 %n)
  ret i64 %r
}
define i64 @runtime.interhash(ptr %p, i64 %s) { ret i64 %s }
define i64 @runtime.nilinterhash(ptr %p, i64 %s) { ret i64 %s }
define i64 @runtime.f32hash(ptr %p, i64 %s) { ret i64 %s }
define i64 @runtime.f64hash(ptr %p, i64 %s) { ret i64 %s }
define ptr @runtime.recovertoken() { ret ptr null }
define void @__morestack() { ret void }
@"tricolor.marking" = global i32 0
define void @"tricolor.enter_window"() { ret void }
define void @"tricolor.leave_window"() { ret void }
define void @"tricolor.shade_elements"(i64 %b, i64 %s, ptr %t, ptr %f, i64 %n) { ret void }
define void @"tricolor.shade_values"(ptr %d, ptr %t, ptr %f, i64 %n) { ret void }
"""

SOURCE = """package main

import (
	"reflect"
	"unsafe"
)

type T struct {
	A int `json:"a,omitempty"`
	b string
	Inner
	*P
	_ [0]func()
}
type Inner struct{ X, Y float64 }
type P struct{ m map[string]T }
type I interface {
	Get(int) string
	Put(...string) (bool, error)
	hidden()
}
type M map[[20]string]float32
type F func(a, b int, rest ...any) error
type C <-chan int
type L []L
type E int8

func (T) Get(int) string                 { return "" }
func (*T) Put(...string) (bool, error)   { return false, nil }
func (*T) hidden()                       {}
func (E) Less(E) bool                    { return false }

func name(p unsafe.Pointer) (text, tag string, flags byte) {
	if p == nil {
		return
	}
	flags = *(*byte)(p)
	at := unsafe.Add(p, 1)
	read := func() string {
		n, shift := 0, 0
		for {
			b := *(*byte)(at)
			at = unsafe.Add(at, 1)
			n |= int(b&0x7f) << shift
			shift += 7
			if b < 0x80 {
				break
			}
		}
		s := unsafe.String((*byte)(at), n)
		at = unsafe.Add(at, n)
		return s
	}
	text = read()
	if flags&2 != 0 {
		tag = read()
	}
	return
}

//go:linkname resolveNameOff reflect.resolveNameOff
func resolveNameOff(p unsafe.Pointer, off int32) unsafe.Pointer

func u64(p unsafe.Pointer, off uintptr) uint64 { return *(*uint64)(unsafe.Add(p, off)) }
func u32(p unsafe.Pointer, off uintptr) uint32 { return *(*uint32)(unsafe.Add(p, off)) }
func u16(p unsafe.Pointer, off uintptr) uint16 { return *(*uint16)(unsafe.Add(p, off)) }
func u8(p unsafe.Pointer, off uintptr) byte    { return *(*byte)(unsafe.Add(p, off)) }
func at(p unsafe.Pointer, off uintptr) unsafe.Pointer { return *(*unsafe.Pointer)(unsafe.Add(p, off)) }

func describe(t reflect.Type) {
	p := (*[2]unsafe.Pointer)(unsafe.Pointer(&t))[1]
	print(t.String(), " ", u64(p, 0), " ", u64(p, 8), " ", u8(p, 20)&^16, " ", u8(p, 21), " ", u8(p, 22), " ", u8(p, 23))
	if u64(p, 24) != 0 {
		print(" eq")
	} else {
		print(" noeq")
	}
	sizes := map[byte]uintptr{17: 72, 18: 64, 19: 56, 20: 80, 21: 136, 22: 56, 23: 56, 25: 80}
	kind := u8(p, 23)
	extra := u8(p, 20)&1 != 0
	if extra {
		size, ok := sizes[kind]
		if !ok {
			size = 48
		}
		u := unsafe.Add(p, size)
		var pkg string
		if off := int32(u32(u, 0)); off != 0 {
			pkg, _, _ = name(resolveNameOff(p, off))
		}
		print(" pkg=", pkg, " ", u16(u, 4), " ", u16(u, 6))
		m := unsafe.Add(u, u32(u, 8))
		for range u16(u, 4) {
			n, _, _ := name(resolveNameOff(p, int32(u32(m, 0))))
			print(" ", n)
			m = unsafe.Add(m, 16)
		}
	}
	switch t.Kind() {
	case reflect.Struct:
		pkg, _, _ := name(at(p, 48))
		print(" spkg=", pkg)
		f := at(p, 56)
		for i := range t.NumField() {
			n, tag, flags := name(at(f, 0))
			print(" ", n, "/", flags&9, "/", tag, "/", t.Field(i).Type.String(), "/", u64(f, 16))
			f = unsafe.Add(f, 24)
		}
	case reflect.Map:
		g := at(p, 64)
		print(" ", t.Key().String(), " ", t.Elem().String(), " ", u64(g, 0), " ", u64(g, 8))
		for o := uintptr(80); o < 128; o += 8 {
			print(" ", u64(p, o))
		}
		print(" ", u32(p, 128))
	case reflect.Interface:
		pkg, _, _ := name(at(p, 48))
		print(" ipkg=", pkg)
		for i := range t.NumMethod() {
			print(" ", t.Method(i).Name, ":", t.Method(i).Type.String())
		}
	case reflect.Func:
		print(" ", t.NumIn(), " ", t.NumOut(), " ")
		if t.IsVariadic() {
			print("...")
		}
		for i := range t.NumIn() {
			print(" ", t.In(i).String())
		}
		for i := range t.NumOut() {
			print(" ", t.Out(i).String())
		}
	case reflect.Array:
		print(" ", t.Elem().String(), " ", reflect.SliceOf(t.Elem()).String(), " ", t.Len())
	case reflect.Chan:
		print(" ", t.Elem().String(), " ", int(t.ChanDir()))
	case reflect.Pointer, reflect.Slice:
		print(" ", t.Elem().String())
	}
	println()
}

var sink any = func(t *T) I { return t }

func main() {
	_ = sink.(func(*T) I)(new(T))
	describe(reflect.TypeFor[T]())
	describe(reflect.TypeFor[*T]())
	describe(reflect.TypeFor[Inner]())
	describe(reflect.TypeFor[P]())
	describe(reflect.TypeFor[I]())
	describe(reflect.TypeFor[M]())
	describe(reflect.TypeFor[F]())
	describe(reflect.TypeFor[C]())
	describe(reflect.TypeFor[L]())
	describe(reflect.TypeFor[E]())
	describe(reflect.TypeFor[error]())
	describe(reflect.TypeFor[any]())
	describe(reflect.TypeFor[int]())
	describe(reflect.TypeFor[unsafe.Pointer]())
	describe(reflect.TypeFor[map[string]int]())
	describe(reflect.TypeFor[map[any][40]int]())
	describe(reflect.TypeFor[map[int8]struct{}]())
	describe(reflect.TypeFor[[3]E]())
	describe(reflect.TypeFor[chan<- []string]())
	describe(reflect.TypeFor[func(...E)]())
	describe(reflect.TypeFor[struct {
		Inner
		E
	}]())
	describe(reflect.TypeFor[map[float64]*T]())
}
"""


@final
@dataclass(frozen=True, slots=True)
class Sample:
    """Types as the source above declares them, and a program that holds them."""

    types: list[Type]
    program: Program
    t: Named
    i: Named


HANDLER = ir.signature((ir.INT, ir.BYTES), (ir.BYTES, ir.STRING))
MIXED = ir.signature((ir.BOOL, ir.array(ir.INT16, 5), ir.FLOAT32), (ir.BOOL, ir.INT8))


def _named(name: str, under: Type | None = None, methods: tuple[MethodDecl, ...] = ()) -> Named:
    t, _ = ir.named(name, "main", "main")
    t.complete_methods = lambda: methods
    if under is not None:
        t.complete_underlying = lambda: under
    return t


def _func(symbol: str, sig: ir.Signature, pkg: str = "main") -> Func:
    return Func(symbol, symbol, pkg, sig, 0)


def _error() -> Named:
    t, made = ir.named("error", "", "")
    if made:
        method = InterfaceMethod("Error", "", ir.signature((), (ir.STRING,)))
        t.complete_underlying = lambda: ir.interface((method,))
    return t


def _sample() -> Sample:
    error = _error()
    get = ir.signature((ir.INT,), (ir.STRING,))
    put = ir.signature((ir.slice_of(ir.STRING),), (ir.BOOL, error), variadic=True)
    hidden = ir.signature((), ())
    t = _named(
        "T",
        methods=(
            MethodDecl("Get", "", get, False, 1),
            MethodDecl("Put", "", put, True, 2),
            MethodDecl("hidden", "main", hidden, True, 3),
        ),
    )
    inner = _named("Inner", ir.struct((Field("X", ir.FLOAT64), Field("Y", ir.FLOAT64))))
    p = _named("P", ir.struct((Field("m", ir.map_of(ir.STRING, t), pkg="main"),)))
    nothing = ir.array(ir.signature((), ()), 0)
    fields = (
        Field("A", ir.INT, tag='json:"a,omitempty"'),
        Field("b", ir.STRING, pkg="main"),
        Field("Inner", inner, embedded=True),
        Field("P", ir.pointer(p), embedded=True),
        Field("_", nothing, pkg="main"),
    )
    t.complete_underlying = lambda: ir.struct(fields)
    i = _named(
        "I",
        ir.interface((InterfaceMethod("Get", "", get), InterfaceMethod("Put", "", put), InterfaceMethod("hidden", "main", hidden))),
    )
    e = _named("E", ir.INT8)
    less = ir.signature((e,), (ir.BOOL,))
    e.complete_methods = lambda: (MethodDecl("Less", "", less, False, 4),)
    self_slice = _named("L")
    self_slice.complete_underlying = lambda: ir.slice_of(self_slice)
    variadic = ir.signature((ir.INT, ir.INT, ir.slice_of(ir.EMPTY_INTERFACE)), (error,), variadic=True)
    types: list[Type] = [
        t, ir.pointer(t), inner, p, i, _named("M", ir.map_of(ir.array(ir.STRING, 20), ir.FLOAT32)),
        _named("F", variadic), _named("C", ir.chan_of(ir.INT, ir.ChanDir.RECV)), self_slice, e, error,
        ir.EMPTY_INTERFACE, ir.INT, ir.UNSAFE_POINTER, ir.map_of(ir.STRING, ir.INT),
        ir.map_of(ir.EMPTY_INTERFACE, ir.array(ir.INT, 40)), ir.map_of(ir.INT8, ir.EMPTY_STRUCT), ir.array(e, 3),
        ir.chan_of(ir.slice_of(ir.STRING), ir.ChanDir.SEND), ir.signature((ir.slice_of(e),), (), variadic=True),
        ir.struct((Field("Inner", inner, embedded=True), Field("E", e, embedded=True))),
        ir.map_of(ir.FLOAT64, ir.pointer(t)),
    ]  # fmt: skip
    pt = ir.pointer(t)
    refs = [
        MethodRef(name, pkg, sig, f, f)
        for name, pkg, sig, f in (
            ("Get", "", get, _func("main.(*T).Get", ir.signature((pt, *get.params), get.results))),
            ("Put", "", put, _func("main.(*T).Put", ir.signature((pt, *put.params), put.results, True))),
            ("hidden", "main", hidden, _func("main.(*T).hidden", ir.signature((pt,), ()))),
        )
    ]
    main = _func("main.main", ir.signature((), ()))
    first = _func("main.init", ir.signature((), ()))
    handler = _func("main.handler", HANDLER)
    point = _static_globals(inner, i, pt, handler)
    program = Program(
        main, [main, first, handler, *[r.func for r in refs], _func("reflect.Value.Method", ir.signature((), ()), "reflect")],
        list(point), {v: e for v, e in point.items() if e is not None}, [first], [*types, HANDLER, MIXED], {pt: refs}, [(pt, i)],
    )  # fmt: skip
    return Sample(types, program, t, i)


def _static_globals(
    inner: Named, i: Named, pt: Type, handler: Func
) -> dict[Var, Const | StructLit | SliceLit | AddrOf | Convert | FuncName | None]:
    literal = StructLit(0, inner, [(1, Const(0, ir.FLOAT64, 3))])
    strings = SliceLit(0, ir.slice_of(ir.STRING), [(2, Const(0, ir.STRING, b"two"))], 3)
    boxed = Convert(0, ir.EMPTY_INTERFACE, Const(0, ir.INT, 77), Conversion.TO_INTERFACE)

    def var(name: str, t: Type) -> Var:
        return Var(name, t, 0, VarKind.GLOBAL, symbol=f"main.{name}")

    return {
        var("point", ir.pointer(inner)): AddrOf(0, ir.pointer(inner), literal),
        var("strings", ir.slice_of(ir.STRING)): strings,
        var("boxed", ir.EMPTY_INTERFACE): boxed,
        var("f", handler.signature): FuncName(0, handler.signature, handler),
        var("plain", ir.INT): None,
    }


@final
@dataclass(frozen=True, slots=True)
class Linked:
    sample: Sample
    loaded: Loaded

    def __getitem__(self, symbol: str) -> int:
        return self.loaded.addresses[symbol]


@pytest.fixture(scope="module")
def linked() -> Linked:
    sample = _sample()
    key = ir.struct((Field("A", ir.INT8), Field("B", ir.STRING), Field("C", ir.array(ir.FLOAT64, 3))))
    needed = Needed()
    needed.layouts[16, 3] = None
    needed.equals[steps_of(key)] = None
    needed.hashes[steps_of(key)] = None
    texts = emit_data_modules(sample.program, [needed])
    code = RUNTIME
    for f in sample.program.funcs:
        if f.symbol != "main.handler" and f.pkg != "reflect":
            code += f'define void @"{f.symbol}"() {{ ret void }}\n'
    code += """
define void @main.handler(ptr sret({{ptr, i64, i64}, {ptr, i64}}) %out, i64 %n, {ptr, i64, i64} %b) {
  store {ptr, i64, i64} %b, ptr %out
  %q = getelementptr i8, ptr %out, i64 24
  store ptr null, ptr %q
  %r = getelementptr i8, ptr %out, i64 32
  store i64 %n, ptr %r
  ret void
}
"""
    # Split stacks need the runtime's thread block; these tests run on an ordinary stack.
    objects = [
        compile_object(Unit("data", texts.data, 0)),
        compile_object(Unit("stubs", texts.code.replace('"split-stack"', ""), 2)),
        compile_object(Unit("code", code, 1)),
    ]
    exported = [
        "tricolor.offsets", "tricolor.typelinks", "tricolor.typelink_count",
        "tricolor.data_roots", "tricolor.data_root_count", "main.point", "main.strings", "main.boxed", "main.f",
        "main.handler·thunk", "tricolor.init_task_count", "tricolor.layouts", "main.(*T).Put",
        equal_symbol(steps_of(key)), hash_symbol(steps_of(key)), itab_symbol(ir.pointer(sample.t), sample.i),
        type_symbol(ir.INT), type_symbol(HANDLER), type_symbol(MIXED), *{type_symbol(t): None for t in sample.types},
    ]  # fmt: skip
    return Linked(sample, load_objects(objects, list(dict.fromkeys(exported))))


@pytest.mark.slow
def test_descriptors_are_those_of_the_real_compiler(linked: Linked, tmp_path: Path) -> None:
    reader = Reader(dict(linked.loaded.addresses))
    real = run_go(SOURCE, tmp_path)
    assert len(real) == len(linked.sample.types)
    for line, t in zip(real, linked.sample.types, strict=True):
        ours = reader.describe(linked[type_symbol(t)])
        assert ours == line, f"{t}"


def test_typelinks_are_sorted_by_string(linked: Linked) -> None:
    reader = Reader(dict(linked.loaded.addresses))
    n = u64(linked["tricolor.typelink_count"])
    names = [reader.string(u64(linked["tricolor.typelinks"] + 8 * k)) for k in range(n)]
    assert names == sorted(names)
    assert "map[string]int" in names


def test_an_itab_holds_the_methods_in_interface_order(linked: Linked) -> None:
    pt = ir.pointer(linked.sample.t)
    tab = linked[itab_symbol(pt, linked.sample.i)]
    assert u64(tab) == linked[type_symbol(linked.sample.i)]
    assert u64(tab + 8) == linked[type_symbol(pt)]
    assert u32(tab + 16) == u32(linked[type_symbol(pt)] + 16)
    assert u64(tab + 32) == linked["main.(*T).Put"]


def test_unreachable_methods_are_marked(linked: Linked) -> None:
    reader = Reader(dict(linked.loaded.addresses))
    value_methods = reader.methods(linked[type_symbol(linked.sample.t)])
    [(name, mtyp, ifn, tfn)] = value_methods
    assert (name, ifn, tfn) == ("Get", 0xFFFFFFFF, 0xFFFFFFFF)
    assert 0 < mtyp < 10000  # *T has it too, and an interface
    for name, mtyp, ifn, tfn in reader.methods(linked[type_symbol(ir.pointer(linked.sample.t))]):
        assert 0 < mtyp < 10000 and 0 < ifn < 100
        assert tfn == 0xFFFFFFFF if name == "hidden" else 0 < tfn < 100  # reflection calls exported methods only


def test_static_values_point_to_what_they_hold(linked: Linked) -> None:
    assert ctypes.c_double.from_address(u64(linked["main.point"]) + 8).value == 3.0
    strings = linked["main.strings"]
    assert (u64(strings + 8), u64(strings + 16)) == (3, 3)
    assert ctypes.string_at(u64(u64(strings) + 32), 3) == b"two"
    boxed = linked["main.boxed"]
    assert u64(boxed) == linked[type_symbol(ir.INT)]
    assert u64(u64(boxed + 8)) == 77
    assert u64(u64(linked["main.f"])) == linked["main.handler·thunk"]


def test_roots_are_the_variables_that_hold_pointers(linked: Linked) -> None:
    n = u64(linked["tricolor.data_root_count"])
    roots = {u64(linked["tricolor.data_roots"] + 32 * k) for k in range(n)}
    assert linked["main.strings"] in roots
    assert u64(linked["main.strings"]) in roots  # the slice's elements
    assert u64(linked["main.point"]) not in roots  # only floats
    assert n == 5


def test_equality_and_hash_skip_padding(linked: Linked) -> None:
    key = ir.struct((Field("A", ir.INT8), Field("B", ir.STRING), Field("C", ir.array(ir.FLOAT64, 3))))
    steps = steps_of(key)
    void_p = ctypes.c_void_p
    equal = ctypes.CFUNCTYPE(ctypes.c_bool, void_p, void_p, void_p)(linked[equal_symbol(steps)])
    hashed = ctypes.CFUNCTYPE(ctypes.c_uint64, void_p, void_p, ctypes.c_uint64)(linked[hash_symbol(steps)])
    texts = [ctypes.create_string_buffer(b"same"), ctypes.create_string_buffer(b"same")]

    def value(text: int, padding: int, c: float) -> ctypes.Array[ctypes.c_char]:
        buffer = ctypes.create_string_buffer(48)
        base = ctypes.addressof(buffer)
        ctypes.c_uint8.from_address(base).value = 5
        ctypes.c_uint8.from_address(base + 3).value = padding
        ctypes.c_uint64.from_address(base + 8).value = ctypes.addressof(texts[text])
        ctypes.c_uint64.from_address(base + 16).value = 4
        ctypes.c_double.from_address(base + 40).value = c
        return buffer

    a, b, c = value(0, 1, 2.5), value(1, 9, 2.5), value(0, 1, 2.0)
    assert equal(None, ctypes.addressof(a), ctypes.addressof(b))
    assert not equal(None, ctypes.addressof(a), ctypes.addressof(c))
    assert hashed(None, ctypes.addressof(a), 1) == hashed(None, ctypes.addressof(b), 1)
    nan = value(0, 0, float("nan"))
    assert not equal(None, ctypes.addressof(nan), ctypes.addressof(nan))


def _stubs(linked: Linked, sig: ir.Signature) -> tuple[int, int]:
    behind = linked[type_symbol(sig)] + 56 + 8 * (len(sig.params) + len(sig.results))
    return u64(behind), u64(behind + 8)


def test_a_function_is_called_through_a_frame(linked: Linked) -> None:
    call, _ = _stubs(linked, HANDLER)
    frame = (ctypes.c_uint64 * 9)(42, 11, 22, 33)
    void_p = ctypes.c_void_p
    ctypes.CFUNCTYPE(None, void_p, void_p, void_p)(call)(linked["main.handler·thunk"], None, ctypes.addressof(frame))
    assert list(frame) == [42, 11, 22, 33, 11, 22, 33, 0, 42]


def test_a_made_function_gets_a_frame_and_returns_from_it(linked: Linked) -> None:
    call, make = _stubs(linked, MIXED)
    void_p = ctypes.c_void_p
    seen: list[object] = []

    @ctypes.CFUNCTYPE(None, void_p, void_p, void_p)
    def handle(_closure: int, _context: int, frame: int) -> None:
        seen.append(ctypes.string_at(frame, 16))
        ctypes.c_uint8.from_address(frame + 16).value = 1
        ctypes.c_int8.from_address(frame + 17).value = -3

    closure = (ctypes.c_uint64 * 1)(ctypes.cast(handle, void_p).value or 0)
    context = (ctypes.c_uint64 * 2)(make, ctypes.addressof(closure))
    frame = ctypes.create_string_buffer(bytes(range(1, 17)) + bytes(8))
    run = ctypes.CFUNCTYPE(None, void_p, void_p, void_p)(call)
    run(make, ctypes.addressof(context), ctypes.addressof(frame))
    arguments = bytes([1, 0, *range(3, 13), 13, 14, 15, 16])  # a bool, a byte of padding, [5]int16, a float32
    assert seen == [arguments]
    assert frame.raw[16:18] == b"\x01\xfd"


def test_layouts_are_listed(linked: Linked) -> None:
    layout = u64(linked["tricolor.layouts"])
    assert (u32(layout), u32(layout + 4), u64(layout + 8)) == (16, 0, 3)


def test_text_is_the_same_each_time(linked: Linked) -> None:
    needed = Needed()
    sample = linked.sample
    assert emit_data_modules(sample.program, [needed]) == emit_data_modules(sample.program, [needed])
