"""What a goroutine is about to allocate: the site, for the counts of a report, and the type, for traces of allocations.

How: whoever allocates stores both in the record of the running goroutine just before. A goroutine may yield or be stopped by a signal
between the store and the allocation, and go on on another thread while others allocate. Its record goes with it, so the store and
the allocation always mean the same object. A thread without a goroutine (tests) keeps nothing.

Source:
    None: Go passes both to mallocgc, or finds the site by a walk of the stack.
"""

from __future__ import annotations

from tricolor.kernel.lang import addr, inline, is_null, kernel, to_addr, u32, unlikely
from tricolor.runtime.allocator.settings import every_allocation
from tricolor.runtime.records.machine import machine

# Types of boxes whose type descriptor is unknown.
BOX_OF_NUMBER = 1
BOX_OF_TEXT = 2
BOX_OF_BYTES = 3


@inline(symbol_name="tricolor.want_site")
def want_site(number: u32) -> None:
    """Notes the site of the next allocation. Compiled Go code with accounting calls it."""
    machine.g.wanted_site = number


@inline
def want_type(type: addr) -> None:
    """Notes the type of the next allocation, if a setting has to see every allocation; 0: no type."""
    if unlikely(every_allocation.value != 0) and not is_null(machine.g):
        machine.g.wanted_type = type


@kernel
def wanted_site() -> u32:
    """The site that allocates."""
    return 0 if is_null(machine.g) else machine.g.wanted_site


@kernel
def take_wanted_type() -> addr:
    """The type of the object that was allocated; what is allocated next has none until want_type() says otherwise."""
    if is_null(machine.g):
        return to_addr(0)
    type = machine.g.wanted_type
    machine.g.wanted_type = 0
    return type
