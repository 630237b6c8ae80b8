"""The only importer of llvmlite: LLVM text to object code, object code to memory."""
