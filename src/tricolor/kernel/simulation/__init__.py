"""Runs kernel modules on CPython, over simulated memory that faults instead of corrupting.

``memory`` is the address space, ``system`` the C functions, ``python_text`` turns the typed tree into
Python source, ``run`` puts them together, ``interleaving`` chooses the order of accesses of several
simulated threads.
"""
