"""Patches cut Go files into declarations at the right places."""

from __future__ import annotations

import pytest

from tricolor.goroot.patches import Delete, KeepOnly, PatchError, Replace, Unconstrain, apply_patches
from tricolor.goroot.source import split_source

FILE = """// A licence.

//go:build !amd64

package p

import (
	"fmt"
	"os"
	other "strings"
	"unsafe"
)

// F has a brace in a string: "}".
func F() string {
	return "}" + `
}
` + string('}')
}

func (t *T[K]) M() { fmt.Print(1) }

//go:noescape
func body()

type T struct {
	a int // {
}

const (
	first = iota
	second, third
)

var v = map[string]int{
	"x": 1,
}
"""


def test_declarations_end_where_their_brackets_close() -> None:
    names = [sorted(d.names) for d in split_source(FILE).declarations]
    assert names == [["F"], ["T.M"], ["body"], ["T"], ["first", "second", "third"], ["v"]]


def test_comments_and_directives_belong_to_the_declaration_below() -> None:
    declarations = split_source(FILE).declarations
    assert "// F has" in declarations[0].text
    assert "//go:noescape" in declarations[2].text


def test_delete_also_removes_unused_imports() -> None:
    text = apply_patches(FILE, [Delete(("T.M", "F"))])
    assert "fmt" not in text
    assert "func body()" in text
    assert 'import _ "unsafe"' in text


def test_keep_only_leaves_out_everything_else() -> None:
    text = apply_patches(FILE, [KeepOnly(("second",))])
    assert "first = iota" in text
    assert "func" not in text


def test_unconstrain_drops_the_build_line() -> None:
    assert "//go:build" not in apply_patches(FILE, [Unconstrain()])


def test_replace_changes_one_place() -> None:
    assert "a uint //" in apply_patches(FILE, [Replace("T", "a int", "a uint")])


@pytest.mark.parametrize("patch", [Delete(("Nobody",)), KeepOnly(("Nobody",)), Replace("T", "nothing", "")])
def test_a_patch_that_does_not_fit_is_an_error(patch: Delete | KeepOnly | Replace) -> None:
    with pytest.raises(PatchError):
        apply_patches(FILE, [patch])


def test_a_file_without_constraint_cannot_be_unconstrained() -> None:
    with pytest.raises(PatchError):
        apply_patches("package p\n", [Unconstrain()])
