"""Go source in, a typed program out: Go's own parser and type checker, read lazily.

``load`` runs the helper ``goload`` (built once into the cache), which writes a whole program as one
file; ``program`` reads it, function by function; ``types`` converts its types to those of ``ir``.
"""
