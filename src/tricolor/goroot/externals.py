"""The functions without a Go body in the standard library with the overlay, and their providers.

* ``KERNEL``: functions in the kernel language (``tricolor.runtime``), by symbol; ``files/runtime/kernel.go`` declares them.
* ``INTRINSICS``: functions that the code generator expands at each call (``codegen/intrinsics.py``).
* ``INTRINSICS_OVER_BODY``: functions with a Go body that would be wrong (not atomic) or slow; the code generator expands them too.

Variables: the data module defines a variable whose ``//go:linkname`` target begins with ``tricolor.``. Two declarations with the same symbol
are one variable.

Terms in the descriptions: a function that *parks* may switch to another goroutine; a *closure* is a func() value.
"""

from __future__ import annotations

from typing import Final

KERNEL: Final[dict[str, str]] = {
    # Memory. Types are descriptors; memory without a type holds no pointers.
    "runtime.mallocgc": "memory of size bytes for values of a type; zeroed if needzero is set or it holds pointers",
    "runtime.newobject": "zeroed memory for one value",
    "runtime.newarray": "zeroed memory for n values; panics as makeslice does",
    "runtime.makeslice": "zeroed memory for cap values",
    "runtime.growslice": "append's growth: slice of length newLen with the old contents",
    "runtime.typedmemmove": "copy one value (may overlap)",
    "runtime.typedmemclr": "zero one value",
    "runtime.typedslicecopy": "copy min(dstLen, srcLen) values (may overlap); return the number",
    "runtime.memmove": "copy bytes (may overlap); words are copied as words",
    "runtime.memclrNoHeapPointers": "zero bytes",
    "runtime.memequal": "whether n bytes are equal",
    "runtime.keepalive": "use a pointer, so that its object lives until then",
    "runtime.persistentalloc": "zeroed memory that is never freed and not scanned",
    # Garbage collector.
    "runtime.gcnext": "number of the first cycle that begins after this call",
    "runtime.gcstep": "work for a slice towards the end of that cycle; return whether it is complete",
    "runtime.gcscavenge": "return unused pages to the system",
    "runtime.gcsetpercent": "set GOGC (negative: off), while the world is stopped; return the old value",
    "runtime.gcbegindue": "begin a cycle if the heap has reached the trigger",
    "runtime.gcsetlimit": "set GOMEMLIMIT in bytes unless negative, while the world is stopped; return the old value",
    "runtime.gcstats": "fill a gcStats (files/runtime/memory.go), while the world is stopped",
    "runtime.gcsizes": "size, allocated and freed objects of the first n size classes",
    "runtime.gcpauses": "copy the rings of the last n pauses in ns and of their ends; cycle c is at (c-1) mod n; return how many there are",
    "runtime.timehistograms": "copy the first n counts of the histograms of pauses and of waits of goroutines that could run",
    "runtime.gcscannable": "bytes of objects and of globals with pointers; exact after gcstats",
    "runtime.setsamplebytes": "sample an object for the heap profile every so many bytes on average; 0: none; while the world is stopped",
    "runtime.heaprecords": "the first record of the heap profile (files/runtime/mprof.go), nil if there is none",
    "runtime.goroutinestacks": "the calling goroutine's stack, then those of all others: length and addresses; their labels too unless "
    "labels is nil; while the world is stopped; return the words that this needs and the number of goroutines",
    "runtime.blockevent": "count a wait of this goroutine in the block profile; skip 0: its stack begins in the calling function",
    "runtime.mutexevent": "the same for the mutex profile: how long others waited",
    "runtime.setblockrate": "count a wait of so many ns once on average; 0: none",
    "runtime.setmutexfraction": "count one of n waits for a lock; 0: none",
    "runtime.eventrecords": "the first record of the mutex or of the block profile, nil if there is none",
    "runtime.startcpuprofile": "sample call stacks; outside and system are the addresses that stand for foreign code and the runtime's own work",
    "runtime.stopcpuprofile": "end sampling",
    "runtime.readcpuprofile": "take whole records of the CPU profile (tricolor/runtime/scheduler/cpu_profile.py); return the number of words",
    "runtime.findobject": "beginning of the heap object that contains an address, nil if there is none; stores its size unless size is nil",
    "runtime.setfinalizer": "queue the closure func(obj) when obj dies; nil: remove it; return false if there is one already",
    "runtime.specialsleft": "whether a finalizer or cleanup is queued or runs",
    "runtime.setpools": "take the lists of pools of package sync, with values and with victims",
    "runtime.addcleanup": "queue a closure when obj dies; return an id, which is not 0",
    "runtime.stopcleanup": "remove a cleanup",
    "runtime.nextfinalizer": "parks until something is queued; 1: finalizer (object, closure), 2: cleanup (closure)",
    "runtime.weakhandle": "the weak handle of the object at an address, always the same one; a heap object",
    "runtime.weakload": "the address of the handle's object, nil if the object is gone",
    # Goroutines.
    "runtime.getg": "the running goroutine",
    "runtime.goid": "its number",
    "runtime.gwords": "five words in its record that the collector scans; zero in a new goroutine, except that it inherits the labels and the bubble",
    "runtime.newproc": "a goroutine that calls a closure",
    "runtime.newsystemproc": "as newproc; the goroutine is not counted, not shown in traces, and does not keep the program running",
    "runtime.newparkedproc": "as newproc; the goroutine waits for goready",
    "runtime.gosched": "parks; goes to the end of the run queue",
    "runtime.gopark": "parks until goready; releases the lock (unless nil) once it is parked",
    "runtime.gosleep": "gopark that also ends at a time (ns of nanotime): true then",
    "runtime.goready": "make a parked goroutine runnable; does nothing if its gosleep has ended already",
    "runtime.goexit0": "end the running goroutine",
    "runtime.bubblerelease": "take back an active of a bubble (files/runtime/synctest.go); wake a goroutine of it if it is blocked now",
    "runtime.showbubble": "let the trace of the panic that ends the program show the goroutines of a bubble",
    "runtime.gcount": "number of goroutines without system goroutines",
    "runtime.gomaxprocs": "set the number of threads if positive, by whom: 0 the program, 1 its wish for the default, 2 an update; return the old one",
    "runtime.setlimitshelper": "the code of the goroutine that lets GOMAXPROCS follow the limits of the machine",
    "runtime.waitforlimits": "parks that goroutine until it is time to look again",
    "runtime.lockthread": "keep the goroutine on its thread, and others off it",
    "runtime.unlockthread": "undo one lockthread",
    "runtime.ncpu": "number of processors that the process may use",
    "runtime.procpin": "prevent preemption of this goroutine until procunpin; return the number of the processor",
    "runtime.procunpin": "ends procpin",
    "runtime.canspin": "whether the holder of a lock may run on another processor, and no goroutine waits for this one",
    "runtime.procyield": "wait for about a microsecond",
    "runtime.stopworld": "let no other goroutine run until startworld, and pin this one; false if another goroutine stops the world: "
    "yield and try again",
    "runtime.startworld": "ends stopworld",
    "runtime.lock": "wait until a lock is free, and take it; its rank stands in lock_ranks.py",
    "runtime.unlock": "free a lock",
    "runtime.decoderune": "the rune at an index of a string, and the index of the next one",
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
    "runtime.chantimer": "note which timer sends to the channel: its len and cap are 0",
    "runtime.block": "parks for ever",
    # Panics, stacks, symbols.
    "runtime.resume": "continue where setresume saved the frame; does not return",
    "runtime.recovertoken": "take the token of the panic that the calling function may recover, nil if there is none",
    "runtime.forkbegin": "let this thread take no signals",
    "runtime.forkend": "undo forkbegin, in the parent",
    "runtime.forkchild": "in the child: give signals that are not ignored their default actions, and let them arrive",
    "runtime.signalenable": "record the signal from now on",
    "runtime.signaldisable": "give the signal its default action",
    "runtime.signalignore": "ignore the signal",
    "runtime.signalignored": "whether the signal is ignored",
    "runtime.signalnote": "record a signal as if it had arrived; false if the program does not want it",
    "runtime.diefromsignal": "end the process by a signal; does not return",
    "runtime.signalspending": "signals that are recorded and not taken; bit n-1 is signal n",
    "runtime.signalstake": "take the recorded signals",
    "runtime.setmaxstack": "set the largest size of a stack in bytes; return the old limit",
    "runtime.setpaniconfault": "set whether memory faults of this goroutine panic; return the old setting",
    "runtime.settoken": "pass a token on to the function that is called next",
    "runtime.callers": "store return addresses; skip 0 begins in the function that calls callers",
    "runtime.begincrash": "what is printed from here on is copied to the file of debug.SetCrashOutput",
    "runtime.crash": "show goroutines and end the program; true: for an error of the runtime, not of the program",
    "runtime.settracelevel": "bit 0: end by SIGABRT, bit 1: show all goroutines, from bit 2 on the level of traces",
    "runtime.setcrashdescriptor": "where a copy of the last words goes, -1: nowhere; return the descriptor from before",
    "runtime.tracebackstring": "write these traces to a buffer, for all goroutines while the world is stopped; return the number of bytes",
    "runtime.symbolize": "fill a pcSymbol (files/runtime/symtab.go); false if the address is not in the program",
    # Time and system.
    "runtime.pollinit": "make the epoll; false if there is no descriptor left",
    "runtime.pollopen": "register a descriptor, whose record begins with the words of its two directions; an error number",
    "runtime.pollclose": "forget a descriptor",
    "runtime.pollpark": "parks until the goroutine is taken from the word, which must be pollWaiting",
    "runtime.pollunpark": "take a goroutine from a word and make it runnable",
    "runtime.systemcall": "make a system call; another thread may take the processor meanwhile",
    "runtime.nanotime": "monotonic clock, ns",
    "runtime.walltime": "wall clock: seconds since 1970, ns",
    "runtime.writeerror": "write(2) to standard error; last words are copied",
    "runtime.write1": "write(2): bytes written or a negative error number",
    "runtime.exit": "end the program with a status; does not return",
    "runtime.fillrandom": "fill memory with random bytes of the system; false if the system has none",
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

# Declared in files/internal/runtime/sys/vectors.go.
_VECTORS = tuple(
    f"internal/runtime/sys.{name}"
    for name in (
        "VectorCopy", "VectorXor", "VectorAdd32", "VectorSwapHalves", "VectorReverseBytes", "VectorReverseBytes32",
        "VectorMultiplyLow", "VectorMultiplyHigh", "VectorMultiplyLowHigh",
        "AESEncrypt", "AESEncryptLast", "AESDecrypt", "AESDecryptLast", "AESInverseMixColumns",
        "SHA256Rounds", "SHA256Schedule", "SHA1NextE", "SHA1Schedule1", "SHA1Schedule2",
        "SHA1Rounds0", "SHA1Rounds1", "SHA1Rounds2", "SHA1Rounds3", "CRC32Castagnoli8", "CRC32Castagnoli64",
    )
)  # fmt: skip

INTRINSICS: Final[frozenset[str]] = frozenset(
    (
        *_VECTORS,
        "internal/bytealg.match16",
        "internal/bytealg.match32",
        "internal/bytealg.same16",
        "internal/bytealg.same32",
        "internal/cpu.cpuid",
        "internal/cpu.getGOAMD64level",
        "internal/cpu.xgetbv",
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
    "reflect.(*Value).pointer": "exists for linknames of other packages (reflect/badlinkname.go); no package uses it",
    "runtime.reflectcall": "reflect.call; the overlay calls through stubs instead",
}
"""Functions that are declared without a body and never called, with the reason."""

PROVIDED: Final[frozenset[str]] = frozenset({"main.main"})
"""Functions that the program itself defines."""
