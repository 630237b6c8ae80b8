"""The allocator: page heap (mheap), spans, central lists (mcentral) and the cache of a processor (mcache).

When memory is exhausted it fails, without a collection: it knows neither our collector nor its callers.

Read in this order: heap_types, pages, spans, marks, mcentral, mcache, large.
"""
