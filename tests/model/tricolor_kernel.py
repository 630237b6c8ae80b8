"""An abstract model of the concurrent collector, and the search through all its states.

Terms:
    mutator    two of them, each with two registers, which stand for its stack
    operation  load a slot or the global; store a register or nil; allocate; drop a register. The mutators share a budget
    window     from the load of the old value to the shading of a store: the old value, then the store, then the test
    buffer     what a mutator has shaded and not handed over; a full one is emptied when the next store shades

How: a State is a heap of OBJECTS objects with SLOTS slots each, one global, both mutators and the marker. All initial heaps are put
in; each state's successors follow by one step of one actor; what was met before is skipped (``equal_states``). A step is:

    a mutator begins an operation; the store of a window; the test and shading of a window
    the cycle begins; the marker scans one mutator, the global or one slot of a grey object; out of work, it empties one buffer

The world may stop to end marking after any step: then buffers are emptied, windows scanned, and all that follows marked. So ends_well()
looks at each state whether that would mark all that the program can reach. Nothing follows a state in which all of it is marked.

Invariants:
    1. A freed object MUST NOT be reachable from the global, a register, or the old value of a window. Otherwise the program would use
       freed memory. Checked by ends_well().

Source:
    Clements & Hudson, "Eliminate STW stack re-scanning" (Go proposal 17503); Clements, go-weave (models/yuasa.go).
"""

from __future__ import annotations

from typing import Final

from tests.model.equal_states import forget, rename, settle, sort
from tests.model.sizes import OBJECTS, SLOTS
from tests.model.state import (
    ALL_REGISTERS,
    ALL_SLOTS,
    BLACK,
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
    REGISTERS,
    STORED,
    WHITE,
    State,
    close_window,
    colored,
    half_scanned,
    held,
    pack,
    reachable,
    through_white,
    unpack,
)
from tricolor.kernel.lang import (
    Struct,
    addr,
    address,
    as_struct,
    export,
    global_struct,
    kernel,
    load_u64,
    memory_copy,
    size_of,
    store_u64,
    to_u8,
    to_u64,
    u8,
    u64,
)

HASH: Final = 0x9E37_79B9_7F4A_7C15

# What the collector does; a mutant leaves one out.
SHADE_OLD: Final = 1
SHADE_NEW: Final = 2
SCAN_STACKS: Final = 4
ALLOCATE_BLACK: Final = 8
FLUSH: Final = 16
SCAN_WINDOWS: Final = 32
EXCHANGE: Final = 128
"""The old value is loaded and the new one stored in one step."""
CLOSE_WINDOWS: Final = 64
"""A cycle begins only while no mutator is between the load of an old value and its store."""


class Search(Struct):
    """The search: a hash table of packed states plus one, the states that wait for their turn, and what was found.

    All states that so many operations reach come before those that need one more, so that each state is visited once.
    """

    table: addr
    mask: u64
    left: u64
    """Operations that the mutators may still begin."""
    waiting: addr
    waiting_count: u64
    later: addr
    """States that are reached with one operation less."""
    later_count: u64
    waiting_limit: u64
    parents: addr
    """For each place of the table the state from which it was reached; 0: not kept."""
    rules: u64
    seen: u64
    current: u64
    violation: u64
    """The packed state plus one from which one in which marking may end wrongly was reached; 0: none."""
    lost: u64
    """That one, packed, plus one."""
    is_full: u64


search = global_struct(Search, symbol_name="model.search")
now = global_struct(State, symbol_name="model.now")
after = global_struct(State)
named = global_struct(State)


# --- The search -----------------------------------------------------------------------------------


@kernel
def put(s: State, operation: bool) -> None:
    """Puts a state in, unless one like it is in. ``operation``: a mutator has begun one."""
    if s.marking != 0 and not ends_well(s):
        search.violation = search.current
        search.lost = pack(s) + 1
        return
    if is_last(s, search.left - 1 if operation else search.left):
        return
    forget(s)
    if s.marking != 0:
        settle(s)
        if is_safe(s):
            return
    sort(s)
    rename(s, named)
    key = pack(named)
    place = key * HASH >> 20 & search.mask
    while True:
        found = load_u64(search.table + place * 8)
        if found == key + 1:
            return
        if found == 0:
            break
        place = (place + 1) & search.mask
    if search.seen > search.mask - (search.mask >> 3) or max(search.waiting_count, search.later_count) == search.waiting_limit:
        search.is_full = 1
        return
    store_u64(search.table + place * 8, key + 1)
    if to_u64(search.parents) != 0:
        store_u64(search.parents + place * 8, search.current)
    search.seen += 1
    if operation:
        store_u64(search.later + search.later_count * 8, key)
        search.later_count += 1
    else:
        store_u64(search.waiting + search.waiting_count * 8, key)
        search.waiting_count += 1


@kernel
def start_step() -> None:
    """Makes ``after`` a copy of ``now``."""
    memory_copy(address(after), address(now), size_of(State))


@kernel
def has(rule: u64) -> bool:
    """Whether the collector obeys a rule."""
    return search.rules & rule != 0


