"""The typed tree between Go source and LLVM: types, functions, statements, expressions, and their text form."""
