"""Tricolor: Go's memory management, built in Python.

``cli`` holds the commands. ``pipeline`` is the flow from Go source to a compiled program, one call per line; start reading there. The
compiler tower turns Go into LLVM text: ``frontend``, ``ir``, ``passes``, ``escape``, ``staticdata``, ``codegen``. The memory tower is the
runtime and its language: ``runtime``, ``kernel``. ``decide``, ``explain``, ``profile`` and ``report`` tell the user where values live, why,
and at what cost.
"""
