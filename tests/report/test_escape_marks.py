"""Marks of sites in a source: positions in characters, and the text that a mark covers."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.report.samples import position, sample, site
from tricolor.frontend.records import Position
from tricolor.report.escape_html import utf16_offsets
from tricolor.report.go_tokens import TokenKind, tokens_of
from tricolor.report.marks import marks_of
from tricolor.report.source_tree import Base, Place, SourceText, SourceTree


def marked(line: str, *places: tuple[str, str]) -> list[str]:
    """The marked texts for sites that are given as (text at the compiler's position, kind)."""
    source = SourceText(line)
    sites = [site(position(Path("x.go"), needle, line), "x", kind) for needle, kind in places]
    return [line[mark.start : mark.end] for mark in marks_of(source, sites)]


@pytest.mark.parametrize(
    ("line", "needle", "kind", "text"),
    [
        ("x = append(a.b, c)", "(a", "append", "append(a.b, c)"),
        ("fmt.Println(a, b)", "(a", "variadic arguments", "fmt.Println("),
        ("x := a.f(1).g(2)", "(2", "boxing", "a.f(1).g(2)"),
        ("x := &pkg.T[int]{1}", "&", "literal", "&pkg.T[int]{1}"),
        ("x := []*T{", "{", "literal", "[]*T{"),
        ("x := map[string][]int{}", "{", "map", "map[string][]int{}"),
        ("x := make(chan struct{}, 1)", "(chan", "channel", "make(chan struct{}, 1)"),
        ("f(a.b.c)", ".c", "boxing", "a.b.c"),
        ("m[k.x] = 1", "[", "map assignment", "m[k.x]"),
        ("x := []byte(f(s))", "(s", "conversion", "[]byte(f(s))"),
        ("x := string(b)", "b)", "conversion", "string(b)"),
        ('x := "a" + t.String()', "+", "concatenation", '"a" + t.String()'),
        ("go func() {}()", "func", "closure", "func"),
        ("x := &y.z", "&", "boxing", "&y.z"),
        ("return (a)", "(a", "boxing", "(a)"),
        ("x := new(T)", "(T", "new", "new(T)"),
    ],
)
def test_a_mark_covers_the_expression_as_a_reader_sees_it(line: str, needle: str, kind: str, text: str) -> None:
    assert marked(line, (needle, kind)) == [text]


def test_marks_do_not_overlap() -> None:
    line = 'payload := []byte(strings.Repeat(fmt.Sprintf("%d", i), 32))'
    places = [("(fmt", "conversion"), ('("%d', "variadic arguments"), ("i)", "boxing")]
    assert marked(line, *places) == ["[]byte(strings.Repeat(", "fmt.Sprintf(", "i"]


def test_sites_at_one_place_share_a_mark() -> None:
    source = SourceText("f(x)")
    two = [site(Position("x.go", 1, 3), "x"), site(Position("x.go", 1, 3), "x", "variable")]
    assert [mark.sites for mark in marks_of(source, two)] == [(0, 1)]


def test_a_mark_stays_on_its_line() -> None:
    assert marked("x := &T{\n\ta: 1,\n}", ("&", "literal")) == ["&T{"]


def test_a_site_outside_the_text_has_no_mark() -> None:
    sites = [site(Position("x.go", *place), "x") for place in ((2, 1), (1, 90), (0, 0), (1, 2))]
    assert marks_of(SourceText("a b"), sites) == []


def test_columns_count_characters_where_the_compiler_counts_bytes() -> None:
    source = SourceText('é😀x\r\ny := "ü"z')
    assert source.column(Position("", 1, 7)) == 3
    assert source.offset(Position("", 1, 7)) == 2
    assert source.column(Position("", 2, 10)) == 9
    assert source.text[source.offset(Position("", 2, 10)) or 0] == "z"
    assert source.column(Position("", 1, 40)) is None
    assert source.line_of(source.line_start(2)) == 2


def test_offsets_in_utf16_count_wide_characters_twice() -> None:
    units = utf16_offsets("a😀b𝔘c")
    assert [units(offset) for offset in range(6)] == [0, 1, 3, 4, 6, 7]
    assert utf16_offsets("abc")(3) == 3


def test_tokens_have_their_kinds() -> None:
    source = "x := `a\n\"`[0x1p-2] + 'a' // end\nfunc /* y\n*/ len(1.5e+3i)"
    kinds = [(token.text, token.kind) for token in tokens_of(source) if token.kind is not TokenKind.OPERATOR]
    assert kinds == [
        ("x", TokenKind.NAME),
        ('`a\n"`', TokenKind.STRING),
        ("0x1p-2", TokenKind.NUMBER),
        ("'a'", TokenKind.STRING),
        ("// end", TokenKind.COMMENT),
        ("func", TokenKind.KEYWORD),
        ("/* y\n*/", TokenKind.COMMENT),
        ("len", TokenKind.PREDECLARED),
        ("1.5e+3i", TokenKind.NUMBER),
    ]


def test_files_are_named_relative_to_their_base_folder(tmp_path: Path) -> None:
    tree = SourceTree(tmp_path, tmp_path / "go")
    assert tree.place(str(tmp_path / "a" / ".." / "b.go")) == Place(Base.ROOT, f"{tmp_path}/", "b.go")
    assert tree.place(str(tmp_path / "go" / "src" / "fmt" / "print.go")) == Place(Base.GOROOT, f"{tmp_path}/go/src/", "fmt/print.go")
    assert tree.place("/home/u/go/pkg/mod/x.org/y@v1/z.go") == Place(Base.MODULES, "/home/u/go/pkg/mod/", "x.org/y@v1/z.go")
    assert tree.place("/elsewhere/z.go") == Place(Base.NONE, "", "/elsewhere/z.go")


def test_a_missing_file_has_no_text(tmp_path: Path) -> None:
    _, tree = sample(tmp_path)
    assert tree.text(str(tmp_path / "generated.y")) is None
