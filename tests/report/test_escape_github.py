"""Annotations in GitHub workflows."""

from __future__ import annotations

import io
import re
from pathlib import Path

from tests.report.samples import position, sample, site
from tricolor.explain.model import Explained
from tricolor.frontend.records import Position
from tricolor.report.escape_github import escaped, escaped_property, write_github
from tricolor.report.source_tree import SourceTree


def written(explained: Explained, tree: SourceTree) -> list[str]:
    out = io.StringIO()
    write_github(explained, out, tree)
    return out.getvalue().splitlines()


def test_a_notice_for_each_site_that_may_allocate(tmp_path: Path) -> None:
    lines = written(*sample(tmp_path))
    assert len(lines) == 4
    assert all(re.fullmatch(r"::notice file=[^,:]+,line=\d+,col=\d+,title=[^,:]+::.+", line) for line in lines)
    assert lines[0] == (
        "::notice file=sub dir/sample.go,line=11,col=7,title=&point{...}%3A heap::&point{...} is assigned to p (line 11), stored in the "
        "package variable kept (line 12), which lives as long as the program%0Ahint: store the value itself, not its address: 100%25"
    )
    assert "title=make([]byte%2C n)%3A stack%2C heap when larger than 32 bytes::" in lines[3]


def test_columns_are_characters(tmp_path: Path) -> None:
    explained, tree = sample(tmp_path)
    line = next(line for line in written(explained, tree) if "title=n%3A" in line)
    assert ",line=14,col=30," in line


def test_values_cannot_end_the_command_or_the_property() -> None:
    assert escaped("50%\r\n::error::x, y") == "50%25%0D%0A::error::x, y"
    assert escaped_property("a:b,c%\n") == "a%3Ab%2Cc%25%0A"


def test_a_site_of_a_file_that_cannot_be_read_has_a_line_only(tmp_path: Path) -> None:
    _, tree = sample(tmp_path)
    lost = site(Position(str(tmp_path / "lost.y"), 3, 4), "x", why="x is lost")
    assert written(Explained("go1.27.3", {"p": [lost]}), tree) == ["::notice file=lost.y,line=3,title=x%3A heap::x is lost"]


def test_files_outside_the_root_have_whole_paths(tmp_path: Path) -> None:
    file = tmp_path / "go" / "src" / "fmt" / "print.go"
    file.parent.mkdir(parents=True)
    file.write_text("package fmt\n")
    found = site(position(file, "fmt"), "fmt")
    assert written(Explained("go1.27.3", {"fmt": [found]}), SourceTree(tmp_path / "work", tmp_path / "go"))[0].startswith(
        f"::notice file={file},line=1,col=9,"
    )
