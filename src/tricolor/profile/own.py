"""Build the heap profile of a program that ran on Tricolor's own memory manager.

The program counts the allocations of each site, so nothing is sampled or estimated. It does not record call stacks: each sample has one frame, the
one of its site. If a function that the runtime defines made the allocation, the name of that function comes before it as a frame without a
position. If Tricolor compiles a changed copy of a file of Go's tree, the line is the same line in Go's file. What was live at the end is not
counted by site, so both ``inuse`` columns are 0. The runtime's own allocations are one sample with the frame runtime.mallocgc.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Final

from tricolor.profile.model import Frame, HeapProfile, Sample
from tricolor.profile.places import runtime_package

COMMENT: Final = "written by tricolor run: counts every allocation by site; without call stacks and without memory in use"
_RUNTIME: Final = Frame("runtime.mallocgc", "", 0)


def profile_of(
    descriptions: Iterable[Mapping[str, Any]],
    counts: Sequence[tuple[int, int]],
    goroot: str,
    binary: str,
    time_ns: int,
    line_of: Callable[[str, int], int] = lambda _, line: line,
) -> HeapProfile:
    """The profile of a program that has ended.

    ``descriptions``: of its sites (report/sites.py); ``counts``: objects and bytes by the number of the site, where 0 is the runtime itself;
    ``goroot``: the folder of Go's tree, to which the places in descriptions are relative; ``line_of``: the line in Go's own file for a file and
    its line as compiled, 0 if there is none."""
    samples: list[Sample] = []
    for site in descriptions:
        objects, size_bytes = counts[int(site["number"])]
        if objects:
            samples.append(_sample(_frames(site, goroot, line_of), objects, size_bytes))
    objects, size_bytes = counts[0]
    if objects:
        samples.append(_sample((_RUNTIME,), objects, size_bytes))
    return HeapProfile(tuple(samples), 1, binary, time_ns, (COMMENT,))


def _sample(frames: tuple[Frame, ...], objects: int, size_bytes: int) -> Sample:
    """A sample of one site. If the bytes do not divide evenly among the objects, the size of an object is unknown."""
    object_bytes, rest = divmod(size_bytes, objects)
    return Sample(frames, objects, size_bytes, 0, 0, 0 if rest else object_bytes)


def _frames(site: Mapping[str, Any], goroot: str, line_of: Callable[[str, int], int]) -> tuple[Frame, ...]:
    file, line = _place(site["place"])
    if file and not file.startswith("/"):
        file = f"{goroot}/src/{file}"
        line = line_of(file, line)
    frame = Frame(site["function"], file, line)
    if runtime_package(frame):
        # Tricolor's runtime is not Go's, so its lines mean nothing in Go's files.
        return (Frame(site["function"], "", 0),)
    if site["kind"] == "call":
        return (Frame(site["what"].partition("(")[0], "", 0), frame)
    return (frame,)


def _place(text: str) -> tuple[str, int]:
    """The file and line in ``file:line:column``; column and line may be missing."""
    file, numbers = text, list[int]()
    while len(numbers) < 2 and file.rpartition(":")[2].isdigit():
        file, _, number = file.rpartition(":")
        numbers.append(int(number))
    return ("" if file == "-" else file), (numbers[-1] if numbers else 0)
