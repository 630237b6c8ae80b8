"""Benchmarks: the same Go program under real Go and under Tricolor, in turn, in one run.

uv run python -m bench [--runs N] [--json FILE] [NAME...]
"""
