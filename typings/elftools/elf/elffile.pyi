"""Types of the part of pyelftools that Tricolor uses."""

from typing import BinaryIO

class ELFFile:
    def __init__(self, stream: BinaryIO) -> None: ...
