"""Stands in for tricolor.runtime.lock_ranks: threads sleep at once, so that interleavings are few enough to run them all."""

from __future__ import annotations

from tricolor.runtime import lock_ranks

RANK_HEAP = lock_ranks.RANK_HEAP
RANK_CHANNEL = lock_ranks.RANK_CHANNEL
PEERS = lock_ranks.PEERS
SPINS = 1
