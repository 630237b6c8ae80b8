"""Small functions that the data module defines: static closures, and reflect's way into and out of compiled code.

* A function as a value: closure object ``NAME·f`` whose code, ``NAME·thunk``, drops the context and calls NAME.
* ``reflectcall.N``: ``void (ptr code, ptr context, ptr frame)`` calls code that takes a context (closures; methods, whose
  receiver word takes its place) with the parameters in the frame, and stores the results there.
* ``makefunc.N``: code of a func value whose second word is a closure ``func(context, frame unsafe.Pointer)``: builds
  the frame, calls it, and returns the results from the frame.

A panic gives its token to a deferred closure whose prefix says RECOVERS, and the code that recovers takes it at entry
(docs/abi.md, "Defer, panic, recover"). Stubs pass the token on to a method or function that recovers. They drop
it before they call any other one: a function that this one calls could take it instead.

A *frame* is a Go struct {parameters..., results...}. N numbers signatures that are passed alike.
"""

from __future__ import annotations

from tricolor.abi.prefix import PREFIX_MAGIC, PREFIX_MAGIC_MASK, PREFIX_RECOVERS, prefix_text
from tricolor.gotypes.sizes import (
    WORD_BYTES,
    align_of,
    frame_struct,
    memory_class,
    pointer_bitmap,
    result_struct,
    size_of,
    struct_layout,
)
from tricolor.gotypes.types import Signature, Type, has_pointers
from tricolor.ir.nodes import Func
from tricolor.staticdata.algorithms import GO_ATTRIBUTES
from tricolor.staticdata.barriers import BARRIER, END_BULK, MAX_BITMAP_BYTES, NOSCAN, begin_bulk, shade_elements
from tricolor.staticdata.emitter import closure_symbol, is_closure
from tricolor.staticdata.llvmtypes import (
    FunctionType,
    function_type,
    is_bool,
    llvm_type,
    memory_type,
    param_text,
    quote,
    sret_align,
    sret_type,
)

MEMCPY = "declare void @llvm.memcpy.p0.p0.i64(ptr, ptr, i64, i1)"
MEMSET = "declare void @llvm.memset.p0.i64(ptr, i8, i64, i1)"


def thunk_symbol(func: Func) -> str:
    """Symbol of the code that drops the context."""
    return f"{func.symbol}·thunk"


def closure_object(func: Func) -> str:
    """Definition of the constant closure object of a function without captures."""
    code = func.symbol if is_closure(func) else thunk_symbol(func)
    return f"{quote(closure_symbol(func))} = constant ptr {quote(code)}, align 8"


RECOVERTOKEN = "declare ptr @runtime.recovertoken()"


def _drop_token_unless_recovers(code: str) -> list[str]:
    """Lines that drop the recover token unless the prefix of ``code`` says RECOVERS."""
    mask = PREFIX_MAGIC_MASK | PREFIX_RECOVERS
    return [
        f"  %prefix = getelementptr i8, ptr {code}, i64 -8",
        "  %flags = load i32, ptr %prefix, align 4",
        f"  %marks = and i32 %flags, {mask}",
        f"  %recovers = icmp eq i32 %marks, {PREFIX_MAGIC | PREFIX_RECOVERS}",
        "  br i1 %recovers, label %go, label %drop",
        "drop:",
        "  %token = call ptr @runtime.recovertoken()",
        "  br label %go",
        "go:",
    ]


def thunk(func: Func) -> str:
    """Definition of the code that drops the context. The recover token passes through to the function. Before a wrapper
    it is dropped, unless the wrapper's own prefix says RECOVERS."""
    outer = function_type(func.signature, context=True)
    inner = function_type(func.signature)
    names = [f"%a{i}" for i in range(len(outer.params))]
    head = ", ".join(f"{p} {n}" for p, n in zip(outer.params, names, strict=True))
    kept = names[: outer.first_param - 1] + names[outer.first_param :]
    args = ", ".join(f"{p} {n}" for p, n in zip(inner.params, kept, strict=True))
    call = f"tail call {inner.result} {quote(func.symbol)}({args})"
    body = f"  {call}\n  ret void" if inner.result == "void" else f"  %r = {call}\n  ret {_plain(inner)} %r"
    if func.wrapper:
        body = "\n".join([*_drop_token_unless_recovers(quote(func.symbol)), body])
    flags = prefix_text(recovers=func.has_recover or func.wrapper, wrapper=True).removeprefix("prefix i64 ")
    code, here = (f"ptrtoint (ptr {quote(symbol)} to i64)" for symbol in (func.symbol, thunk_symbol(func)))
    # The reserved half holds the distance to the function: runtime.FuncForPC needs it for the code of a func value.
    prefix = f"prefix <{{ i32, i32 }}> <{{ i32 {flags}, i32 trunc (i64 sub (i64 {code}, i64 {here}) to i32) }}>"
    return f"define {outer.result} {quote(thunk_symbol(func))}({head}) {GO_ATTRIBUTES} {prefix} {{\n{body}\n}}\n"


