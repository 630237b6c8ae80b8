"""Read and write heap profiles in pprof's format, and join them with the allocation sites of source.

``reading`` and ``writing`` convert between files and the model (``model``, ``wire``). ``places`` and ``join`` find the site of each sample,
``packages`` explains the packages that this needs, and ``rows`` adds the samples up for tables.
"""
