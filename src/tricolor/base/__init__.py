"""What every part may need and what knows no part: the kinds of failure that end a command, the progress line, files that are
written whole or not at all, and the switch of Python's own garbage collector.
"""
