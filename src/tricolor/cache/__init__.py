"""What one command keeps for the next.

``store`` keeps entries by kind and key and does not know what they mean. ``signature`` says whether a file, or this compiler, has
changed. ``programs`` remembers what a command line compiled to, and ``inputs`` finds the files that this depends on.
"""
