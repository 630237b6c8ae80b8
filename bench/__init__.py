"""Benchmarks: run the same Go program under real Go and under Tricolor in turn, and compare the times.

uv run python -m bench [--runs N] [--json FILE] [NAME...]
"""
