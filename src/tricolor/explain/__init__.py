"""Explain where values live and why, without running the program.

``sites`` describes each allocation site of analysed packages with its verdict, its cost (``cost``), the chain of reasons (``chain``) and a
hint (``hints``); ``parameters`` and ``silent`` describe what else matters to callers. ``why`` explains one line in full, ``lock`` compares
with recorded results, and ``remember`` caches them. ``model`` holds the results as plain data.
"""
