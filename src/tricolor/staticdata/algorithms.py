"""Equality and hash functions of Go types, as LLVM text.

Types with equal *signatures* share their functions. A signature is a sequence of steps over the bytes of a value:
``M<n>`` n bytes of plain memory, ``F`` float32, ``D`` float64, ``S`` string, ``I`` interface with methods, ``E`` empty
interface, ``_<n>`` n bytes to skip (padding, blank fields), ``[<n>*steps]`` n elements.

Functions follow the convention for code of func values, so that descriptors can hold closures of them:
``i1 zeroext (ptr context, ptr p, ptr q)`` and ``i64 (ptr context, ptr p, i64 seed)``; the context is not used.

Source: Go 1.27.3 cmd/compile/internal/reflectdata/alg.go.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import TypeAlias, final

from tricolor.gotypes.sizes import is_comparable, is_memory_comparable, size_of, struct_layout
from tricolor.gotypes.types import Array, Basic, Interface, Kind, Struct, Type, underlying
from tricolor.staticdata.llvmtypes import quote

GO_ATTRIBUTES = '"split-stack" "frame-pointer"="all" nounwind'
"""Attributes of every function that runs on a goroutine's stack."""

INLINE_COMPARE_BYTES = 32
"""Loads compare plain memory up to this size, a call compares more. A higher limit makes functions larger."""


@final
@dataclass(frozen=True, slots=True)
class Step:
    """One leaf step: ``kind`` is M, F, D, S, I, E or _; ``size`` its length in bytes."""

    kind: str
    size: int

    def __str__(self) -> str:
        return f"{self.kind}{self.size}" if self.kind in "M_" else self.kind


@final
@dataclass(frozen=True, slots=True)
class Repeat:
    """``count`` elements of ``size`` bytes, each handled by ``steps``."""

    count: int
    size: int
    steps: Steps

    def __str__(self) -> str:
        return f"[{self.count}*{signature_text(self.steps)}]"


Steps: TypeAlias = "tuple[Step | Repeat, ...]"


def signature_text(steps: Steps) -> str:
    """The signature in text: names the functions."""
    return "".join(map(str, steps))


@cache
def steps_of(t: Type) -> Steps:
    """Steps of a comparable type, adjacent plain memory joined."""
    assert is_comparable(t), f"{t} is not comparable"
    u = underlying(t)
    if is_memory_comparable(u):
        return (Step("M", size_of(u)),) if size_of(u) else ()
    match u:
        case Basic():
            return {
                Kind.FLOAT32: (Step("F", 4),),
                Kind.FLOAT64: (Step("D", 8),),
                Kind.COMPLEX64: (Step("F", 4), Step("F", 4)),
                Kind.COMPLEX128: (Step("D", 8), Step("D", 8)),
                Kind.STRING: (Step("S", 16),),
            }[u.kind]
        case Interface():
            return (Step("I" if u.methods else "E", 16),)
        case Array():
            inner = steps_of(u.elem)
            if u.length == 1 or not inner:
                return inner
            return (Repeat(u.length, size_of(u.elem), inner),)
        case Struct():
            return _struct_steps(u)
        case _:
            raise AssertionError(f"{t} has no equality")


def _struct_steps(t: Struct) -> Steps:
    out: list[Step | Repeat] = []
    layout = struct_layout(t)
    end = 0
    for f, offset in zip(t.fields, layout.offsets, strict=True):
        if offset > end:
            _push(out, Step("_", offset - end))
        end = offset + size_of(f.type)
        if f.name == "_":
            _push(out, Step("_", size_of(f.type)))
            continue
        for step in steps_of(f.type):
            _push(out, step)
    if layout.size > end:
        _push(out, Step("_", layout.size - end))
    return tuple(out)


def _push(out: list[Step | Repeat], step: Step | Repeat) -> None:
    if isinstance(step, Step) and step.kind in "M_":
        if step.size == 0:
            return
        last = out[-1] if out else None
        if isinstance(last, Step) and last.kind == step.kind:
            out[-1] = Step(step.kind, last.size + step.size)
            return
    out.append(step)


def equal_symbol(steps: Steps) -> str:
    """Symbol of the equality function."""
    return f"type:.eq.{signature_text(steps)}"


def hash_symbol(steps: Steps) -> str:
    """Symbol of the hash function."""
    return f"type:.hash.{signature_text(steps)}"


def nested(steps: Steps) -> list[Steps]:
    """Steps of array elements. The function for ``steps`` calls their functions."""
    return [step.steps for step in steps if isinstance(step, Repeat)]


