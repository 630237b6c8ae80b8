"""Escape decisions about packages as Go's compiler makes and prints them: each package analysed alone, the parameter tags of
the packages that it imports, the lines of ``-m`` and the log of ``-json``."""
