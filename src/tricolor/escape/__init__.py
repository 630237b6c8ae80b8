"""Escape analysis decides which variables and allocations must live on the heap, and why. It decides as Go's compiler does.

``batches`` groups mutually recursive functions. For each batch ``statements``, ``expressions`` and ``calls`` build the graph of locations,
edges and holes (``graph``) from the IR, ``solve`` finds the fixed point, and ``analyse`` collects the results in an ``EscapeResult``.

Source: Go 1.27.3, cmd/compile/internal/escape.
"""
