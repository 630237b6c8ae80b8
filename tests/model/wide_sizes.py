"""Stands in for ``sizes``: three objects of two slots, which the marker reads one after the other."""

from __future__ import annotations

OBJECTS = 3
SLOTS = 2