def _plain(ft: FunctionType) -> str:
    return ft.result.removeprefix("zeroext ").removeprefix("signext ")


def passing_key(sig: Signature) -> tuple[str, ...]:
    """Signatures with one key share their stubs."""
    ft = function_type(sig, context=True)
    return (ft.result, *ft.params, "|", *map(memory_type, (*sig.params, *sig.results)), "|", *map(_class, sig.params))


def _class(t: Type) -> str:
    return f"m{size_of(t)}" if memory_class(t) else "v"


def _at(lines: list[str], base: str, offset: int, name: str) -> str:
    if offset == 0:
        return base
    lines.append(f"  {name} = getelementptr i8, ptr {base}, i64 {offset}")
    return name


def _load(lines: list[str], t: Type, address: str, name: str) -> str:
    """Load a value of register class in register form."""
    if size_of(t) == 0:
        return "zeroinitializer"
    lines.append(f"  {name} = load {memory_type(t)}, ptr {address}, align {align_of(t)}")
    if is_bool(t):
        lines.append(f"  {name}b = trunc i8 {name} to i1")
        return f"{name}b"
    return name


def _store(lines: list[str], t: Type, value: str, address: str, name: str, mark: str = "") -> None:
    """Store a value. Give ``mark`` if the memory belongs to anyone but this stub, and the value holds no pointers."""
    if size_of(t) == 0:
        return
    if is_bool(t):
        lines.append(f"  {name}z = zext i1 {value} to i8")
        value = f"{name}z"
    lines.append(f"  store {memory_type(t)} {value}, ptr {address}, align {align_of(t)}{mark}")


def _copy(lines: list[str], target: str, source: str, t: Type, mark: str = "") -> None:
    """Copy a value. Give ``mark`` if the target belongs to anyone but this stub, and the value holds no pointers."""
    if size_of(t):
        lines.append(f"  call void @llvm.memcpy.p0.p0.i64(ptr {target}, ptr {source}, i64 {size_of(t)}, i1 false){mark}")


