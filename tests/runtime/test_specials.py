"""Finalizers, cleanups and weak handles: when they are queued or cleared, and what they keep alive."""

from __future__ import annotations

import ctypes

from tests.runtime.memory_native import Memory, go_type, load, store

FINALIZER, CLEANUP = 1, 2
NODE = go_type(16, [0, 1])
OUT = (ctypes.c_uint64 * 2)()


def node(heap: Memory, first: int = 0, second: int = 0) -> int:
    made = heap.call("malloc", 16, NODE)
    store(made, first)
    store(made + 8, second)
    return made


def taken(heap: Memory) -> list[tuple[int, int, int]]:
    """Everything that is queued: kind, object, closure."""
    out: list[tuple[int, int, int]] = []
    while True:
        kind = heap.call("taken", ctypes.addressof(OUT), ctypes.addressof(OUT) + 8)
        if not kind:
            return out
        out.append((kind, OUT[0], OUT[1]))


def is_alive(heap: Memory, address: int) -> bool:
    return heap.call("find", address) == address


def test_a_reachable_object_is_not_finalized(heap: Memory) -> None:
    kept = node(heap)
    heap.call("root", 0, kept)
    assert heap.call("setfinalizer", kept, node(heap))
    heap.call("collect")
    assert taken(heap) == []


def test_a_finalizer_revives_the_object_and_what_it_points_to_until_it_has_run(heap: Memory) -> None:
    leaf = node(heap)
    dead = node(heap, leaf)
    closure = node(heap)
    heap.call("setfinalizer", dead, closure)
    heap.call("collect")
    assert is_alive(heap, dead)
    assert is_alive(heap, leaf)
    heap.call("collect")
    assert is_alive(heap, dead), "a queued finalizer keeps its object"
    assert taken(heap) == [(FINALIZER, dead, closure)]
    heap.call("collect")
    assert not is_alive(heap, dead)
    assert not is_alive(heap, leaf)
    assert taken(heap) == []


def test_an_object_that_points_to_itself_is_never_finalized(heap: Memory) -> None:
    dead = node(heap)
    store(dead, dead)
    heap.call("setfinalizer", dead, node(heap))
    heap.call("collect")
    assert taken(heap) == []
    heap.call("setfinalizer", dead, 0)


def test_there_is_one_finalizer_and_it_can_be_taken_away(heap: Memory) -> None:
    dead = node(heap)
    assert heap.call("setfinalizer", dead, node(heap))
    assert not heap.call("setfinalizer", dead, node(heap))
    assert heap.call("setfinalizer", dead, 0)
    heap.call("collect")
    assert taken(heap) == []
    assert not is_alive(heap, dead)


def test_cleanups_run_in_the_order_of_their_making_and_do_not_revive(heap: Memory) -> None:
    dead = node(heap)
    closures = [node(heap) for _ in range(3)]
    for each in closures:
        assert heap.call("addcleanup", dead, each)
    heap.call("collect")
    assert not is_alive(heap, dead)
    assert sorted(taken(heap)) == sorted((CLEANUP, 0, each) for each in closures)


def test_a_stopped_cleanup_does_not_run(heap: Memory) -> None:
    dead = node(heap)
    stopped = heap.call("addcleanup", dead, node(heap))
    closure = node(heap)
    heap.call("addcleanup", dead, closure)
    heap.call("stopcleanup", dead, stopped)
    heap.call("stopcleanup", dead, stopped)
    heap.call("collect")
    assert taken(heap) == [(CLEANUP, 0, closure)]


def test_cleanups_wait_while_a_finalizer_revives_the_object(heap: Memory) -> None:
    dead, finalizer, cleanup = node(heap), node(heap), node(heap)
    heap.call("addcleanup", dead, cleanup)
    heap.call("setfinalizer", dead, finalizer)
    heap.call("collect")
    assert taken(heap) == [(FINALIZER, dead, finalizer)]
    heap.call("collect")
    assert taken(heap) == [(CLEANUP, 0, cleanup)]


def test_a_weak_handle_holds_the_address_until_the_object_dies(heap: Memory) -> None:
    kept = node(heap)
    handle = heap.call("weakhandle", kept)
    heap.call("root", 0, kept)
    heap.call("root", 1, handle)
    assert heap.call("weakhandle", kept) == handle, "one handle for one address"
    heap.call("collect")
    assert heap.call("weakload", handle) == kept
    heap.call("root", 0, 0)
    heap.call("collect")
    assert heap.call("weakload", handle) == 0


def test_weak_handles_are_cleared_before_the_finalizer_runs(heap: Memory) -> None:
    dead = node(heap)
    handle = heap.call("weakhandle", dead)
    heap.call("root", 1, handle)
    heap.call("setfinalizer", dead, node(heap))
    heap.call("collect")
    assert heap.call("weakload", handle) == 0
    assert is_alive(heap, dead)
    taken(heap)


def test_a_handle_lives_as_long_as_its_object(heap: Memory) -> None:
    kept = node(heap)
    heap.call("root", 0, kept)
    handle = heap.call("weakhandle", kept)
    for _ in range(3):
        heap.call("collect")
    assert load(handle) == kept


def test_specials_of_large_and_tiny_objects(heap: Memory) -> None:
    large, tiny = heap.call("malloc", 100_000, 0), heap.call("malloc", 3, 0)
    closures = [node(heap), node(heap)]
    heap.call("setfinalizer", large, closures[0])
    heap.call("setfinalizer", tiny, closures[1])
    heap.call("collect")
    assert sorted(taken(heap)) == sorted([(FINALIZER, large, closures[0]), (FINALIZER, tiny, closures[1])])
