"""How large the model is (plain Python: the kernel imports the numbers). Others stand in for this module."""

from __future__ import annotations

OBJECTS = 4
SLOTS = 1
