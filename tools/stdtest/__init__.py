"""Runs the standard library's own tests with real Go and with Tricolor, and compares which pass.

    uv run python -m tools.stdtest [--short] [--json FILE] [PACKAGE...]

Each package is tested by ``go test`` and by ``tricolor test`` in turn. What counts are tests, examples and fuzz targets, without their
subtests. A test that real Go skips or fails is left out.
"""
