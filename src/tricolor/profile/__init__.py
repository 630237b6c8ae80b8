"""Heap profiles in pprof's format: read, written, and joined with the allocation sites of source."""
