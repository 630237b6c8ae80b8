"""Escape decisions about packages, as Go's compiler makes and prints them.

``decisions`` analyses each package alone, as the compiler does, and makes the lines that ``go build -gcflags=-m`` prints. ``known_tags``
remembers the parameter tags of imported packages, so that these need not be analysed again. ``log`` writes the decisions as files
(``-json``).
"""
