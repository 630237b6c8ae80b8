"""Stands in for ``sizes``: three objects of one slot."""

from __future__ import annotations

OBJECTS = 3
SLOTS = 1
