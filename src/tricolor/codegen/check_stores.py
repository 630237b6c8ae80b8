"""Check in the emitted LLVM text that all pointer stores of compiled Go code come from ``codegen.memory``.

Terms: *private*, *shared* and *the door* as in ``codegen.memory``; *marks* as in ``staticdata.barriers``.

How it works: one pass over each function's lines. Private addresses begin as allocas, memory for results (``sret``) and owned
parameters; addresses computed from private ones are private too, all others are taken as shared. Then

* a store, exchange or compare-and-swap of a type that contains ``ptr`` must have a private address or the mark ``barrier``,
  ``noscan`` or ``raw``; outside the runtime's own packages ``raw`` may only store code addresses;
* ``memmove``, ``memcpy`` and ``memset`` must have a private address or the mark ``barrier`` or ``noscan``;
* what a call passes as memory for results that contain pointers, or as an owned parameter, must be private;
* other LLVM intrinsics without a result are refused unless they are known not to write to memory;
* what has the mark ``barrier`` must have its write barrier (``check_barriers``).

Limits: a pointer that was converted to an integer and is stored as such is not seen, nor is it a pointer for the collector. The
check trusts ``noscan``, which ``codegen.memory`` derives from the type. The text is checked before LLVM optimises it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from tricolor.base.errors import CompilerBug
from tricolor.codegen.check_barriers import find_missing_barriers
from tricolor.staticdata.barriers import BARRIER, NOSCAN, OWNED, RAW

_DEFINE = re.compile(r'define [^@]*@(?:"([^"]+)"|([\w.$]+))\((.*)\)[^)]*\{')
_ADDRESS = re.compile(r"  (%\S+) = (?:getelementptr .*?, ptr ([^ ,]+)|alloca )")
_CHOICE = re.compile(r"  (%\S+) = (?:select i1 [^ ,]+, ptr ([^ ,]+), ptr ([^ ,]+)|phi ptr (.*))")
_STORE = re.compile(r"  store (?:atomic )?(?:volatile )?(.*), ptr ([^ ,]+)(?: unordered| monotonic| release| seq_cst)?, align \d+(.*)")
_EXCHANGE = re.compile(r"  (?:%\S+ = )?(?:atomicrmw|cmpxchg) (?:weak )?(?:volatile )?(?:\w+ )?ptr ([^ ,]+), ptr .*")
_BULK = re.compile(r"  call void @llvm\.mem(?:move|cpy|set)\.[\w.]*\(ptr (?:align \d+ )?([^ ,]+),.*\)(.*)")
_HARMLESS = re.compile(r"  call void @llvm\.(?:prefetch|trap|lifetime|assume|dbg)\b")
_RUNTIME = re.compile(r"(?:internal/)?runtime[./]")


def check_stores(text: str) -> None:
    """Raise CompilerBug for the first store in a module's text that breaks an invariant of ``codegen.memory``."""
    for symbol, line in find_stray_stores(text):
        raise CompilerBug(symbol, 0, f"a pointer is stored without codegen.memory knowing: {line.strip()}")
    for header, line in find_missing_barriers(text):
        raise CompilerBug(_header(header)[0], 0, f"a store of a pointer lacks its write barrier, which shows at: {line.strip()}")


def find_stray_stores(text: str) -> Iterator[tuple[str, str]]:
    """Function and LLVM line of each store that breaks an invariant of ``codegen.memory``."""
    symbol = ""
    private: set[str] = set()
    for line in text.split("\n"):
        if line.startswith("define "):
            symbol, parameters = _header(line)
            private = {p.split(" ")[-1] for p in _split(parameters) if "sret(" in p or OWNED in p}
        elif line.startswith("  ") and not _is_right(line, private, symbol):
            yield symbol, line


def _header(line: str) -> tuple[str, str]:
    """Symbol and parameters in the first line of a function."""
    header = _DEFINE.match(line)
    assert header is not None, f"unreadable function header: {line}"
    return header[1] or header[2], header[3]


def _is_right(line: str, private: set[str], symbol: str) -> bool:
    """Whether the line keeps the invariants. Adds the address that it computes to ``private`` if it is."""
    if line.startswith("  store "):
        return _is_right_store(line, private, symbol)
    if " call " in line or line.startswith("  call "):
        return _is_right_call(line, private)
    if "atomicrmw " in line or "cmpxchg " in line:
        exchange = _EXCHANGE.match(line)
        return exchange is None or exchange[1] in private or BARRIER in line or (RAW in line and _is_runtime(symbol))
    if address := _ADDRESS.match(line):
        if address[2] is None or address[2] in private:
            private.add(address[1])
    elif (choice := _CHOICE.match(line)) and all(v in private for v in _choices(choice)):
        private.add(choice[1])
    return True


def _is_right_store(line: str, private: set[str], symbol: str) -> bool:
    store = _STORE.match(line)
    if store is None:
        return False
    stored, address, marks = store.groups()
    first = _split(stored, " ")[0]
    if "ptr" not in first or address in private or BARRIER in marks or NOSCAN in marks:
        return True
    return RAW in marks and (_is_runtime(symbol) or stored.startswith("ptr @"))


def _is_right_call(line: str, private: set[str]) -> bool:
    if " @llvm." in line:
        if not line.startswith("  call void "):
            return True
        bulk = _BULK.match(line)
        if bulk is None:
            return _HARMLESS.match(line) is not None
        return bulk[1] in private or BARRIER in bulk[2] or NOSCAN in bulk[2]
    if "sret(" not in line and OWNED not in line:
        return True
    operands = _split(line[line.index("(") + 1 :])
    given = (p for p in operands if OWNED in p or ("sret(" in p and "ptr" in p.removeprefix("ptr ")))
    return all(p.rstrip(")").split(" ")[-1] in private for p in given)


def _is_runtime(symbol: str) -> bool:
    return _RUNTIME.match(symbol) is not None


def _choices(found: re.Match[str]) -> list[str]:
    """The addresses that a select or phi chooses from."""
    if found[4] is None:
        return [found[2], found[3]]
    return re.findall(r"\[ ([^ ,]+),", found[4])


def _split(text: str, separator: str = ",") -> list[str]:
    """Split at the separators outside brackets, up to the bracket that closes the list."""
    parts: list[str] = []
    depth = start = 0
    quoted = False
    for i, c in enumerate(text):
        if c == '"':
            quoted = not quoted
        elif quoted:
            continue
        elif c in "({[<":
            depth += 1
        elif c in ")}]>":
            depth -= 1
            if depth < 0:
                return [*parts, text[start:i].strip()]
        elif c == separator and depth == 0:
            parts.append(text[start:i].strip())
            start = i + 1
    return [*parts, text[start:].strip()]
