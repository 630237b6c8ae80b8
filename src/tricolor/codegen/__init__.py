"""Code generation: the IR of each Go function to LLVM text.

``functions`` emits one function and ``module`` the functions of one package; the other modules emit one kind of expression or statement
each. Code refers to data that ``staticdata`` defines, and calls the runtime only through the entry points in ``abi``.
"""
