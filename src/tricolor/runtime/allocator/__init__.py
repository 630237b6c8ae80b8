"""The allocator: page heap (mheap), spans, central lists (mcentral), per-processor cache (mcache), entry points.

Read in this order: heap_types, pages, spans, mcentral, mcache, malloc.
"""
