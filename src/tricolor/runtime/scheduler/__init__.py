"""Goroutines: their stacks, switching, the run queue, sleeping, preemption. Written in the kernel language.

One thread runs goroutines. ``runtime.records`` holds the records: the thread's (Machine), the processor's, the process's.
"""
