"""Vector instructions: calls whose code is one or a few instructions on registers of 16 or 32 bytes.

The functions are declared without bodies in ``goroot/files``: internal/runtime/sys/vectors.go (type ``Vector``), internal/bytealg, internal/cpu.

How it works: a ``Vector`` is 16 bytes in memory, and operands are addresses. LLVM turns a local variable that is used only in such calls into a
register, in loops too. It could not do so if vectors were values of two words: a loop would carry two general registers.

Instructions that the level x86-64-v3 lacks (AES, SHA, carry-less multiplication) are inline assembly, which LLVM accepts whatever the
target's features are. So the functions around them can be compiled and inlined as all others.

Source: Intel 64 and IA-32 Architectures Software Developer's Manual, volume 2.

Differs from Go: Go has assembly files for whole functions.

Limits: code with an instruction that x86-64-v3 lacks dies of SIGILL where the processor lacks it too, so its callers ask ``internal/cpu.X86``
first. That the portable code stands in for it is tested with GODEBUG=cpu.all=off (tests/goroot/test_programs.py).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, TypeAlias

from tricolor.codegen.state import Gen
from tricolor.ir.nodes import Call

VectorIntrinsic: TypeAlias = Callable[[Gen, Call, list[str]], list[str]]

_VECTOR: Final = "<2 x i64>"


def _load(g: Gen, address: str) -> str:
    return g.op(f"load {_VECTOR}, ptr {address}, align 1")


def _store(g: Gen, address: str, value: str) -> list[str]:
    g.do(f"store {_VECTOR} {value}, ptr {address}, align 1")
    return []


def _same_bytes(size: int, other: Callable[[Gen, int, str], str]) -> VectorIntrinsic:
    """Bit n of the result is set if byte n at the address equals that of the other operand."""

    def emit(g: Gen, e: Call, args: list[str]) -> list[str]:
        vector = f"<{size} x i8>"
        left = g.op(f"load {vector}, ptr {args[0]}, align 1")
        same = g.op(f"icmp eq {vector} {left}, {other(g, size, args[1])}")
        bits = g.op(f"bitcast <{size} x i1> {same} to i{size}")
        return [bits if size == 32 else g.op(f"zext i{size} {bits} to i32")]

    return emit


def _one_byte(g: Gen, size: int, byte: str) -> str:
    vector = f"<{size} x i8>"
    first = g.op(f"insertelement {vector} poison, i8 {byte}, i32 0")
    return g.op(f"shufflevector {vector} {first}, {vector} poison, <{size} x i32> zeroinitializer")


def _other_bytes(g: Gen, size: int, address: str) -> str:
    return g.op(f"load <{size} x i8>, ptr {address}, align 1")


def _assembly(text: str, constraints: str = "=x,x,x") -> VectorIntrinsic:
    """``f(dst, x, y, ...)``: the instruction has the result as operand 0, then the values of x, y, ..."""

    def emit(g: Gen, e: Call, args: list[str]) -> list[str]:
        operands = ", ".join(f"{_VECTOR} {_load(g, a)}" for a in args[1:])
        return _store(g, args[0], g.op(f'call {_VECTOR} asm "{text}", "{constraints}"({operands})'))

    return emit


def _lanewise(operation: str, lanes: str) -> VectorIntrinsic:
    def emit(g: Gen, e: Call, args: list[str]) -> list[str]:
        x, y = (g.op(f"bitcast {_VECTOR} {_load(g, a)} to {lanes}") for a in args[1:])
        result = g.op(f"{operation} {lanes} {x}, {y}")
        return _store(g, args[0], g.op(f"bitcast {lanes} {result} to {_VECTOR}"))

    return emit


def _shuffle(lanes: str, order: list[int]) -> VectorIntrinsic:
    """Lane n of the result is lane ``order[n]`` of the operand."""

    def emit(g: Gen, e: Call, args: list[str]) -> list[str]:
        x = g.op(f"bitcast {_VECTOR} {_load(g, args[1])} to {lanes}")
        mask = ", ".join(f"i32 {n}" for n in order)
        result = g.op(f"shufflevector {lanes} {x}, {lanes} poison, <{len(order)} x i32> <{mask}>")
        return _store(g, args[0], g.op(f"bitcast {lanes} {result} to {_VECTOR}"))

    return emit


def _copy(g: Gen, e: Call, args: list[str]) -> list[str]:
    return _store(g, args[0], _load(g, args[1]))


def _sha256_schedule(g: Gen, e: Call, args: list[str]) -> list[str]:
    """The next four words of the schedule from the last sixteen, the oldest first."""
    w = [_load(g, a) for a in args[1:]]
    first = g.op(f'call {_VECTOR} asm "sha256msg1 $2, $0", "=x,0,x"({_VECTOR} {w[0]}, {_VECTOR} {w[1]})')
    words = [g.op(f"bitcast {_VECTOR} {v} to <4 x i32>") for v in (first, w[2], w[3])]
    middle = g.op(f"shufflevector <4 x i32> {words[1]}, <4 x i32> {words[2]}, <4 x i32> <i32 1, i32 2, i32 3, i32 4>")
    total = g.op(f"bitcast <4 x i32> {g.op(f'add <4 x i32> {words[0]}, {middle}')} to {_VECTOR}")
    return _store(g, args[0], g.op(f'call {_VECTOR} asm "sha256msg2 $2, $0", "=x,0,x"({_VECTOR} {total}, {_VECTOR} {w[3]})'))


def _crc32(text: str, result: str, operand: str) -> VectorIntrinsic:
    def emit(g: Gen, e: Call, args: list[str]) -> list[str]:
        return [g.op(f'call {result} asm "{text} $2, $0", "=r,0,r"({result} {args[0]}, {operand} {args[1]})')]

    return emit


def _cpuid(g: Gen, e: Call, args: list[str]) -> list[str]:
    four = "{i32, i32, i32, i32}"
    registers = g.op(
        f'call {four} asm sideeffect "cpuid", "={{ax}},={{bx}},={{cx}},={{dx}},{{ax}},{{cx}},~{{flags}}"(i32 {args[0]}, i32 {args[1]})'
    )
    return [g.op(f"extractvalue {four} {registers}, {i}") for i in range(4)]


def _xgetbv(g: Gen, e: Call, args: list[str]) -> list[str]:
    registers = g.op('call {i32, i32} asm sideeffect "xgetbv", "={ax},={dx},{cx}"(i32 0)')
    return [g.op(f"extractvalue {{i32, i32}} {registers}, {i}") for i in range(2)]


def _default_level(g: Gen, e: Call, args: list[str]) -> list[str]:
    """Go's default level of the processor: GODEBUG=cpu.* may then turn off what the levels above it require."""
    return ["1"]


