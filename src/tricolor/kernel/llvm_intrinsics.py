"""Writes intrinsics as LLVM text. The caller has written the arguments."""

from __future__ import annotations

from tricolor.kernel.llvm_writer import LLVM_ORDERS, Writer, type_text
from tricolor.kernel.tree import Intrinsic
from tricolor.kernel.types import Address, Float, Integer, Pointer, Void, align_bytes


def emit_intrinsic(w: Writer, node: Intrinsic, values: list[str]) -> str:
    """The value of an intrinsic; empty if it has none."""
    name = node.name
    if name.startswith(("load_", "store_")):
        return _raw_access(w, node, values)
    result = type_text(node.type)
    match name:
        case "memory_copy":
            text = "call void @llvm.memmove.p0.p0.i64(ptr {0}, ptr {1}, i64 {2}, i1 false)"
        case "memory_zero":
            text = "call void @llvm.memset.p0.i64(ptr {0}, i8 0, i64 {1}, i1 false)"
        case "memory_compare":
            w.references.uses_memcmp = True
            text = "call i32 @memcmp(ptr {0}, ptr {1}, i64 {2})"
        case "likely" | "unlikely":
            text = "call i1 @llvm.expect.i1(i1 {0}, i1 " + ("true)" if name == "likely" else "false)")
        case "prefetch":
            text = "call void @llvm.prefetch.p0(ptr {0}, i32 0, i32 3, i32 1)"
        case "spin_hint":
            text = 'call void asm sideeffect "pause", "~{{memory}}"()'
        case "frame_address":
            text = "call ptr @llvm.frameaddress.p0(i32 0)"
        case "keep_alive":
            text = 'call void asm sideeffect "", "r"(ptr {0})'
        case "fence":
            text = f"fence {LLVM_ORDERS[node.order]}"
        case "f64_to_bits":
            text = "bitcast double {0} to i64"
        case "f64_from_bits":
            text = "bitcast i64 {0} to double"
        case "multiply_high_u64":
            return _multiply_high(w, values)
        case _:
            text = _bits_text(name, result)
    line = text.format(*values)
    if isinstance(node.type, Void):
        w.emit(line)
        return ""
    return w.value(line)


def _bits_text(name: str, what: str) -> str:
    match name.rsplit("_", 1)[0]:
        case "count_trailing_zeros":
            return f"call {what} @llvm.cttz.{what}({what} {{0}}, i1 false)"
        case "count_leading_zeros":
            return f"call {what} @llvm.ctlz.{what}({what} {{0}}, i1 false)"
        case "population_count":
            return f"call {what} @llvm.ctpop.{what}({what} {{0}})"
        case "byte_swap":
            return f"call {what} @llvm.bswap.{what}({what} {{0}})"
        case "rotate_left":
            return f"call {what} @llvm.fshl.{what}({what} {{0}}, {what} {{0}}, {what} {{1}})"
        case other:
            raise AssertionError(other)


def _multiply_high(w: Writer, values: list[str]) -> str:
    left, right = (w.value(f"zext i64 {each} to i128") for each in values)
    product = w.value(f"mul i128 {left}, {right}")
    high = w.value(f"lshr i128 {product}, 64")
    return w.value(f"trunc i128 {high} to i64")


def _raw_access(w: Writer, node: Intrinsic, values: list[str]) -> str:
    is_load = node.name.startswith("load_")
    what = node.type if is_load else node.arguments[1].type
    assert isinstance(what, Integer | Float | Address | Pointer)
    align = 1 if "_unaligned_" in node.name else align_bytes(what)
    if is_load:
        return w.value(f"load {type_text(what)}, ptr {values[0]}, align {align}")
    w.emit(f"store {type_text(what)} {values[1]}, ptr {values[0]}, align {align}")
    return ""
