"""Turns LLVM text into code in memory. This is the only importer of llvmlite.

``compile`` turns LLVM text into objects, in worker processes, and keeps these in the cache. ``link`` makes an image of several objects and
``image`` loads it, both without LLVM. ``line_tables`` and ``object_files`` read what the compiler wrote.
"""
