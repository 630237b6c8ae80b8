"""How Go's standard library is adapted to this runtime, and which packages cannot be.

``overlay.overlay_files()`` gives what ``go list -overlay`` needs: Go files that replace the library's own, and small changes described as
patches. ``externals`` names the functions without a Go body and says who provides each. ``unsupported`` is the table of packages that
cannot be compiled, with the reason; ``refuse`` stops programs that need one of them.
"""