@kernel
def shade(s: State, object: u8) -> None:
    """White becomes grey."""
    if object != NIL and s.color[object] == WHITE:
        s.color[object] = GREY


@kernel
def flush(s: State, mutator: u64) -> None:
    """Empties a buffer."""
    for object in range(OBJECTS):
        if s.buffer[mutator] >> object & 1 != 0:
            shade(s, to_u8(object))
    s.buffer[mutator] = 0


@kernel
def is_safe(s: State) -> bool:
    """Whether nothing bad can follow: the cycle marks, and all that the program can reach is marked."""
    if s.marking == 0 or not has(ALLOCATE_BLACK):
        return False
    return reachable(s) & colored(s, WHITE) == 0


@kernel
def is_last(s: State, left: u64) -> bool:
    """Whether the heap will not change any more."""
    return left == 0 and s.place[0] != LOADED and s.place[1] != LOADED


# --- Mutators -------------------------------------------------------------------------------------


@kernel
def step_mutator(mutator: u64) -> None:
    """All that a mutator can do next."""
    if now.place[mutator] == LOADED:
        start_step()
        store_value(after, mutator)
        put(after, False)
    elif now.place[mutator] == STORED:
        start_step()
        test_and_shade(after, mutator)
        put(after, False)
    elif search.left != 0:
        begin_store(mutator)
        load_or_drop(mutator)
        allocate(mutator)


@kernel
def load_or_drop(mutator: u64) -> None:
    """Operations that set a register: load, drop. A copy would lead to nothing new."""
    for register in range(REGISTERS):
        into = mutator * REGISTERS + register
        start_step()
        after.register[into] = now.shared
        put(after, True)
        # Else a drop would hide nothing from the marker.
        held_object = now.register[into]
        if held_object != NIL and now.color[held_object] == WHITE and now.scanned >> mutator & 1 == 0:
            start_step()
            after.register[into] = NIL
            put(after, True)
        for other in range(REGISTERS):
            from_object = now.register[mutator * REGISTERS + other]
            if from_object != NIL:
                for which in range(SLOTS):
                    start_step()
                    after.register[into] = now.slot[to_u64(from_object) * SLOTS + which]
                    put(after, True)


@kernel
def allocate(mutator: u64) -> None:
    """Operations that allocate; free objects differ only by name."""
    object: u64 = 0
    while object < OBJECTS and now.color[object] != FREE:
        object += 1
    if object == OBJECTS:
        return
    for register in range(REGISTERS):
        start_step()
        after.color[object] = BLACK if now.marking != 0 and has(ALLOCATE_BLACK) else WHITE
        after.register[mutator * REGISTERS + register] = to_u8(object)
        put(after, True)


@kernel
def begin_store(mutator: u64) -> None:
    """Stores: each begins with the load of the old value."""
    for base in range(OPERANDS):
        if base != NO_REGISTER and now.register[mutator * REGISTERS + base] == NIL:
            continue
        for which in range(1 if base == NO_REGISTER else SLOTS):
            for value in range(OPERANDS):
                start_step()
                after.place[mutator] = LOADED
                after.base[mutator] = to_u8(base)
                after.which[mutator] = to_u8(which)
                after.value[mutator] = to_u8(value)
                after.old[mutator] = load_base(after, mutator)
                if has(EXCHANGE):
                    if after.old[mutator] == stored(after, mutator):
                        continue
                    store_value(after, mutator)
                put(after, True)


@kernel
def load_base(s: State, mutator: u64) -> u8:
    """What the slot holds to which a mutator stores."""
    if s.base[mutator] == NO_REGISTER:
        return s.shared
    object = to_u64(s.register[mutator * REGISTERS + to_u64(s.base[mutator])])
    return s.slot[object * SLOTS + to_u64(s.which[mutator])]


@kernel
def stored(s: State, mutator: u64) -> u8:
    """What a mutator stores."""
    if s.value[mutator] == NO_REGISTER:
        return NIL
    return s.register[mutator * REGISTERS + to_u64(s.value[mutator])]


@kernel
def store_value(s: State, mutator: u64) -> None:
    """The store of a window."""
    if s.base[mutator] == NO_REGISTER:
        s.shared = stored(s, mutator)
    else:
        object = to_u64(s.register[mutator * REGISTERS + to_u64(s.base[mutator])])
        s.slot[object * SLOTS + to_u64(s.which[mutator])] = stored(s, mutator)
    s.place[mutator] = STORED
    s.base[mutator] = 0
    s.which[mutator] = 0


@kernel
def test_and_shade(s: State, mutator: u64) -> None:
    """The test of the flag, and the write barrier."""
    if s.marking != 0:
        flush(s, mutator)
        if has(SHADE_OLD) and s.old[mutator] != NIL:
            s.buffer[mutator] |= to_u8(1 << s.old[mutator])
        if has(SHADE_NEW) and stored(s, mutator) != NIL:
            s.buffer[mutator] |= to_u8(1 << stored(s, mutator))
    close_window(s, mutator)


# --- The collector --------------------------------------------------------------------------------


