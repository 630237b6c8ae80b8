"""Goroutines: their stacks, switching, the run queue, sleeping, preemption. Written in the kernel language.

Up to GOMAXPROCS threads run goroutines at once, each with a processor. ``runtime.records`` holds the records: the thread's (Machine), the
processor's, the process's. ``goroutines`` makes, runs, parks and ends goroutines; ``work`` finds the next one; ``machines`` gives processors
to threads; ``resizing`` changes their number; ``preempt`` and ``interruption`` stop goroutines that run for long.
"""
