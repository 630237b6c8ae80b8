"""Functions of a few instructions that compiled Go code calls: they are copied into it (``runtime.modules``)."""

from __future__ import annotations

from tricolor.kernel.lang import addr, field_address, i32, inline, to_i32, u64
from tricolor.runtime.records.goroutine import G
from tricolor.runtime.records.machine import machine
from tricolor.runtime.records.process import scheduler


@inline(symbol_name="runtime.getg")
def getg() -> G:
    """The running goroutine."""
    return machine.g


@inline(symbol_name="runtime.gwords")
def gwords() -> addr:
    """Address of the words of the running goroutine's record that belong to package runtime."""
    return field_address(machine.g.words)


@inline(symbol_name="runtime.procpin")
def procpin() -> i32:
    """The running goroutine is not preempted until procunpin; gives procid()."""
    machine.locks += 1
    return 0


@inline(symbol_name="runtime.procunpin")
def procunpin() -> None:
    """Undoes one procpin."""
    machine.locks -= 1


@inline(symbol_name="runtime.goid")
def goid() -> u64:
    """Number of the running goroutine, from 1."""
    return machine.g.id


@inline(symbol_name="runtime.procid")
def procid() -> i32:
    """Number of the thread among those that run goroutines."""
    return 0


@inline(symbol_name="runtime.argc")
def argument_count() -> i32:
    """Number of the program's arguments."""
    return to_i32(scheduler.argc)


@inline(symbol_name="runtime.argv")
def arguments() -> addr:
    """The program's arguments, as main gets them."""
    return scheduler.argv


@inline(symbol_name="runtime.environ")
def environment() -> addr:
    """The environment, as main gets it."""
    return scheduler.envp
