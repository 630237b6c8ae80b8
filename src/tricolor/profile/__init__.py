"""Read and write heap profiles in pprof's format, and join them with the allocation sites of source."""
