"""Go's own test programs as the judge: run a folder of the suite under Tricolor and compare with real Go.

    uv run python -m tools.gosuite chan ken interface typeparam

The suite comes with the Debian package golang-1.19-src; nothing of it is in this repository. What real Go 1.27.3 does with each
program is recorded in ``real_go.json`` (exit status and a hash of the output) and made again by ``--record``.
"""
