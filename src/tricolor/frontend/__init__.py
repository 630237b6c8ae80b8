"""The front end turns Go source into a typed program, with Go's own parser and type checker.

``load`` runs the helper ``goload`` (built once, into the cache), which writes a whole program as one file. ``program`` reads the file
lazily, function by function. ``types`` converts its types to interned Go types.
"""
