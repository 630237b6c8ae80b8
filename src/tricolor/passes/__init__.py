"""Passes over the IR of a whole program, after ``ir.build`` and before code generation."""
