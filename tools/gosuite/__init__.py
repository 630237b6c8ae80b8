"""Run folders of Go's own test suite under Tricolor, and compare with real Go.

    uv run python -m tools.gosuite chan ken interface typeparam

The suite comes with the Debian package golang-1.19-src; this repository contains no part of it. ``real_go.json`` records the exit status and a
hash of the output of each program under real Go 1.27.3; ``--record`` records them again.
"""
