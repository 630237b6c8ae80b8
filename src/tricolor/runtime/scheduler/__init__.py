"""Goroutines: their stacks, switching, the run queue, sleeping, preemption. Written in the kernel language.

One thread runs goroutines; everything that belongs to a thread is in ``Machine`` and reached through ``machine``.
"""
