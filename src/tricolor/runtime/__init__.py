"""The runtime: the memory of Go programs, the goroutines that use it, and what compiled Go code calls.

It is written in the kernel language (docs/kernel-language.md), compiled once, and linked with each program.

Terms:
    mutator       the program: compiled Go code, and the parts of the runtime that run on goroutines' stacks
    allocator     gives memory: pages, spans of pages, runs of free elements
    collector     ours, not Python's: finds what the program can reach, and frees the rest
    scheduler     runs goroutines, and owns their stacks
    processor     what a thread needs to run goroutines, an mcache among it
    cycle         one collection: marking, in slices between which the program runs, and then sweeping
    root          a place outside the heap that holds pointers: a global, a stack, a record of the runtime
    white, grey, black
                  without mark; marked, its pointers not pushed yet or still on the mark stack; marked, its pointers pushed

The rooms, each built only on those after it; an import contract holds the order::

    start                              the first goroutine
    allocation_trace, memstats, profiles, statistics
                                       what debuggers, package runtime and reports ask for
    selects, channels, panics          communication, deferred calls
    scheduler                          goroutines, stacks, signals, traces, finalizers' goroutine
    interfaces, strings, slices        values that are allocated
    pools                              pools of package sync
    pointer_stores                     how the runtime itself stores Go pointers
    mutator                            allocation that may collect
    collector                          roots, mark, sweep, specials, pacer
    records                            goroutines, machines (threads) and processors in memory
    allocator                          mheap, spans, mcentral, mcache
    system                             the operating system

The life of a word of memory:
    *Reserved.* ``allocator.mheap`` reserves the arena once. A page is committed when it is first touched, and reads as zero.

    *In a span.* ``allocator.pages`` gives the first run of free pages that is long enough; ``allocator.spans`` makes it a span of
    elements of one layout: a size, and a bitmap of the words that are pointers.

    *In a run.* When the cell of a layout in the mcache is used up, ``allocator.mcache`` claims the next run of free elements in
    a row, zeroes it if it may be dirty, and counts it as allocated.

    *Allocated.* Compiled Go code moves the cursor of the cell (``mutator.alloc``). The object is white; while the collector
    marks, it is black.

    *Reached.* A cycle begins in ``mutator.alloc``, when a run is used up and the heap has reached the trigger, or in runtime.GC.
    Slice by slice, ``collector.roots`` pushes what globals hold, and calls the scheduler, which knows the stacks; their words are
    taken conservatively. ``collector.mark`` pops an address, marks its object, and pushes the pointers in it: white, grey, black.
    Between the slices the program runs, and its write barrier shades the pointers that it overwrites and stores.

    *Dead.* What is white at the end of marking is dead. ``collector.specials`` clears its weak handles and queues its finalizer
    or cleanups, which a goroutine runs later; a finalizer revives its object for one more cycle. The sides of all spans swap
    their roles: what was marked is allocated, all else is free, and no object is touched.

    *Free.* ``collector.sweep`` visits the spans, some at a time. A span without marks gives its pages back to the page heap, dirty.
    Others wait in the list of their layout.

    *Given back.* ``collector.cycle`` gives pages that the heap will not need back to the system. They read as zero again.

Invariants that join the rooms:
    1. Every pointer to an object MUST be in a root or in an object that can be reached, at every point where a cycle can begin:
       at calls of the mutator's slow paths. Otherwise a live object would be freed. Registers are on the system stack by
       then, and ``scheduler.scan`` scans it. No check sees that: GODEBUG=gcstress=1,clobberfree=1 makes such a program fail.
    2. Every object that a marked object points to MUST be marked when marking ends. Otherwise a live object would be freed.
       Checked by check_marks().
    3. Marking MUST begin and end with flushed mcaches, and the sweep begin without any spans in them. Otherwise counters would be
       wrong, or a cell would allocate from a freed span. Checked by check_all_dropped().
    4. The bits of a span, its ``free_index`` and its count of allocated elements MUST agree. Otherwise the marker would mark what
       was never given out. Checked by check_span().
    5. Memory in a cell MUST read as zero. Otherwise Go code would see old data, and the marker old pointers. Checked by
       check_cell().
    6. While the collector marks, a store of a pointer MUST shade the pointer that it overwrites and the one that it stores
       (``collector.barrier``). Otherwise an object that moves from one place to another during marking would be freed.
       Checked by check_marks().
    7. The runtime MUST store Go pointers only through ``pointer_stores``. Otherwise a write barrier would miss them.
       Checked by tests/runtime/test_pointer_stores.py.

check_heap() and check_specials() run all checks of the heap; GODEBUG=gccheckmark=1 does so after each cycle.

Source:
    Go 1.27.3 runtime/malloc.go, mheap.go, mgc.go, proc.go; the heads of the modules name more.

Differs from Go:
    A slice of marking runs between goroutines, on the system stack of the thread that runs them.
"""
