"""The allocator: page heap (mheap), spans, central lists (mcentral) and the cache of a processor (mcache).

It gives nothing when it has nothing left, and knows neither the collector nor who asks for memory.

Read in this order: heap_types, pages, spans, marks, mcentral, mcache, large.
"""
