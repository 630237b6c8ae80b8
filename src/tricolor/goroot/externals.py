"""Every function without a Go body that the overlay leaves, and who provides it.

* ``KERNEL``: written in the kernel language (``tricolor.runtime``), by symbol; declared in ``files/runtime/kernel.go``.
* ``INTRINSICS``: made by the code generator (``codegen/intrinsics.py``) where they are called.
* ``INTRINSICS_OVER_BODY``: have a Go body that would be wrong (no atomic access) or slow; made by the code generator too.

Variables: one whose ``//go:linkname`` target begins with ``tricolor.`` is defined by the data module; two declarations with
one symbol are one variable.

Words for what a kernel function does: *parks* may switch to another goroutine; *closure* is a func() value.
"""

from __future__ import annotations

from typing import Final

KERNEL: Final[dict[str, str]] = {
    # Memory. Types are descriptors; without one there are no pointers.
    "runtime.mallocgc": "memory of so many bytes for values of a type; zeroed if needzero or if it holds pointers",
    "runtime.newobject": "zeroed memory for one value",
    "runtime.newarray": "zeroed memory for n values; panics as makeslice does",
    "runtime.makeslice": "zeroed memory for cap values",
    "runtime.growslice": "append's growth: slice of length newLen with the old contents",
    "runtime.typedmemmove": "copy one value (may overlap)",
    "runtime.typedmemclr": "zero one value",
    "runtime.typedslicecopy": "copy min(dstLen, srcLen) values (may overlap); gives the number",
    "runtime.memmove": "copy bytes (may overlap); words are copied as words",
    "runtime.memclrNoHeapPointers": "zero bytes",
    "runtime.memequal": "whether n bytes are equal",
    "runtime.persistentalloc": "zeroed memory that is never freed and not scanned",
    # Collector.
    "runtime.gccollect": "a full collection, finished when it returns",
    "runtime.gcscavenge": "give unused pages back to the system",
    "runtime.gcsetpercent": "set GOGC (negative: off); gives the old value",
    "runtime.gcsetlimit": "set GOMEMLIMIT in bytes unless negative; gives the old value",
    "runtime.gcstats": "fill a gcStats (files/runtime/memory.go)",
    "runtime.gcsizes": "size, allocated and freed objects of the first n size classes",
    "runtime.gcpauses": "copy the ring of the last n pauses in ns; cycle c is at (c-1) mod n",
    "runtime.findobject": "beginning of the heap object that an address lies in, nil if none; its size unless nil is given",
    "runtime.setfinalizer": "arrange that closure func(obj) is queued when obj dies, take it away if nil; false if there is one",
    "runtime.addcleanup": "arrange that a closure is queued when obj dies; gives an id that is not 0",
    "runtime.stopcleanup": "take a cleanup away",
    "runtime.nextfinalizer": "parks until something is queued; 1: finalizer (object, closure), 2: cleanup (closure)",
    "runtime.weakhandle": "the weak handle of the object at an address, the same one each time; a heap object",
    "runtime.weakload": "the address that the handle was made for, nil if the object is gone",
    # Goroutines.
    "runtime.getg": "the running goroutine",
    "runtime.goid": "its number",
    "runtime.gwords": "three words in its record that the collector scans; zero in a new goroutine",
    "runtime.newproc": "a goroutine that calls a closure",
    "runtime.newsystemproc": "the same, not counted, not shown, no reason to go on",
    "runtime.newparkedproc": "the same as newproc, but it waits for goready",
    "runtime.gosched": "parks; goes to the end of the run queue",
    "runtime.gopark": "parks until goready; stores 0 to *unlock (unless nil) once it is parked",
    "runtime.gosleep": "gopark that also ends at a time (ns of nanotime): true then",
    "runtime.goready": "make a parked goroutine runnable; nothing if gosleep has ended already",
    "runtime.goexit0": "end the running goroutine",
    "runtime.gcount": "number of goroutines, system ones not counted",
    "runtime.gomaxprocs": "set (if positive) the number of threads; gives the old one",
    "runtime.ncpu": "processors that the process may use",
    "runtime.procpin": "no preemption of this goroutine until procunpin; gives the number of the processor",
    "runtime.procunpin": "ends procpin",
    "runtime.decoderune": "the rune at a place of a string, and where the next one begins",
    # Channels.
    "runtime.makechan": "make(chan T, size)",
    "runtime.chansend1": "parks; c <- *elem",
    "runtime.chanrecv2": "parks; *elem, ok = <-c (elem may be nil)",
    "runtime.selectnbsend": "send if it does not block",
    "runtime.selectnbrecv": "receive if it does not block: (selected, received)",
    "runtime.selectgo": "parks; sends first, then receives: (index, received), index -1 if it would block and may not",
    "runtime.closechan": "close(c)",
    "runtime.chanlen": "len(c)",
    "runtime.chancap": "cap(c)",
    "runtime.chantimer": "note that a timer sends to the channel: its len and cap are 0, waiting for it is no deadlock",
    "runtime.block": "parks for ever",
    # Panics, stacks, symbols.
    "runtime.resume": "continue where setresume saved the frame; does not return",
    "runtime.recovertoken": "the panic that may be recovered by the function that begins, nil if there is none; forgets it",
    "runtime.signalenable": "note the signal from here on",
    "runtime.signaldisable": "give the signal its default action",
    "runtime.signalignore": "ignore the signal",
    "runtime.signalignored": "whether the signal is ignored",
    "runtime.signalspending": "signals noted and not taken; bit n-1 is signal n",
    "runtime.signalstake": "take them",
    "runtime.setpaniconfault": "whether faults of memory in this goroutine panic from here on; what was set",
    "runtime.settoken": "hand such a token on to the function that is called next",
    "runtime.callers": "return addresses: skip 0 begins in the function that calls it",
    "runtime.printstacks": "goroutine traces on standard error: of this goroutine or of all",
    "runtime.tracebackstring": "the same into a buffer; gives the bytes used",
    "runtime.symbolize": "fill a pcSymbol (files/runtime/symtab.go); false if the address is not in the program",
    # Time and system.
    "runtime.nanotime": "monotonic clock, ns",
    "runtime.walltime": "wall clock: seconds since 1970, ns",
    "runtime.write1": "write(2): bytes written or a negative error number",
    "runtime.exit": "end the program with a status; does not return",
    "runtime.fillrandom": "fill with random bytes of the system; false if there are none",
    "runtime.argc": "number of arguments",
    "runtime.argv": "arguments, C strings",
    "runtime.environ": "environment, C strings, nil at the end",
}

