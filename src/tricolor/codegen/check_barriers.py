"""Check in the emitted LLVM text that each store with the mark ``barrier`` has its write barrier, in the order that it needs.

How it works: one pass over each function's lines, which knows the two forms that ``codegen.memory`` writes.

Single pointers. Stores in a row share one test::

    %old = load volatile ptr, ptr %slot                    not for slots of an object that was just allocated: their old is null
    store volatile ptr %new, ptr %slot, !barrier           or an exchange or compare-and-swap, which load and store at once
    %flag = load volatile i32, ptr @tricolor.marking       after the store, and before any call, jump or label
    %off = icmp eq i32 %flag, 0
    br i1 %off, label %stored, label %marking
    marking: call @tricolor.barrier(ptr %old, ptr %new)    one for each store, in their order
    stored:

Bulk operations. All of it lies in one window, in which no signal stops the goroutine::

    call @tricolor.enter_window(), fence for the compiler, test as above
    marking: call @tricolor.shade_elements(..., ptr %target, ptr %source, i64 %bytes)    or shade_values
    bulk: call @llvm.memmove(ptr %target, ptr %source, i64 %bytes), !barrier             or memset, with source null
    fence for the compiler, call @tricolor.leave_window()

Limits: that LLVM keeps the order of volatile accesses, and moves nothing across the fence, is its promise.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import final

from tricolor.staticdata.barriers import BARRIER, COMPILER_FENCE

_LOAD = re.compile(r"  (%\S+) = load (?:atomic )?volatile ptr, ptr ([^ ,]+)(?: unordered)?, align 8")
_FRESH = re.compile(r'  (%\S+) = (?:call ptr @"(?:tricolor\.alloc|runtime\.newobject)"\(|getelementptr .*?, ptr ([^ ,]+))')
_STORE = re.compile(r"  store (?:atomic )?volatile ptr (.+), ptr ([^ ,]+)(?: unordered)?, align 8")
_EXCHANGE = re.compile(r"  (%\S+) = atomicrmw volatile xchg ptr [^ ,]+, ptr (.+) seq_cst, align 8")
_SWAP = re.compile(r"  %\S+ = cmpxchg volatile ptr [^ ,]+, ptr (.+), ptr (.+) seq_cst seq_cst, align 8")
_FLAG = re.compile(r'  (%\S+) = load volatile i32, ptr @"tricolor\.marking", align 4$')
_TEST = re.compile(r"  (%\S+) = icmp eq i32 (%\S+), 0$")
_BRANCH = re.compile(r"  br i1 (%\S+), label %([^ ,]+), label %([^ ,]+)")
_SHADE = re.compile(r'  call preserve_mostcc void @"tricolor\.barrier"\(ptr (.+), ptr (.+)\)')
_LEAVES = re.compile(r"  (?:%\S+ = )?(?:tail )?(?:call|br|ret|switch|unreachable)\b")

_ENTER = '  call void @"tricolor.enter_window"()'
_LEAVE = '  call void @"tricolor.leave_window"()'
_WINDOW = re.compile(
    rf"{re.escape(_ENTER)}.*\n  {re.escape(COMPILER_FENCE)}\n"
    r'  (?P<flag>%\S+) = load volatile i32, ptr @"tricolor\.marking", align 4\n'
    r"  (?P<off>%\S+) = icmp eq i32 (?P=flag), 0\n"
    r"  br i1 (?P=off), label %(?P<bulk>[^ ,]+), label %(?P<marking>[^ ,]+).*\n"
    r"(?P=marking):\n"
    r'  call void @"tricolor\.shade_(?:elements|values)"\(.*, ptr (?P<target>[^ ,]+), ptr (?P<source>[^ ,]+), i64 (?P<bytes>\S+)\).*\n'
    r"  br label %(?P=bulk)\n"
    r"(?P=bulk):\n"
    r"  call void @llvm\.mem\w+\.[\w.]*\(ptr (?:align \d+ )?(?P=target), (?:ptr (?:align \d+ )?(?P=source)|(?P<clear>i8 0)), i64 (?P=bytes), "
    rf"i1 \w+\){re.escape(BARRIER)}\n"
    rf"  {re.escape(COMPILER_FENCE)}\n{re.escape(_LEAVE)}.*"
)


def find_missing_barriers(text: str) -> Iterator[tuple[str, str]]:
    """Function header and LLVM line at which each store without a right barrier shows."""
    header = ""
    state = _Stores()
    window: list[str] | None = None
    for line in text.split("\n"):
        if line.startswith("define "):
            header, state, window = line, _Stores(), None
        elif window is not None:
            window.append(line)
            if line.startswith(_LEAVE) or line == "}":
                if not _is_right_window("\n".join(window)):
                    yield header, window[0]
                window = None
        elif line.startswith(_ENTER):
            window = [line]
            if state.pending:
                yield header, line
        elif not state.accepts(line):
            yield header, line
            state = _Stores()


def _is_right_window(text: str) -> bool:
    found = _WINDOW.fullmatch(text)
    return found is not None and (found["source"] == "null") == (found["clear"] is not None)


@final
@dataclass(slots=True)
class _Stores:
    """What is known of single stores at one line of a function.

    ``loaded``: the last pointer loaded from a slot. ``fresh``: addresses in objects allocated here. ``pending``: stores (old, new) that
    were not shaded yet. ``flag``, ``test``: loaded and compared after the last store. ``marking``, ``stored``: labels of the branch on it.
    """

    loaded: dict[str, str] = field(default_factory=dict[str, str])
    fresh: set[str] = field(default_factory=set[str])
    pending: list[tuple[str, str]] = field(default_factory=list[tuple[str, str]])
    flag: str = ""
    test: str = ""
    marking: str = ""
    stored: str = ""
    shading: bool = False

    def accepts(self, line: str) -> bool:
        """Take the next line; False if it breaks the order."""
        if self.marking:
            return self._accepts_shading(line)
        if line and line[0] not in " }":
            self.loaded.clear()
            return not self.pending
        if BARRIER in line:
            return self._add_store(line)
        self._follow(line)
        if (branch := _BRANCH.match(line)) and self.pending and branch[1] == self.test:
            self.stored, self.marking = branch[2], branch[3]
            return True
        if line == "}" or _LEAVES.match(line):
            self.loaded.clear()
            return not self.pending and "tricolor.barrier" not in line
        return True

    def _accepts_shading(self, line: str) -> bool:
        if not self.shading:
            self.shading = True
            return line == f"{self.marking}:"
        if shade := _SHADE.match(line):
            return bool(self.pending) and self.pending.pop(0) == (shade[1], shade[2])
        if line == f"  br label %{self.stored}":
            return not self.pending
        self.marking, self.shading = "", False
        self.loaded.clear()
        return line == f"{self.stored}:"

    def _add_store(self, line: str) -> bool:
        self.flag = self.test = ""
        if exchange := _EXCHANGE.match(line):
            self.pending.append((exchange[1], exchange[2]))
        elif swap := _SWAP.match(line):
            self.pending.append((swap[1], swap[2]))
        elif store := _STORE.match(line):
            old = self.loaded.pop(store[2], "null" if store[2] in self.fresh else "")
            self.pending.append((old, store[1]))
            return old != ""
        else:
            return False
        return True

    def _follow(self, line: str) -> None:
        if load := _LOAD.match(line):
            self.loaded[load[2]] = load[1]
        elif fresh := _FRESH.match(line):
            if fresh[2] is None or fresh[2] in self.fresh:
                self.fresh.add(fresh[1])
        elif flag := _FLAG.match(line):
            self.flag = flag[1]
        elif (test := _TEST.match(line)) and test[2] == self.flag:
            self.test = test[1]
