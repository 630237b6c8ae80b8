"""Builds the IR from the typed program: generics instantiated, conversions explicit, only what is reachable.

``program.build_program`` is the entry point. ``state`` holds the caches of one build, ``function`` those of one function;
``exprs``, ``calls``, ``builtins``, ``stmts``, ``control``, ``ranges`` and ``rangefunc`` build one kind of node each;
``methods`` makes wrappers, ``packages`` the initialisation code, ``reach`` decides which methods are needed.
"""
