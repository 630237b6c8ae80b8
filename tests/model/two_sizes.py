"""Stands in for ``sizes``: two objects of one slot."""

from __future__ import annotations

OBJECTS = 2
SLOTS = 1
