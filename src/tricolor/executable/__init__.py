"""A linked program as a file that Linux runs by itself, without Python, Go or LLVM: ``elf`` writes the file, ``start_code`` the code at
its entry point that starts the runtime.
"""
