"""Basics that every package may import and that import no other package: the failures that end a command, the progress line, writing files
whole or not at all, and the switch of Python's own garbage collector.
"""
