"""Empties the pools of package sync when a cycle begins: what nobody took from a pool since the last cycle is dropped.

Package sync has two lists of pools: those with values, and those that keep only the values from before the last cycle, their victims.

Source:
    Go 1.27.3 sync/pool.go (poolCleanup), whose work this is.

Differs from Go:
    The kernel does it, since no Go code can run while the world is stopped.
"""

from __future__ import annotations

from tricolor.kernel.lang import (
    Struct,
    addr,
    as_struct,
    field_address,
    function_address,
    global_struct,
    is_null,
    kernel,
    load_addr,
    systemstack,
    to_addr,
    u64,
)
from tricolor.runtime.collector.cycles import start_hook
from tricolor.runtime.pointer_stores import store_go_pointer


class Pool(Struct):
    """The start of a sync.Pool."""

    local: addr
    local_count: u64
    victim: addr
    victim_count: u64


class PoolList(Struct):
    """A []*sync.Pool."""

    start: addr
    count: u64
    capacity: u64


class Pools(Struct):
    """The lists of package sync; null until it has given them."""

    filled: PoolList
    victims: PoolList


_pools = global_struct(Pools)


@systemstack("runtime.setpools")
def set_pools(filled: PoolList, victims: PoolList) -> None:
    """Takes the addresses of the two lists."""
    _pools.filled = filled
    _pools.victims = victims
    start_hook.value = function_address(empty_pools)


@kernel
def _pool_at(pools: PoolList, index: u64) -> Pool:
    return as_struct(Pool, load_addr(pools.start + index * 8))


@kernel
def _assign(target: PoolList, start: addr, count: u64, capacity: u64) -> None:
    store_go_pointer(field_address(target.start), start)
    target.count = count
    target.capacity = capacity


@kernel(symbol_name="tricolor.empty_pools")
def empty_pools() -> None:
    """Drops the victims, and makes the other values victims. The world is stopped, and no goroutine is pinned."""
    if is_null(_pools.filled):
        return
    for index in range(_pools.victims.count):
        pool = _pool_at(_pools.victims, index)
        store_go_pointer(field_address(pool.victim), to_addr(0))
        pool.victim_count = 0
    for index in range(_pools.filled.count):
        pool = _pool_at(_pools.filled, index)
        store_go_pointer(field_address(pool.victim), pool.local)
        pool.victim_count = pool.local_count
        store_go_pointer(field_address(pool.local), to_addr(0))
        pool.local_count = 0
    _assign(_pools.victims, _pools.filled.start, _pools.filled.count, _pools.filled.capacity)
    _assign(_pools.filled, to_addr(0), 0, 0)
