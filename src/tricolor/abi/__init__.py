"""What compiled Go code and the runtime agree on, and nothing else: the entry points of the runtime and their signatures
(``entries``), the size classes, the word in front of each function's code (``prefix``), marks in the names of frames
(``frames``), the sequence of instructions that exchanges the state of a mutex (``exchange_sequence``), the symbols that start and observe a program
(``exports``) and the order of the statistics. Both towers import it; it imports neither.
"""
