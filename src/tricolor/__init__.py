"""Tricolor: Go memory management, built in Python."""
