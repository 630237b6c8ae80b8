"""Benchmarks: run the same Go programs under real Go and under Tricolor in turn, and compare times, memory and what they print.

uv run python -m bench [--runs N] [--procs N[,N]] [--small] [--json FILE] [NAME...]
"""
