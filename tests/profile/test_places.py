"""A frame of a profile finds its site wherever the program was built."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.profile.builders import frame, site
from tricolor.explain.model import generic_name
from tricolor.profile.places import Named, Places, local_name, package_of, runtime_package


@pytest.mark.parametrize(
    ("function", "package", "local"),
    [
        ("main.main", "main", "main"),
        ("encoding/json.(*Decoder).Decode", "encoding/json", "(*Decoder).Decode"),
        ("example.com/m/v2.T.M.func1", "example.com/m/v2", "T.M.func1"),
        ("gopkg.in/yaml%2ev3.Unmarshal", "gopkg.in/yaml.v3", "Unmarshal"),
        ("slices.Sort[go.shape.[]example.com/a.T,go.shape.int].func1", "slices", "Sort[...].func1"),
        ("example.com/m.(*Heap[go.shape.struct { a/b.x int }]).Push", "example.com/m", "(*Heap[...]).Push"),
        ("", "", ""),
    ],
)
def test_symbols_are_split(function: str, package: str, local: str) -> None:
    assert package_of(function) == package
    assert local_name(function) == local


def test_type_arguments_are_left_out() -> None:
    assert generic_name("a.F[go.shape.[]int]-range1") == "a.F[...]-range1"


@pytest.mark.parametrize(
    ("file", "package"),
    [
        ("/usr/local/go/src/runtime/malloc.go", "runtime"),
        ("runtime/malloc.go", "runtime"),
        ("/opt/go/src/internal/runtime/maps/map.go", "internal/runtime/maps"),
        ("/usr/local/go/src/runtime/pprof/proto.go", ""),
        ("/home/a/m/runtime/x.go", ""),
        ("", ""),
    ],
)
def test_the_runtime_is_recognised_by_its_files(file: str, package: str) -> None:
    assert runtime_package(frame("internal/bytealg.MakeNoZero", file)) == package


def test_a_users_folder_named_runtime_is_not_the_runtime() -> None:
    assert not runtime_package(frame("example.com/src/runtime.F", "/home/a/src/runtime/x.go"))
    assert not runtime_package(frame("main.main", "/home/a/src/runtime/x.go"))


@pytest.mark.parametrize(
    ("function", "file"),
    [
        ("example.com/m.F", "/src/m/f.go"),
        ("example.com/m.F", "/elsewhere/checkout/f.go"),
        ("example.com/m.F", "example.com/m/f.go"),
        ("example.com/m.F", "/home/a/go/pkg/mod/example.com/m@v1.2.3/f.go"),
        ("main.main.F.func1", "example.com/m/f.go"),
    ],
)
def test_a_line_is_found_from_another_build(function: str, file: str) -> None:
    one = site()
    assert Places([one]).at(frame(function, file)) == [one]


def test_capitals_in_the_module_cache_are_decoded() -> None:
    one = site("github.com/BurntSushi/toml.Decode", "/vendor/decode.go", package="github.com/BurntSushi/toml")
    assert Places([one]).at(frame("main.F", "/go/pkg/mod/github.com/!burnt!sushi/toml@v1.0.0/decode.go")) == [one]


@pytest.mark.parametrize(
    ("function", "file", "line"),
    [
        ("example.com/m.F", "/src/m/f.go", 2),
        ("example.com/m.F", "/src/m/g.go", 1),
        ("example.com/other.F", "/src/other/f.go", 1),
        ("main.F", "/src/program/f.go", 1),
        ("example.com/m.F", "", 0),
    ],
)
def test_another_place_does_not_match(function: str, file: str, line: int) -> None:
    assert not Places([site()]).at(frame(function, file, line))


def test_a_main_package_is_found_by_its_functions() -> None:
    one = site("main.run", package="example.com/cmd")
    places = Places([one])
    assert places.at(frame("main.run", "/build/f.go")) == [one]
    assert places.at(frame("example.com/cmd.run", "/build/f.go")) == [one]
    assert not places.at(frame("main.other", "/build/f.go"))


def test_the_most_certain_place_wins() -> None:
    here, there = site("main.main", "/a/f.go", package="m/a"), site("main.main", "/b/f.go", package="m/b")
    assert Places([here, there]).at(frame("main.main", "/b/f.go")) == [there]


def test_sites_of_the_function_win_over_others_on_the_line() -> None:
    outer, inner = site(column=1), site("example.com/m.F.func1", column=9)
    places = Places([outer, inner])
    assert places.at(frame("example.com/m.F.func1")) == [inner]
    assert places.at(frame("example.com/m.F")) == [outer]
    assert places.at(frame("example.com/m.G.F.func2")) == [outer, inner]


def test_an_instance_in_another_package_is_the_same_site() -> None:
    own = site("slices.Grow[...]", "/go/src/slices/slices.go", package="slices")
    copy = site("slices.Grow[...]", "/go/src/slices/slices.go", package="example.com/m", foreign=True)
    at = frame("slices.Grow[go.shape.int]", "/go/src/slices/slices.go")
    assert Places([copy, own]).at(at) == [own]
    assert Places([copy]).at(at) == [copy]


def test_named_packages_are_recognised_by_path_and_main_by_its_files(tmp_path: Path) -> None:
    (tmp_path / "cmd.go").write_text("package main\n")
    named = Named({"m/cmd": [site("main.main", str(tmp_path / "cmd.go"))], "m/lib": []})
    assert frame("m/lib.F", "/x/lib.go") in named
    assert frame("m/cmd.run", "/x/cmd.go") in named
    assert frame("main.run", "/x/cmd.go") in named
    assert frame("main.run", "/x/other.go") not in named
    assert frame("fmt.Sprint", "/go/src/fmt/print.go") not in named
