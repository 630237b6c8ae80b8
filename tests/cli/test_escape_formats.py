"""``tricolor escape --format``: the formats for tools and browsers."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.cli.conftest import Run

FILES = {
    "go.mod": "module example.com/m\n\ngo 1.27\n",
    "keep/keep.go": """package keep

var kept []*int

// Point keeps an address: <b>, </script>.
func Point(é string) int {
	n := len(é)
	kept = append(kept, &n)
	list := [3]int{1, 2, 3}
	return len(list[:])
}
""",
}

pytestmark = pytest.mark.slow


@pytest.fixture
def module(tmp_path: Path) -> Path:
    for name, text in FILES.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    return tmp_path


def test_annotations_of_a_workflow(tricolor: Run, module: Path) -> None:
    done = tricolor("escape", "--format", "github", "./...")
    assert (done.status, done.err) == (0, "")
    places = [line.partition(",title=")[0] for line in done.out.splitlines()]
    assert places == ["::notice file=keep/keep.go,line=7,col=2", "::notice file=keep/keep.go,line=8,col=15"]


def test_sarif_names_the_sites_of_the_text_form(tricolor: Run, module: Path) -> None:
    results = json.loads(tricolor("escape", "--format", "sarif", "./...").out)["runs"][0]["results"]
    regions = [result["locations"][0]["physicalLocation"]["region"] for result in results]
    text = tricolor("escape", "--heap", "./...").out
    assert [f"keep/keep.go:{region['startLine']}:{region['startColumn']}:" for region in regions] == [
        line.partition(" ")[0] for line in text.splitlines() if line.startswith("keep/")
    ]
    assert results[0]["codeFlows"]


def test_the_page_is_written_to_a_file(tricolor: Run, module: Path) -> None:
    done = tricolor("escape", "--format", "html", "-o", "page.html", "./...")
    assert (done.status, done.out, done.err) == (0, "", "")
    text = (module / "page.html").read_text()
    assert text.startswith("<!DOCTYPE html>")
    assert text.rstrip().endswith("</html>")
    assert '"name":"keep/keep.go"' in text
    assert str(module) not in text, "nothing of the machine is in the page"


@pytest.mark.parametrize("form", ["sarif", "github", "html"])
def test_faulty_packages_write_nothing(tricolor: Run, module: Path, form: str) -> None:
    (module / "keep" / "keep.go").write_text("package keep\n\nvar x int = nothing\n")
    done = tricolor("escape", "--format", form, "-o", "out", "./...")
    assert done.status == 1
    assert "undefined: nothing" in done.err
    assert not (module / "out").exists()


def test_a_file_that_cannot_be_written_is_named(tricolor: Run, module: Path) -> None:
    (module / "taken").mkdir()
    done = tricolor("escape", "--format", "html", "-o", "taken", "./...")
    assert done.status != 0
    assert "taken" in done.err
    assert sorted(path.name for path in module.iterdir()) == ["go.mod", "keep", "taken"]
