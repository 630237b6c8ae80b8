"""Escape analysis: which variables and allocations must live on the heap, and why, as Go's compiler decides it.

``graph`` (locations, holes, edges) is built by ``statements``, ``expressions`` and ``calls`` from the IR of one batch of mutually
recursive functions (``batches``), solved by ``solve``, and read out by ``analyse`` into an ``EscapeResult``.

Source: Go 1.27.3, cmd/compile/internal/escape.
"""
