"""The only importer of llvmlite: LLVM text to object code. Objects are linked into an image here, and images loaded, without LLVM."""
