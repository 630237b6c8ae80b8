"""Code generation: the typed tree of each Go function to LLVM IR text, calling the runtime only through ``abi``."""
