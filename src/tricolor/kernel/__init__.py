"""The kernel language: a statically typed subset of Python for the runtime.

``lang`` holds the names that kernel source imports; the rest reads kernel source, checks it, and
turns it into LLVM text or into a simulation on CPython. docs/kernel-language.md is the definition.
"""
