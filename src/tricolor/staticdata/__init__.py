"""The data of a compiled program that is known before it runs, as LLVM text.

``datamodule`` defines it: type descriptors (``typedata``) with the tables that they index (``tables``), itabs, global variables with
their static values (``statics``), closures, and the functions that the runtime calls through descriptors (``algorithms``: equality and
hashes; ``stubs``: calls by reflection). ``emitter`` collects what a module of code refers to. ``llvmtypes`` says how LLVM sees Go's types
and signatures, so that data and code agree.
"""
