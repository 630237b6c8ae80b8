"""Runs cycles that several threads mark, natively. As a program, with a mutant of a kernel, since a check that fails ends the process:

python -m tests.runtime.parallel_marking MODULE WRONG_TEXT_FILE
"""

from __future__ import annotations

import ctypes
import sys
from collections.abc import Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any

from tests.runtime.memory_native import Memory

THREADS = 4
GC_PERCENT, CLOBBER_FREE, CHECKMARK, PAST_END = 1, 6, 7, 9
NODES = 40_000
WORD = ctypes.c_uint64
SIGNATURES: dict[str, tuple[Any, ...]] = {
    "threads.start": (None, ctypes.c_uint32),
    "parallel.build": (None, WORD, WORD, WORD),
    "parallel.begin": (ctypes.c_bool,),
    "parallel.mark": (WORD, WORD),
    "parallel.end": (ctypes.c_bool, ctypes.c_bool),
    "parallel.mutate": (WORD, WORD, WORD, WORD),
    "parallel.lost": (WORD, WORD),
    "parallel.forget": (None, WORD),
}


class Markers:
    """A heap, and threads that mark it and change it."""

    def __init__(self, texts: Mapping[str, str] | None = None) -> None:
        modules = ["tests.runtime.threads_kernel", "tests.runtime.parallel_kernel"]
        self.heap = Memory(1 << 33, modules=modules, more_symbols=list(SIGNATURES), texts=texts)
        for key, value in ((PAST_END, 0), (GC_PERCENT, -1), (CHECKMARK, 1), (CLOBBER_FREE, 1)):
            self.heap.call("configure", key, value)
        self.functions = {name: ctypes.CFUNCTYPE(*signature)(self.heap.loaded.addresses[name]) for name, signature in SIGNATURES.items()}
        self.pool = ThreadPoolExecutor(2 * THREADS)
        self.pointer = self.heap.go_type(8, [0])
        self.call("threads.start", 1)

    def call(self, name: str, *arguments: int) -> Any:
        return self.functions[name](*arguments)

    def on_threads(self, name: str, numbers: range, *arguments: int) -> list[Future[int]]:
        """Begins a function on threads; its first argument is the thread's number."""
        return [self.pool.submit(self.functions[name], number, *arguments) for number in numbers]

    def mark_alone(self, edges: int) -> list[int]:
        """A cycle over a new heap that nothing changes; gives what each thread has marked, in bytes."""
        self.forget()
        self.call("parallel.build", NODES, self.pointer, edges)
        assert self.call("parallel.begin")
        marked = [each.result() for each in self.on_threads("parallel.mark", range(THREADS))]
        assert self.call("parallel.end", 1)
        self.heap.call("check")
        return marked

    def mark_beside(self, steps: int) -> None:
        """A cycle over the present heap while other threads change it."""
        assert self.call("parallel.begin")
        mutators = self.on_threads("parallel.mutate", range(THREADS, 2 * THREADS), steps, self.pointer)
        markers = self.on_threads("parallel.mark", range(THREADS))
        assert [each.result() for each in mutators] == [0] * THREADS
        for each in markers:
            each.result()
        assert self.call("parallel.end", 0)
        self.heap.call("check")
        assert [self.call("parallel.lost", number) for number in range(THREADS, 2 * THREADS)] == [0] * THREADS

    def close(self) -> None:
        """Empties the heap."""
        self.forget()
        self.heap.clear()

    def forget(self) -> None:
        """Empties the registers of all mutators."""
        for number in range(2 * THREADS):
            self.call("parallel.forget", number)


def run(markers: Markers, rounds: int) -> None:
    """Both kinds of cycles, over many heaps."""
    for number in range(rounds):
        markers.mark_alone(2 + number % 3)
        for _ in range(3):
            markers.mark_beside(30_000)


if __name__ == "__main__":
    run(Markers({sys.argv[1]: Path(sys.argv[2]).read_text(encoding="utf-8")}), 20)
