"""Counts how far our escape messages agree with those of ``go build -gcflags='-m -l'``."""
