"""Go's types and what the language says about them, as in package go/types.

``types`` holds the types, interned. ``lookup`` finds fields and methods by name, through embedded fields. ``sizes`` computes sizes,
alignments, offsets and pointer maps on amd64. ``symbols`` splits linker symbols. The front end, the IR and everything above share them.
"""