def vector_intrinsics() -> dict[str, VectorIntrinsic]:
    """The emitters by symbol."""
    sys = "internal/runtime/sys."
    out: dict[str, VectorIntrinsic] = {
        "internal/cpu.cpuid": _cpuid,
        "internal/cpu.xgetbv": _xgetbv,
        "internal/cpu.getGOAMD64level": _default_level,
        f"{sys}VectorCopy": _copy,
        f"{sys}VectorXor": _lanewise("xor", _VECTOR),
        f"{sys}VectorAdd32": _lanewise("add", "<4 x i32>"),
        f"{sys}VectorSwapHalves": _shuffle(_VECTOR, [1, 0]),
        f"{sys}VectorReverseBytes": _shuffle("<16 x i8>", list(range(15, -1, -1))),
        f"{sys}VectorReverseBytes32": _shuffle("<16 x i8>", [3, 2, 1, 0, 7, 6, 5, 4, 11, 10, 9, 8, 15, 14, 13, 12]),
        f"{sys}VectorMultiplyLow": _assembly("vpclmulqdq $$0x00, $2, $1, $0"),
        f"{sys}VectorMultiplyHigh": _assembly("vpclmulqdq $$0x11, $2, $1, $0"),
        f"{sys}VectorMultiplyLowHigh": _assembly("vpclmulqdq $$0x10, $2, $1, $0"),
        f"{sys}AESEncrypt": _assembly("vaesenc $2, $1, $0"),
        f"{sys}AESEncryptLast": _assembly("vaesenclast $2, $1, $0"),
        f"{sys}AESDecrypt": _assembly("vaesdec $2, $1, $0"),
        f"{sys}AESDecryptLast": _assembly("vaesdeclast $2, $1, $0"),
        f"{sys}AESInverseMixColumns": _assembly("vaesimc $1, $0", "=x,x"),
        f"{sys}SHA256Rounds": _assembly("sha256rnds2 %xmm0, $2, $0", "=x,0,x,{xmm0}"),
        f"{sys}SHA256Schedule": _sha256_schedule,
        f"{sys}SHA1NextE": _assembly("sha1nexte $2, $0", "=x,0,x"),
        f"{sys}SHA1Schedule1": _assembly("sha1msg1 $2, $0", "=x,0,x"),
        f"{sys}SHA1Schedule2": _assembly("sha1msg2 $2, $0", "=x,0,x"),
        f"{sys}CRC32Castagnoli8": _crc32("crc32b", "i32", "i8"),
        f"{sys}CRC32Castagnoli64": _crc32("crc32q", "i64", "i64"),
    }
    for step in range(4):
        out[f"{sys}SHA1Rounds{step}"] = _assembly(f"sha1rnds4 $${step}, $2, $0", "=x,0,x")
    for size in (16, 32):
        out[f"internal/bytealg.match{size}"] = _same_bytes(size, _one_byte)
        out[f"internal/bytealg.same{size}"] = _same_bytes(size, _other_bytes)
    return out
