"""The values of all settings (``settings_keys``), which allocator and collector read as ``settings[KEY]``."""

from __future__ import annotations

from tricolor.kernel.lang import const_table, global_array, global_value, i64, kernel, u8, u64
from tricolor.runtime.allocator.marking import marking
from tricolor.runtime.settings_keys import BARRIER, EVERY_ALLOCATION, LAST_KEY

SETTINGS = LAST_KEY + 1
UNKNOWN_KEY = -1

settings = global_array(i64, SETTINGS, symbol_name="tricolor.settings")
every_allocation = global_value(u64)
"""1 while a setting has to see every allocation: runs then have one element, so that each goes through refill()."""
every_allocation_keys = const_table(u8, EVERY_ALLOCATION)


@kernel
def exchange_setting(key: u64, value: i64) -> i64:
    """Stores a setting; gives its previous value, or UNKNOWN_KEY. The runs in mcaches stay as they are."""
    if key == 0 or key >= SETTINGS:
        return UNKNOWN_KEY
    previous: i64 = settings[key]
    settings[key] = value
    watched: u64 = 0
    for place in range(len(every_allocation_keys)):
        if settings[every_allocation_keys[place]] != 0:
            watched = 1
    every_allocation.value = watched
    if key == BARRIER:
        marking.value = 1 if value != 0 else 0
    return previous
