"""Equal states: two that differ by the names of objects, by which mutator is which, or by what no actor can reach or mark.

Source:
    Ip & Dill, "Better verification through symmetry" (1996).
"""

from __future__ import annotations

from tests.model.sizes import OBJECTS, SLOTS
from tests.model.state import (
    ALL_REGISTERS,
    BLACK,
    COLORS,
    FREE,
    GLOBAL_SCANNED,
    GREY,
    LOADED,
    MUTATORS,
    NAMES,
    NIL,
    NO_REGISTER,
    OPERANDS,
    OUTSIDE,
    PLACES,
    REGISTERS,
    WHITE,
    State,
    colored,
    half_scanned,
    held,
    reachable,
    slots_of,
    with_slots,
)
from tricolor.kernel.lang import Array, Struct, address, global_struct, kernel, memory_copy, size_of, to_u8, to_u64, u8, u64


@kernel
def forget(s: State) -> None:
    """Frees what no actor can reach or mark, and empties buffers of what is marked."""
    for each in range(MUTATORS):
        for object in range(OBJECTS):
            if s.color[object] >= GREY:
                s.buffer[each] &= to_u8(~(1 << object) & 0xFF)
    needed = reachable(s)
    pending = to_u64(s.buffer[0] | s.buffer[1]) | colored(s, GREY)
    needed |= with_slots(s, pending)
    if s.half != NIL:
        needed |= with_slots(s, 1 << to_u64(s.half))
    for object in range(OBJECTS):
        if needed >> object & 1 == 0:
            s.color[object] = FREE
            for which in range(SLOTS):
                s.slot[object * SLOTS + which] = NIL


@kernel
def settle(s: State) -> None:
    """Takes steps of the marker that mark nothing: to delay them could only mark more."""
    white = colored(s, WHITE)
    for object in range(OBJECTS):
        if s.color[object] == GREY and slots_of(s, object) & white == 0:
            s.color[object] = BLACK
    if s.half != NIL and half_scanned(s) & white == 0:
        s.half = NIL
    if white >> to_u64(s.shared) & 1 == 0:
        s.scanned |= GLOBAL_SCANNED
    for mutator in range(MUTATORS):
        if held(s, mutator) & white == 0:
            s.scanned |= to_u8(1 << mutator)


@kernel
def sort(s: State) -> None:
    """Puts the registers of mutators in order, and the mutators themselves: which is which makes no difference."""
    for each in range(MUTATORS):
        sort_registers(s, each)
    if mutator_key(s, 0) < mutator_key(s, 1):
        swap_mutators(s)


@kernel
def sort_registers(s: State, mutator: u64) -> None:
    """The register that holds the object with the higher color, then number, comes first; nil last."""
    first = mutator * REGISTERS
    if register_key(s, first) >= register_key(s, first + 1):
        return
    kept = s.register[first]
    s.register[first] = s.register[first + 1]
    s.register[first + 1] = kept
    if s.place[mutator] != OUTSIDE:
        s.value[mutator] = other_register(s.value[mutator])
        if s.place[mutator] == LOADED:
            s.base[mutator] = other_register(s.base[mutator])


@kernel
def other_register(register: u8) -> u8:
    """The other one of two registers; what is none stays none."""
    return register if register == NO_REGISTER else 1 - register


@kernel
def register_key(s: State, register: u64) -> u64:
    """What orders registers."""
    object = s.register[register]
    if object == NIL:
        return 0
    return to_u64(s.color[object]) * NAMES + to_u64(object)


@kernel
def mutator_key(s: State, mutator: u64) -> u64:
    """What orders mutators."""
    first = mutator * REGISTERS
    key = to_u64(s.scanned >> mutator & 1) * PLACES + to_u64(s.place[mutator])
    for register in range(REGISTERS):
        key = key * (COLORS * NAMES) + register_key(s, first + register)
    key = (key * NAMES + to_u64(s.old[mutator])) * OPERANDS + to_u64(s.value[mutator])
    key = (key * OPERANDS + to_u64(s.base[mutator])) * SLOTS + to_u64(s.which[mutator])
    return (key << OBJECTS) + to_u64(s.buffer[mutator])


@kernel
def swap_mutators(s: State) -> None:
    """Exchanges the mutators."""
    for register in range(REGISTERS):
        kept = s.register[register]
        s.register[register] = s.register[REGISTERS + register]
        s.register[REGISTERS + register] = kept
    place = s.place[0]
    s.place[0] = s.place[1]
    s.place[1] = place
    old = s.old[0]
    s.old[0] = s.old[1]
    s.old[1] = old
    value = s.value[0]
    s.value[0] = s.value[1]
    s.value[1] = value
    base = s.base[0]
    s.base[0] = s.base[1]
    s.base[1] = base
    which = s.which[0]
    s.which[0] = s.which[1]
    s.which[1] = which
    buffer = s.buffer[0]
    s.buffer[0] = s.buffer[1]
    s.buffer[1] = buffer
    s.scanned = s.scanned & GLOBAL_SCANNED | (s.scanned & 1) << 1 | s.scanned >> 1 & 1


class Names(Struct):
    """The names that a renaming gives."""

    name: Array[u8, NAMES]
    order: Array[u8, NAMES]
    count: u64


names = global_struct(Names)


@kernel
def give_name(object: u8) -> None:
    """Gives an object the next name, unless it has one."""
    if object != NIL and names.name[object] == NIL:
        names.name[object] = to_u8(names.count)
        names.order[names.count] = object
        names.count += 1


@kernel
def rename(s: State, into: State) -> None:
    """The same state with objects named in the order in which the program finds them."""
    for each in range(NAMES):
        names.name[each] = NIL
    names.count = 0
    give_name(s.shared)
    for each in range(ALL_REGISTERS):
        give_name(s.register[each])
    for each in range(MUTATORS):
        give_name(s.old[each])
    follow(s, 0)
    for object in range(OBJECTS):
        if s.color[object] != FREE:
            give_name(to_u8(object))
    follow(s, 0)
    for object in range(OBJECTS):
        give_name(to_u8(object))
    memory_copy(address(into), address(s), size_of(State))
    for place in range(OBJECTS):
        object = to_u64(names.order[place])
        into.color[place] = s.color[object]
        for which in range(SLOTS):
            into.slot[place * SLOTS + which] = names.name[s.slot[object * SLOTS + which]]
    into.shared = names.name[s.shared]
    into.half = names.name[s.half]
    for each in range(ALL_REGISTERS):
        into.register[each] = names.name[s.register[each]]
    for each in range(MUTATORS):
        into.old[each] = names.name[s.old[each]]
        into.buffer[each] = 0
        for place in range(OBJECTS):
            if s.buffer[each] >> names.order[place] & 1 != 0:
                into.buffer[each] |= to_u8(1 << place)


@kernel
def follow(s: State, first: u64) -> None:
    """Names what the slots of named objects hold."""
    place = first
    while place < names.count:
        object = to_u64(names.order[place])
        for which in range(SLOTS):
            give_name(s.slot[object * SLOTS + which])
        place += 1
