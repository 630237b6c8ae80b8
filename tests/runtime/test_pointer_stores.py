"""The runtime stores Go pointers into objects of the heap through runtime.pointer_stores only."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import tricolor.runtime

RUNTIME = Path(tricolor.runtime.__file__).parent
OWN_MEMORY = ("allocator", "collector", "scheduler", "system")
"""Folders whose memory is no Go value: spans, mark bits, stacks, queues, buffers of output."""

WRITERS = frozenset({"memory_copy", "memory_zero", "store_addr", "atomic_store_addr"})
"""What writes pointers, or bytes that may be pointers, to an address."""

WITHOUT_POINTERS = {
    "allocation_trace.py": {"_remember"},
    "element_copy.py": {f"{name}_{size}" for name in ("memcpy", "memmove") for size in (1, 2, 4, 8)},
    "mutator/malloc.py": {"alloc_typed"},
    "mutator/weak.py": {"weak_handle"},
    "pointer_stores.py": {"store_go_pointer", "copy_go_value", "copy_go_values", "clear_go_values"},
    "profiles.py": {"goroutine_stacks"},
    "selects.py": {"lock_order"},
    "slices.py": {"growslice", "memmove", "memclr"},
    "strings.py": {"concatstrings", "slicebytetostring", "raw_bytes", "stringtoslicebyte"},
}
"""Functions that write themselves, by file: what they write holds no Go pointers. alloc_typed writes the
header in front of an object, weak_handle an address that the collector must not follow; growslice clears the rest of a noscan array; goroutine_stacks copies return addresses; lock_order copies numbers of cases; LLVM calls element_copy in place of loops in which there is no write barrier."""


def writers(source: str) -> Iterator[str]:
    """The functions that call one of ``WRITERS``."""
    for function in ast.walk(ast.parse(source)):
        if isinstance(function, ast.FunctionDef):
            for node in ast.walk(function):
                if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in WRITERS:
                    yield function.name


def assigned_fields(source: str) -> Iterator[str]:
    """The fields that are assigned to."""
    for node in ast.walk(ast.parse(source)):
        targets = node.targets if isinstance(node, ast.Assign) else []
        yield from (target.attr for target in targets if isinstance(target, ast.Attribute))


def test_every_function_that_writes_memory_by_address_is_known() -> None:
    files = [path for path in sorted(RUNTIME.rglob("*.py")) if path.relative_to(RUNTIME).parts[0] not in OWN_MEMORY]
    found = {path.relative_to(RUNTIME).as_posix(): set(writers(path.read_text())) for path in files}
    assert {file: functions for file, functions in found.items() if functions} == WITHOUT_POINTERS


def test_the_buffer_of_a_channel_is_stored_as_a_go_pointer() -> None:
    """It is the only field of a channel that points into the heap, so only one that lies inside the channel may be assigned."""
    source = (RUNTIME / "channels.py").read_text()
    assert list(assigned_fields(source)).count("buffer") == 1
    assert "made.buffer = address(made) + size_of(Channel)" in source
    assert "store_go_pointer(field_address(made.buffer), " in source


def test_a_function_that_copies_memory_itself_is_seen() -> None:
    assert list(writers("def f(to, source):\n    memory_copy(to, source, 8)\ndef g(): pass\n")) == ["f"]
    assert list(writers("def f(to):\n    if to:\n        store_addr(to, to)\n")) == ["f"]