EQUAL_RUNTIME = {
    "runtime.memequal": "declare zeroext i1 @runtime.memequal(ptr, ptr, i64)",
    "runtime.efaceeq": "declare zeroext i1 @runtime.efaceeq(ptr, ptr, ptr)",
    "runtime.ifaceeq": "declare zeroext i1 @runtime.ifaceeq(ptr, ptr, ptr)",
}
HASH_RUNTIME = {
    "runtime.memhash": "declare i64 @runtime.memhash(ptr, i64, i64)",
    "runtime.memhash32": "declare i64 @runtime.memhash32(ptr, i64)",
    "runtime.memhash64": "declare i64 @runtime.memhash64(ptr, i64)",
    "runtime.strhash": "declare i64 @runtime.strhash(ptr, i64)",
    "runtime.interhash": "declare i64 @runtime.interhash(ptr, i64)",
    "runtime.nilinterhash": "declare i64 @runtime.nilinterhash(ptr, i64)",
    "runtime.f32hash": "declare i64 @runtime.f32hash(ptr, i64)",
    "runtime.f64hash": "declare i64 @runtime.f64hash(ptr, i64)",
}


@final
class _Body:
    """Text of one function under construction: fresh names and lines."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.counter = 0

    def name(self) -> str:
        self.counter += 1
        return f"%v{self.counter}"

    def emit(self, text: str) -> str:
        name = self.name()
        self.lines.append(f"  {name} = {text}")
        return name

    def at(self, base: str, offset: int) -> str:
        return self.emit(f"getelementptr i8, ptr {base}, i64 {offset}") if offset else base


def equal_function(steps: Steps) -> str:
    """Definition of the equality function: false at the first difference. Compares steps in order, but string contents
    late, before the next step that may panic or be slow: lengths and scalars are cheaper."""
    body = _Body()
    offset = 0
    strings: list[tuple[str, str, str]] = []
    for step in steps:
        size = step.count * step.size if isinstance(step, Repeat) else step.size
        if isinstance(step, Repeat):
            _equal_contents(body, strings)
            _equal_loop(body, step, offset)
        elif step.kind == "M":
            _equal_memory(body, offset, step.size)
        elif step.kind == "S":
            strings.append(_equal_lengths(body, offset))
        elif step.kind in "IE":
            _equal_contents(body, strings)
            _equal_interface(body, step.kind, offset)
        elif step.kind != "_":
            _equal_float(body, step.kind, offset)
        offset += size
    _equal_contents(body, strings)
    return (
        f"define zeroext i1 {quote(equal_symbol(steps))}(ptr %context, ptr %p, ptr %q) {GO_ATTRIBUTES} {{\n"
         "entry:\n" + "\n".join(body.lines) + "\n  ret i1 true\nneq:\n  ret i1 false\n}\n"
    )  # fmt: skip


def _require(body: _Body, condition: str) -> None:
    """Leave with false unless ``condition``."""
    following = body.name()[1:]
    body.lines.append(f"  br i1 {condition}, label %{following}, label %neq")
    body.lines.append(f"{following}:")


def _equal_memory(body: _Body, offset: int, size: int) -> None:
    if size > INLINE_COMPARE_BYTES:
        p, q = body.at("%p", offset), body.at("%q", offset)
        _require(body, body.emit(f"call zeroext i1 @runtime.memequal(ptr {p}, ptr {q}, i64 {size})"))
        return
    end = offset + size
    while offset < end:
        width = next(w for w in (8, 4, 2, 1) if w <= end - offset)
        x = body.emit(f"load i{width * 8}, ptr {body.at('%p', offset)}, align 1")
        y = body.emit(f"load i{width * 8}, ptr {body.at('%q', offset)}, align 1")
        _require(body, body.emit(f"icmp eq i{width * 8} {x}, {y}"))
        offset += width


def _equal_float(body: _Body, kind: str, offset: int) -> None:
    p, q = body.at("%p", offset), body.at("%q", offset)
    ty = "float" if kind == "F" else "double"
    x, y = body.emit(f"load {ty}, ptr {p}"), body.emit(f"load {ty}, ptr {q}")
    _require(body, body.emit(f"fcmp oeq {ty} {x}, {y}"))


def _equal_lengths(body: _Body, offset: int) -> tuple[str, str, str]:
    """Compare the lengths of two strings; gives the addresses of both and the length."""
    p, q = body.at("%p", offset), body.at("%q", offset)
    p2, q2 = body.at("%p", offset + 8), body.at("%q", offset + 8)
    n, m = body.emit(f"load i64, ptr {p2}"), body.emit(f"load i64, ptr {q2}")
    _require(body, body.emit(f"icmp eq i64 {n}, {m}"))
    return body.emit(f"load ptr, ptr {p}"), body.emit(f"load ptr, ptr {q}"), n


def _equal_contents(body: _Body, strings: list[tuple[str, str, str]]) -> None:
    """Compare the contents of strings of equal lengths, and forget them."""
    for x, y, n in strings:
        _require(body, body.emit(f"call zeroext i1 @runtime.memequal(ptr {x}, ptr {y}, i64 {n})"))
    strings.clear()


def _equal_interface(body: _Body, kind: str, offset: int) -> None:
    p, q = body.at("%p", offset), body.at("%q", offset)
    x, y = body.emit(f"load ptr, ptr {p}"), body.emit(f"load ptr, ptr {q}")
    _require(body, body.emit(f"icmp eq ptr {x}, {y}"))
    p2, q2 = body.at("%p", offset + 8), body.at("%q", offset + 8)
    v, w = body.emit(f"load ptr, ptr {p2}"), body.emit(f"load ptr, ptr {q2}")
    function = "runtime.efaceeq" if kind == "E" else "runtime.ifaceeq"
    _require(body, body.emit(f"call zeroext i1 @{function}(ptr {x}, ptr {v}, ptr {w})"))


def _loop_head(body: _Body, step: Repeat, carried: str = "") -> tuple[str, str, str]:
    """Begin a loop over a Repeat; gives (label, index name, byte offset name). ``carried``: a further phi line."""
    before, label = body.name()[1:], body.name()[1:]
    index = body.name()
    body.lines += [f"  br label %{before}", f"{before}:", f"  br label %{label}", f"{label}:"]
    body.lines.append(f"  {index} = phi i64 [ 0, %{before} ], [ {index}n, %{label}l ]")
    if carried:
        body.lines.append(carried.format(before=before, last=f"{label}l"))
    return label, index, body.emit(f"mul i64 {index}, {step.size}")


def _loop_tail(body: _Body, step: Repeat, label: str, index: str) -> None:
    done = body.name()[1:]
    body.lines += [f"  br label %{label}l", f"{label}l:", f"  {index}n = add i64 {index}, 1"]
    more = body.emit(f"icmp ult i64 {index}n, {step.count}")
    body.lines += [f"  br i1 {more}, label %{label}, label %{done}", f"{done}:"]


def _equal_loop(body: _Body, step: Repeat, offset: int) -> None:
    p0, q0 = body.at("%p", offset), body.at("%q", offset)
    label, index, at = _loop_head(body, step)
    p = body.emit(f"getelementptr i8, ptr {p0}, i64 {at}")
    q = body.emit(f"getelementptr i8, ptr {q0}, i64 {at}")
    symbol = quote(equal_symbol(step.steps))
    _require(body, body.emit(f"call zeroext i1 {symbol}(ptr null, ptr {p}, ptr {q})"))
    _loop_tail(body, step, label, index)


_LEAF_HASH = {"F": "f32hash", "D": "f64hash", "S": "strhash", "I": "interhash", "E": "nilinterhash"}


def hash_function(steps: Steps) -> str:
    """Definition of the hash function: the hash of each step is the seed of the next."""
    body = _Body()
    offset, seed = 0, "%seed"
    for step in steps:
        if isinstance(step, Repeat):
            seed = _hash_loop(body, step, offset, seed)
            offset += step.count * step.size
            continue
        if step.kind != "_":
            p = body.at("%p", offset)
            if step.kind == "M" and step.size not in (4, 8):
                call = f"@runtime.memhash(ptr {p}, i64 {seed}, i64 {step.size})"
            else:
                name = f"memhash{step.size * 8}" if step.kind == "M" else _LEAF_HASH[step.kind]
                call = f"@runtime.{name}(ptr {p}, i64 {seed})"
            seed = body.emit(f"call i64 {call}")
        offset += step.size
    return (
        f"define i64 {quote(hash_symbol(steps))}(ptr %context, ptr %p, i64 %seed) {GO_ATTRIBUTES} {{\n"
         "entry:\n" + "\n".join(body.lines) + f"\n  ret i64 {seed}\n}}\n"
    )  # fmt: skip


def _hash_loop(body: _Body, step: Repeat, offset: int, seed: str) -> str:
    base = body.at("%p", offset)
    state = body.name()
    carried = f"  {state} = phi i64 [ {seed}, %{{before}} ], [ {state}n, %{{last}} ]"
    label, index, at = _loop_head(body, step, carried)
    p = body.emit(f"getelementptr i8, ptr {base}, i64 {at}")
    symbol = quote(hash_symbol(step.steps))
    body.lines.append(f"  {state}n = call i64 {symbol}(ptr null, ptr {p}, i64 {state})")
    _loop_tail(body, step, label, index)
    return f"{state}n"
