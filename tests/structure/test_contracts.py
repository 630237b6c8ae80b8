"""The import contracts of pyproject.toml name every package, so that a new one cannot be forgotten. (The contract of layers is
exhaustive: import-linter itself checks that one.)"""

from __future__ import annotations

import pkgutil
import tomllib
from pathlib import Path
from typing import Any

import tricolor

_ALL = {f"tricolor.{module.name}" for module in pkgutil.iter_modules(tricolor.__path__)}
_LOOSE = {"pipeline"}


def _contract(words: str) -> dict[str, Any]:
    text = (Path(__file__).parents[2] / "pyproject.toml").read_text()
    (found,) = [contract for contract in tomllib.loads(text)["tool"]["importlinter"]["contracts"] if words in contract["name"]]
    return found


def test_every_package_but_llvm_is_kept_from_llvmlite() -> None:
    assert set(_contract("llvmlite")["source_modules"]) == _ALL - {"tricolor.llvm"}


def test_the_memory_tower_is_kept_from_every_package_but_those_that_it_shares() -> None:
    contract = _contract("The memory tower shares only abi")
    shared = {"tricolor.abi", "tricolor.base", "tricolor.cache"}
    assert {*contract["source_modules"], *contract["forbidden_modules"]} == _ALL - shared


def test_every_package_but_the_memory_tower_is_kept_from_the_runtime() -> None:
    strict, through_pipeline = _contract("Only the pipeline brings"), _contract("Commands and reports reach the runtime")
    assert strict["forbidden_modules"] == through_pipeline["forbidden_modules"] == ["tricolor.runtime", "tricolor.kernel"]
    named = {*strict["source_modules"], *through_pipeline["source_modules"]}
    assert named == _ALL - {"tricolor.pipeline", "tricolor.runtime", "tricolor.kernel"}


def test_every_module_has_a_room_except_the_pipeline() -> None:
    assert {module.name for module in pkgutil.iter_modules(tricolor.__path__) if not module.ispkg} == _LOOSE
