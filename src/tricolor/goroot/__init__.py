"""Go overlay files for the standard library's runtime-facing packages, and small changes described as patches.

``overlay.overlay_files()`` gives what ``go list -overlay`` needs; ``externals`` names the functions without a Go body and says
who provides each; ``unsupported`` names the packages that are refused, with the reason.
"""
