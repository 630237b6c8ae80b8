"""Packages are analysed with the cached parameter tags of their imports, and the decisions are the same."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from pathlib import Path

import pytest

from tricolor.cache.store import cache_dir
from tricolor.decide.decisions import Alone, Decisions, analyse_alone, decide, request_for
from tricolor.decide.known_tags import KIND
from tricolor.escape.messages import Detail

FILES = {
    "go.mod": "module example.com/m\n\ngo 1.27\n",
    "main.go": """package main

import (
	"strings"

	"example.com/m/low"
)

func main() {
	x, y := 1, 2
	low.Keep(&x)
	low.Look(&y)
	low.Directly(&y)
	println(strings.ToUpper("text"), *low.Same([]*int{new(int)}))
}
""",
    "low/low.go": """package low

import "strings"

var kept *int

type list[T any] struct{ elems []T }

func (l *list[T]) first() T { return l.elems[0] }

func Keep(p *int) { kept = p }

func Look(p *int) int { return look(p) }

func look(p *int) int { return *p }

type looker interface{ Look(p *int) int }

type steady struct{}

func (*steady) Look(p *int) int { return *p }

func Directly(p *int) int {
	var l looker = &steady{}
	return l.Look(p)
}

func Same[T any](from []T) T { return (&list[T]{from}).first() }

func Never(p *int) string {
	type local struct{ p *int }
	return strings.Repeat("x", *local{p}.p)
}
""",
}


@pytest.fixture
def module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    helper = cache_dir() / "goload"
    monkeypatch.setenv("TRICOLOR_CACHE", str(tmp_path / "cache"))
    (tmp_path / "cache").mkdir()
    if helper.is_dir():
        (tmp_path / "cache/goload").symlink_to(helper)
    folder = tmp_path / "m"
    for name, text in FILES.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    return folder


def entries() -> list[Path]:
    return sorted(path for path in (cache_dir() / KIND).rglob("*") if path.is_file())


def forget() -> None:
    for path in entries():
        path.unlink()


def analysed(module: Path, pattern: str = ".") -> Alone:
    found = analyse_alone(request_for([pattern], module), check=True)
    assert isinstance(found, Alone), found.text
    return found


def decided(module: Path) -> Decisions:
    return decide(request_for(["."], module), check=True)


def built(found: Alone) -> set[str]:
    """The packages of the functions whose bodies were analysed."""
    return {func.pkg for batch in found.escape.batches for func in batch}


def test_functions_of_other_packages_are_analysed_once(module: Path) -> None:
    first = decided(module)
    again = analysed(module)
    # The package that uses a generic function compiles it.
    assert built(again) == {"main", "example.com/m/low"}
    assert {func.symbol for batch in again.escape.batches for func in batch if func.pkg != "main"} == {
        "example.com/m/low.Same[go.shape.*uint8]", "example.com/m/low.(*list[go.shape.*uint8]).first",
    }  # fmt: skip
    assert decided(module) == first


def test_packages_use_the_tags_of_an_import_that_was_analysed_alone(module: Path) -> None:
    analysed(module, "./low")
    found = decided(module)
    forget()
    assert decided(module) == found


def test_a_changed_package_and_its_importers_are_analysed_again(module: Path) -> None:
    before = decided(module)
    low = module / "low/low.go"
    low.write_text(low.read_text().replace("return look(p)", "kept = p; return look(p)"))
    after = decided(module)
    texts = [line.text for line in after.packages["example.com/m"]]
    assert "moved to heap: y" in texts
    assert "moved to heap: y" not in [line.text for line in before.packages["example.com/m"]]
    forget()
    assert decided(module) == after


def test_a_function_is_analysed_when_it_is_called_for_the_first_time(module: Path) -> None:
    decided(module)
    main = module / "main.go"
    main.write_text(main.read_text().replace("low.Look(&y)", "low.Never(&y)"))
    found = analysed(module)
    assert "example.com/m/low.Never" in {func.symbol for func in found.escape.tags}
    after = decided(module)
    forget()
    assert decided(module) == after


def signed(payload: bytes) -> bytes:
    return hashlib.sha256(payload).digest() + payload


def cut_short(raw: bytes) -> bytes:
    return raw[:-1]


def flipped(raw: bytes) -> bytes:
    return raw[:-1] + bytes([raw[-1] ^ 1])


def emptied(_: bytes) -> bytes:
    return b""


def no_json(_: bytes) -> bytes:
    return signed(b"\xff")


def strange(make: Callable[[dict[str, str]], object]) -> Callable[[bytes], bytes]:
    """An entry with a valid signature and content that Tricolor never writes."""
    return lambda raw: signed(json.dumps(make(json.loads(raw[32:]))).encode())


DAMAGES: dict[str, Callable[[bytes], bytes]] = {
    "cut short": cut_short,
    "one bit": flipped,
    "empty": emptied,
    "not JSON": no_json,
    "a list": strange(list),
    "numbers": strange(lambda known: dict.fromkeys(known, 7)),
    "no digits": strange(lambda known: dict.fromkeys(known, "xy")),
    "too many parameters": strange(lambda known: dict.fromkeys(known, "00" * 800)),
    "nothing known": strange(lambda _: {}),
}


@pytest.mark.parametrize("damage", DAMAGES.values(), ids=DAMAGES)
def test_a_damaged_entry_is_replaced(module: Path, damage: Callable[[bytes], bytes]) -> None:
    first = decided(module)
    whole = {path: path.read_bytes() for path in entries()}
    assert whole
    for path, raw in whole.items():
        path.write_bytes(damage(raw))
    assert decided(module) == first
    assert built(analysed(module)) == {"main", "example.com/m/low"}


def test_imported_packages_are_devirtualized_too(module: Path) -> None:
    assert [line.text for line in decided(module).packages["example.com/m"] if line.text.startswith("moved")] == ["moved to heap: x"]


def test_explanations_have_the_same_order_with_cached_tags(module: Path) -> None:
    first = decide(request_for(["."], module), detail=Detail(flows=True), check=True)
    assert decide(request_for(["."], module), detail=Detail(flows=True), check=True) == first
    (module / "pool.go").write_text('package main\n\nimport "sync"\n\nvar pool sync.Pool\n\nfunc Put(v any) { pool.Put(v) }\n')
    first = decide(request_for(["."], module), detail=Detail(flows=True), check=True)
    assert decide(request_for(["."], module), detail=Detail(flows=True), check=True) == first
