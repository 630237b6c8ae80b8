"""The data of a compiled program that is known before it runs, as LLVM text: type descriptors, itabs, static values, closures,
tables, and the functions that the runtime calls through descriptors (equality, hashes, call stubs). It also says how LLVM sees Go's
types and signatures, so that data and code agree."""