@kernel
def step_collector() -> None:
    """All that the collector can do next."""
    if now.marking == 0:
        if has(CLOSE_WINDOWS) and (now.place[0] == LOADED or now.place[1] == LOADED):
            return
        start_step()
        after.marking = 1
        put(after, False)
        return
    for mutator in range(MUTATORS):
        if now.scanned >> mutator & 1 == 0:
            start_step()
            after.scanned |= to_u8(1 << mutator)
            if has(SCAN_STACKS):
                scan_mutator(after, mutator)
            put(after, False)
        if now.buffer[mutator] != 0 and has(FLUSH) and now.half == NIL and colored(now, GREY) == 0:
            start_step()
            flush(after, mutator)
            put(after, False)
    if now.scanned & GLOBAL_SCANNED == 0:
        start_step()
        after.scanned |= GLOBAL_SCANNED
        shade(after, now.shared)
        put(after, False)
    scan_grey()


@kernel
def scan_mutator(s: State, mutator: u64) -> None:
    """Shades what a stopped mutator holds."""
    for register in range(REGISTERS):
        shade(s, s.register[mutator * REGISTERS + register])
    shade(s, s.old[mutator])


@kernel
def scan_grey() -> None:
    """Scans slots of a grey object: the first ones at once with its marking, the last one apart if there are two."""
    if now.half != NIL:
        start_step()
        shade(after, now.slot[to_u64(now.half) * SLOTS + SLOTS - 1])
        after.half = NIL
        put(after, False)
        return
    for object in range(OBJECTS):
        if now.color[object] == GREY:
            start_step()
            after.color[object] = BLACK
            shade(after, now.slot[object * SLOTS])
            if SLOTS > 1:
                after.half = to_u8(object)
            put(after, False)


@kernel
def ends_well(s: State) -> bool:
    """Whether all that the program can reach is marked if it does nothing more and the world stops to end marking."""
    pending = colored(s, GREY) | half_scanned(s)
    marked = colored(s, GREY) | colored(s, BLACK)
    if s.scanned & GLOBAL_SCANNED == 0:
        pending |= 1 << to_u64(s.shared)
    for mutator in range(MUTATORS):
        if has(FLUSH):
            pending |= to_u64(s.buffer[mutator])
        if has(SCAN_STACKS) and s.scanned >> mutator & 1 == 0:
            pending |= held(s, mutator)
        if has(SCAN_WINDOWS) and s.place[mutator] != OUTSIDE:
            pending |= held(s, mutator)
    return reachable(s) & ~(marked | through_white(s, pending)) == 0


# --- Entries --------------------------------------------------------------------------------------


@export("model.start")
def start(table: addr, mask: u64, waiting: addr, later: addr, parents: addr, rules: u64) -> None:
    """Begins a search with memory for a table of mask + 1 places, and as much for states that wait, now and later."""
    search.table = table
    search.mask = mask
    search.waiting = waiting
    search.later = later
    search.later_count = 0
    search.waiting_limit = mask + 1
    search.parents = parents
    search.rules = rules
    search.waiting_count = 0
    search.seen = 0
    search.current = 0
    search.violation = 0
    search.lost = 0
    search.is_full = 0


@export("model.put_heaps")
def put_heaps(operations: u64) -> None:
    """Puts in all heaps, with all that global and registers can hold."""
    search.left = operations
    words = ALL_SLOTS + 1 + ALL_REGISTERS
    count: u64 = 1
    for _each in range(words):
        count *= NAMES
    for number in range(count):
        rest = number
        for each in range(OBJECTS):
            now.color[each] = WHITE
        for each in range(ALL_SLOTS):
            now.slot[each] = to_u8(rest % NAMES)
            rest //= NAMES
        now.shared = to_u8(rest % NAMES)
        rest //= NAMES
        for each in range(ALL_REGISTERS):
            now.register[each] = to_u8(rest % NAMES)
            rest //= NAMES
        for each in range(MUTATORS):
            close_window(now, each)
            now.buffer[each] = 0
        now.scanned = 0
        now.marking = 0
        now.half = NIL
        put(now, False)


@export("model.run")
def run(steps: u64) -> u64:
    """Takes up to so many states; gives 0 when none is left, or 1."""
    done: u64 = 0
    while search.violation == 0 and search.is_full == 0:
        if search.waiting_count == 0:
            if search.later_count == 0:
                return 0
            next_operation()
        if done == steps:
            return 1
        done += 1
        search.waiting_count -= 1
        key = load_u64(search.waiting + search.waiting_count * 8)
        search.current = key + 1
        unpack(key, now)
        for mutator in range(MUTATORS):
            step_mutator(mutator)
        step_collector()
    return 0


@kernel
def next_operation() -> None:
    """Goes on with the states that are reached with one operation less."""
    kept = search.waiting
    search.waiting = search.later
    search.later = kept
    search.waiting_count = search.later_count
    search.later_count = 0
    search.left -= 1


@export("model.show")
def show(key: u64, into: addr) -> None:
    """Unpacks a state for a reader."""
    unpack(key, as_struct(State, into))
