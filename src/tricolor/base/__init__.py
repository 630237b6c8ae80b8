"""What every part needs and nothing more: the cache, errors, progress."""