def _copy_with_barrier(lines: list[str], target: str, source: str, t: Type, name: str) -> None:
    """Copy a value with pointers, in parts whose pointer bitmaps fit a word."""
    bitmap = pointer_bitmap(t)
    for start in range(0, size_of(t), MAX_BITMAP_BYTES):
        size = min(size_of(t) - start, MAX_BITMAP_BYTES)
        part = (bitmap >> start // WORD_BYTES) & ((1 << size // WORD_BYTES) - 1)
        to = _at(lines, target, start, f"{name}to{start}")
        source_part = _at(lines, source, start, f"{name}from{start}")
        lines += begin_bulk(f"{name[1:]}w{start}", shade_elements(part, size), to, source_part, str(size))
        lines.append(f"  call void @llvm.memcpy.p0.p0.i64(ptr {to}, ptr {source_part}, i64 {size}, i1 false){BARRIER}")
        lines += END_BULK


def _give(lines: list[str], t: Type, value: str, target: str, name: str) -> None:
    """Store a result of register class into the frame."""
    if not has_pointers(t):
        _store(lines, t, value, target, name, NOSCAN)
        return
    lines.insert(0, f"  {name}own = alloca {memory_type(t)}, align {align_of(t)}")
    _store(lines, t, value, f"{name}own", name)
    _copy_with_barrier(lines, target, f"{name}own", t, name)


def _result_offsets(sig: Signature) -> tuple[int, ...]:
    """Offsets of the results in sret memory."""
    return struct_layout(result_struct(sig.results)).offsets


def call_stub(sig: Signature, symbol: str) -> str:
    """Definition of ``void symbol(ptr code, ptr context, ptr frame)``.

    The frame is a heap object. The callee gets copies of memory-class arguments, which it may change without a write barrier.
    """
    ft = function_type(sig, context=True)
    offsets = struct_layout(frame_struct(sig)).offsets
    lines: list[str] = []
    args: list[str] = []
    if ft.sret:
        lines.append(f"  %out = alloca {sret_type(sig)}, align {sret_align(sig)}")
        args.append(f"{ft.params[0]} %out")
    args.append("ptr %context")
    for i, t in enumerate(sig.params):
        address = _at(lines, "%frame", offsets[i], f"%p{i}")
        if memory_class(t):
            operand = f"%own{i}"
            lines.append(f"  {operand} = alloca {memory_type(t)}, align {align_of(t)}")
            _copy(lines, operand, address, t)
        else:
            operand = _load(lines, t, address, f"%a{i}")
        args.append(f"{param_text(t)} {operand}")
    lines += _drop_token_unless_recovers("%code")
    call = f"call {ft.result} %code({', '.join(args)})"
    lines.append(f"  {call}" if ft.result == "void" else f"  %r = {call}")
    base = len(sig.params)
    for i, t in enumerate(sig.results):
        target = _at(lines, "%frame", offsets[base + i], f"%q{i}")
        if ft.sret:
            source = _at(lines, "%out", _result_offsets(sig)[i], f"%o{i}")
            if has_pointers(t):
                _copy_with_barrier(lines, target, source, t, f"%c{i}")
            else:
                _copy(lines, target, source, t, NOSCAN)
        elif len(sig.results) == 1:
            _give(lines, t, "%r", target, "%r")
        else:
            lines.append(f"  %e{i} = extractvalue {_plain(ft)} %r, {i}")
            _give(lines, t, f"%e{i}", target, f"%e{i}")
    body = "\n".join(lines)
    return f"define void @{symbol}(ptr %code, ptr %context, ptr %frame) {GO_ATTRIBUTES} {prefix_text()} {{\n{body}\n  ret void\n}}\n"


def make_stub(sig: Signature, symbol: str) -> str:
    """Definition of the code of func values made by reflect: parameters into a frame, call, results out of it."""
    ft = function_type(sig, context=True)
    frame = frame_struct(sig)
    layout = struct_layout(frame)
    names = [f"%a{i}" for i in range(len(ft.params))]
    context = names[ft.first_param - 1]
    lines = [f"  %frame = alloca [{max(layout.size, 1)} x i8], align {max(layout.align, 8)}"]
    lines.append(f"  call void @llvm.memset.p0.i64(ptr %frame, i8 0, i64 {layout.size}, i1 false)")
    for i, t in enumerate(sig.params):
        address = _at(lines, "%frame", layout.offsets[i], f"%p{i}")
        if memory_class(t):
            _copy(lines, address, names[ft.first_param + i], t)
        else:
            _store(lines, t, names[ft.first_param + i], address, f"%s{i}")
    lines.append(f"  %field = getelementptr i8, ptr {context}, i64 8")
    lines += ["  %handler = load ptr, ptr %field, align 8", "  %code = load ptr, ptr %handler, align 8"]
    lines.append(f"  call void %code(ptr %handler, ptr {context}, ptr %frame)")
    lines += _return_from_frame(sig, ft, layout.offsets[len(sig.params) :])
    head = ", ".join(f"{p} {n}" for p, n in zip(ft.params, names, strict=True))
    body = "\n".join(lines)
    return f"define {ft.result} @{symbol}({head}) {GO_ATTRIBUTES} {prefix_text(recovers=True, wrapper=True)} {{\n{body}\n}}\n"


def _return_from_frame(sig: Signature, ft: FunctionType, offsets: tuple[int, ...]) -> list[str]:
    lines: list[str] = []
    current = "poison"
    for i, t in enumerate(sig.results):
        source = _at(lines, "%frame", offsets[i], f"%q{i}")
        if ft.sret:
            _copy(lines, _at(lines, "%a0", _result_offsets(sig)[i], f"%o{i}"), source, t)
            continue
        value = _load(lines, t, source, f"%r{i}")
        if len(sig.results) == 1:
            return [*lines, f"  ret {llvm_type(t)} {value}"]
        lines.append(f"  %i{i} = insertvalue {_plain(ft)} {current}, {llvm_type(t)} {value}, {i}")
        current = f"%i{i}"
    lines.append("  ret void" if ft.result == "void" else f"  ret {_plain(ft)} {current}")
    return lines
