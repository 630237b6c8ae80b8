"""The mutator's side of the heap: allocation for compiled Go code and for kernels. It stands above allocator and collector.

* ``alloc``: the inlined fast path, and the slow paths that may collect.
* ``malloc``: which path serves a size and a type; the entries of package runtime.
* ``weak``: weak handles, which are allocated.
"""
