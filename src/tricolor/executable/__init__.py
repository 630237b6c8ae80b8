"""A linked program as a file that Linux runs by itself, without Python, Go or LLVM."""
