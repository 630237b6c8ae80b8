"""Explain where values live and why: each allocation site with verdict, cost, chain of reasons and hint, without running the program."""
