"""Passes over the IR of a whole program between its making and code generation."""
