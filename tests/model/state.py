"""A state of the model: its fields, its number, and which objects lead where."""

from __future__ import annotations

from typing import Final

from tests.model.sizes import OBJECTS, SLOTS
from tricolor.kernel.lang import Array, Struct, inline, kernel, to_u8, to_u64, u8, u64

NIL: Final = OBJECTS
NAMES: Final = OBJECTS + 1
ALL_SLOTS: Final = OBJECTS * SLOTS
ALL_OBJECTS: Final = (1 << OBJECTS) - 1
MUTATORS: Final = 2
REGISTERS: Final = 2
ALL_REGISTERS: Final = MUTATORS * REGISTERS

FREE: Final = 0
WHITE: Final = 1
GREY: Final = 2
BLACK: Final = 3
COLORS: Final = 4

# Where a mutator is in its window.
OUTSIDE: Final = 0
LOADED: Final = 1
STORED: Final = 2
PLACES: Final = 3

NO_REGISTER: Final = REGISTERS
"""As the value of a store: nil. As its base: the global."""
OPERANDS: Final = REGISTERS + 1


GLOBAL_SCANNED: Final = 1 << MUTATORS
ALL_SCANNED: Final = 2 * GLOBAL_SCANNED - 1


class State(Struct):
    """One state; names of objects are numbers, NIL is none."""

    color: Array[u8, OBJECTS]
    slot: Array[u8, ALL_SLOTS]
    shared: u8
    """The global."""
    register: Array[u8, ALL_REGISTERS]
    place: Array[u8, MUTATORS]
    old: Array[u8, MUTATORS]
    value: Array[u8, MUTATORS]
    """Register that is stored."""
    base: Array[u8, MUTATORS]
    """Register whose object is stored to."""
    which: Array[u8, MUTATORS]
    """Slot of that object."""
    buffer: Array[u8, MUTATORS]
    """A bit for each object."""
    scanned: u8
    """A bit for each mutator, and one for the global."""
    marking: u8
    half: u8
    """Object of which the marker has scanned all slots but the last; NIL: none."""


# --- Packing --------------------------------------------------------------------------------------


@kernel
def pack(s: State) -> u64:
    """A number for a state; unpack() turns it back."""
    key: u64 = 0
    for each in range(OBJECTS):
        key = key * COLORS + to_u64(s.color[each])
    for each in range(ALL_SLOTS):
        key = key * NAMES + to_u64(s.slot[each])
    key = key * NAMES + to_u64(s.shared)
    for each in range(ALL_REGISTERS):
        key = key * NAMES + to_u64(s.register[each])
    for each in range(MUTATORS):
        window: u64 = 0
        if s.place[each] != OUTSIDE:
            inner = to_u64(s.old[each]) * OPERANDS + to_u64(s.value[each])
            inner = (inner * OPERANDS + to_u64(s.base[each])) * SLOTS + to_u64(s.which[each])
            window = 1 + inner * 2 + to_u64(s.place[each]) - LOADED
        key = key * (NAMES * OPERANDS * OPERANDS * SLOTS * 2 + 1) + window
        key = (key << OBJECTS) + to_u64(s.buffer[each])
    key = key * (ALL_SCANNED + 1) + to_u64(s.scanned)
    key = key * 2 + to_u64(s.marking)
    return key * NAMES + to_u64(s.half)


