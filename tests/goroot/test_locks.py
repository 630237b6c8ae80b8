"""The locks of package runtime have the ranks that the kernel's list of locks gives them."""

from __future__ import annotations

import re
from pathlib import Path

import tricolor.goroot
from tricolor.runtime import lock_ranks

RUNTIME = Path(tricolor.goroot.__file__).parent / "files" / "runtime"
RANK = re.compile(r"^\s+rank(\w+)\s+= (\d+)$", re.MULTILINE)
LOCK = re.compile(r"\b(un)?lock\((.*?)\)$", re.MULTILINE)


def go_ranks() -> dict[str, int]:
    return {f"RANK_{name.upper()}": int(number) for name, number in RANK.findall((RUNTIME / "lock.go").read_text())}


def test_ranks_in_go_are_those_of_the_list_of_locks() -> None:
    ranks = go_ranks()
    assert len(ranks) > 5
    assert ranks == {name: value for name, value in vars(lock_ranks).items() if name in ranks}


def test_every_low_rank_of_the_list_belongs_to_package_runtime() -> None:
    below = {name for name, value in vars(lock_ranks).items() if name.startswith("RANK_") and value < lock_ranks.RANK_CHANNEL}
    assert below <= go_ranks().keys()


def test_the_code_that_acquires_a_lock_names_its_rank() -> None:
    calls = [call for path in RUNTIME.glob("*.go") for call in LOCK.findall(path.read_text()) if "uint32" not in call[1]]
    acquired = [arguments for released, arguments in calls if not released]
    assert len(acquired) > 10
    assert all(re.search(r", rank[A-Z]\w*$", arguments) for arguments in acquired), acquired
