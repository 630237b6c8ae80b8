"""Analyse packages together; if a bug of ours ends that, one by one, so that the bug costs the answers about its own package only."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Generic, TypeVar, final

from tricolor.base.errors import concerns_one_package, exit_status_of, package_failure
from tricolor.frontend.load import LoadRequest, load

T = TypeVar("T")


@final
@dataclass(frozen=True, slots=True)
class Outcomes(Generic[T]):
    """``done``: what the work gave, for all packages at once or for each without a failure. ``failures``: the text about each other
    package, under the line that the go command prints above messages about it; ``status``: the exit status that they cause, 0 without any.
    ``faults``: what the go command prints about packages with compile errors, if the packages were done one by one."""

    done: Sequence[T]
    failures: Sequence[str] = ()
    status: int = 0
    faults: str = ""


def separately(request: LoadRequest, work: Callable[[LoadRequest], T]) -> Outcomes[T]:
    """Do the work for the packages of the request. Raises what it raises if it fails for a single package, or because of the machine."""
    try:
        return Outcomes([work(request)])
    except Exception as error:
        if not concerns_one_package(error):
            raise
        loaded = load(request)
        paths = [package.path for package in loaded.program.roots] if loaded.program is not None else []
        if len(paths) < 2:
            raise
    done: list[T] = []
    failures: list[str] = []
    status = 0
    for path in paths:
        try:
            done.append(work(replace(request, patterns=(path,))))
        except Exception as error:
            if not concerns_one_package(error):
                raise
            failures.append(package_failure(path, error))
            status = max(status, exit_status_of(error))
    return Outcomes(done, failures, status, loaded.diagnostics)
