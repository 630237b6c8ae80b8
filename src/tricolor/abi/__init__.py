"""What compiled Go code and the runtime agree on, and nothing else: the entry points of the runtime and their signatures
(``entries``), the size classes, the word in front of each function's code (``prefix``), the symbols that start and observe a program
(``exports``) and the order of the statistics. Both towers import it; it imports neither.
"""