@kernel
def unpack(packed: u64, s: State) -> None:
    """The state of a number."""
    key = packed
    s.half = to_u8(key % NAMES)
    key //= NAMES
    s.marking = to_u8(key % 2)
    s.scanned = to_u8(key // 2 % (ALL_SCANNED + 1))
    key //= 2 * (ALL_SCANNED + 1)
    for back in range(MUTATORS):
        each = MUTATORS - 1 - back
        s.buffer[each] = to_u8(key & ALL_OBJECTS)
        key = key >> OBJECTS
        window = key % (NAMES * OPERANDS * OPERANDS * SLOTS * 2 + 1)
        key //= NAMES * OPERANDS * OPERANDS * SLOTS * 2 + 1
        set_window(s, each, window)
    for back in range(ALL_REGISTERS):
        s.register[ALL_REGISTERS - 1 - back] = to_u8(key % NAMES)
        key //= NAMES
    s.shared = to_u8(key % NAMES)
    key //= NAMES
    for back in range(ALL_SLOTS):
        s.slot[ALL_SLOTS - 1 - back] = to_u8(key % NAMES)
        key //= NAMES
    for back in range(OBJECTS):
        s.color[OBJECTS - 1 - back] = to_u8(key % COLORS)
        key //= COLORS


@kernel
def set_window(s: State, mutator: u64, packed: u64) -> None:
    """Unpacks the window of a mutator."""
    if packed == 0:
        close_window(s, mutator)
        return
    window = packed - 1
    s.place[mutator] = to_u8(window % 2 + LOADED)
    window //= 2
    s.which[mutator] = to_u8(window % SLOTS)
    window //= SLOTS
    s.base[mutator] = to_u8(window % OPERANDS)
    window //= OPERANDS
    s.value[mutator] = to_u8(window % OPERANDS)
    s.old[mutator] = to_u8(window // OPERANDS)


@kernel
def close_window(s: State, mutator: u64) -> None:
    """A mutator outside its window holds nothing there."""
    s.place[mutator] = OUTSIDE
    s.old[mutator] = NIL
    s.value[mutator] = 0
    s.base[mutator] = 0
    s.which[mutator] = 0


# --- What leads where ---------------------------------------------------------------------------


@kernel
def colored(s: State, color: u64) -> u64:
    """A bit for each object of a color."""
    found: u64 = 0
    for object in range(OBJECTS):
        if to_u64(s.color[object]) == color:
            found |= 1 << object
    return found


@kernel
def reachable(s: State) -> u64:
    """A bit for each object that the program can reach, old values of windows included."""
    found: u64 = 1 << to_u64(s.shared)
    for each in range(ALL_REGISTERS):
        found |= 1 << to_u64(s.register[each])
    for each in range(MUTATORS):
        found |= 1 << to_u64(s.old[each])
    return with_slots(s, found)


@kernel
def with_slots(s: State, objects: u64) -> u64:
    """The objects and all that can be reached from them."""
    found = objects
    # A way to an object has at most so many steps.
    for _step in range(OBJECTS - 1):
        for each in range(OBJECTS):
            found |= slots_of(s, each) & (0 - (found >> each & 1))
    return found & ALL_OBJECTS


@inline
def slots_of(s: State, object: u64) -> u64:
    """A bit for each object in the slots of one, and perhaps one for NIL."""
    found: u64 = 0
    for which in range(SLOTS):
        found |= 1 << to_u64(s.slot[object * SLOTS + which])
    return found


@kernel
def through_white(s: State, objects: u64) -> u64:
    """The objects, and what the marker finds from them: it goes on from white and grey ones only."""
    found = objects
    for _step in range(OBJECTS - 1):
        for each in range(OBJECTS):
            if s.color[each] != BLACK:
                found |= slots_of(s, each) & (0 - (found >> each & 1))
    return found & ALL_OBJECTS


@kernel
def held(s: State, mutator: u64) -> u64:
    """A bit for each object that a scan of a mutator finds: registers, and the old value of its window."""
    found: u64 = 1 << to_u64(s.old[mutator])
    for register in range(REGISTERS):
        found |= 1 << to_u64(s.register[mutator * REGISTERS + register])
    return found & ALL_OBJECTS


@kernel
def half_scanned(s: State) -> u64:
    """A bit for the object in the slot that the marker scans next."""
    return 0 if s.half == NIL else (1 << to_u64(s.slot[to_u64(s.half) * SLOTS + SLOTS - 1])) & ALL_OBJECTS
