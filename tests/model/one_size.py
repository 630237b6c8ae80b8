"""Stands in for ``sizes``: one object of one slot."""

from __future__ import annotations

OBJECTS = 1
SLOTS = 1
