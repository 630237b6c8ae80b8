"""Builds the IR from the typed program: instantiates generic code, makes conversions explicit, and builds only reachable functions.

``program.build_program`` is the entry point; ``program.build_packages`` builds packages separately, as Go's compiler sees them. ``state``
holds the caches of one build, ``function`` the state of one function. ``exprs``, ``calls``, ``builtins``, ``stmts``, ``control``,
``ranges`` and ``rangefunc`` build one kind of node each. ``methods`` makes wrappers, ``packages`` initialisation code, and ``reach``
decides which methods are needed.
"""