_ATOMIC_TYPES = ("Int32", "Int64", "Uint32", "Uint64", "Uintptr")

_SYNC_ATOMIC = tuple(
    f"sync/atomic.{operation}{kind}"
    for operation, kinds in {
        "Load": (*_ATOMIC_TYPES, "Pointer"),
        "Store": (*_ATOMIC_TYPES, "Pointer"),
        "Swap": (*_ATOMIC_TYPES, "Pointer"),
        "CompareAndSwap": (*_ATOMIC_TYPES, "Pointer"),
        "Add": _ATOMIC_TYPES,
        "And": _ATOMIC_TYPES,
        "Or": _ATOMIC_TYPES,
    }.items()
    for kind in kinds
)

# Signatures: internal/runtime/atomic/atomic_amd64.go, stubs.go.
_RUNTIME_ATOMIC = tuple(
    f"internal/runtime/atomic.{name}"
    for name in (
        "And", "And32", "And64", "And8", "Anduintptr", "Cas", "Cas64", "CasRel", "Casint32", "Casint64", "Casp1",
        "Casuintptr", "Loadint32", "Loadint64", "Loaduint", "Loaduintptr", "Or", "Or32", "Or64", "Or8", "Oruintptr",
        "Store", "Store64", "Store8", "StoreRel", "StoreRel64", "StoreReluintptr", "Storeint32", "Storeint64",
        "StorepNoWB", "Storeuintptr", "Xadd", "Xadd64", "Xaddint32", "Xaddint64", "Xadduintptr", "Xchg", "Xchg64",
        "Xchg8", "Xchgint32", "Xchgint64", "Xchguintptr", "casPointer", "storePointer",
    )
)  # fmt: skip

INTRINSICS: Final[frozenset[str]] = frozenset(
    (
        *_SYNC_ATOMIC,
        *_RUNTIME_ATOMIC,
        "internal/abi.FuncPCABI0",
        "internal/abi.FuncPCABIInternal",
        "internal/runtime/sys.GetCallerPC",
        "internal/runtime/sys.GetCallerSP",
        "internal/runtime/sys.GetClosurePtr",
        "internal/runtime/syscall/linux.Syscall6",
    )
)

INTRINSICS_OVER_BODY: Final[frozenset[str]] = frozenset(
    f"internal/runtime/atomic.{name}" for name in ("Load", "Load64", "Load8", "LoadAcq", "LoadAcq64", "LoadAcquintptr", "Loadp")
)

UNREACHABLE: Final[dict[str, str]] = {
    "reflect.(*Value).pointer": "a name for other packages to pull (reflect/badlinkname.go); nothing does",
    "runtime.reflectcall": "reflect.call: the overlay calls through stubs instead",
}
"""Declared without a body, and never called."""

PROVIDED: Final[frozenset[str]] = frozenset({"main.main"})
"""Defined by the program itself."""
