"""The HTML page: its content, and its behaviour in a real browser."""

from __future__ import annotations

import io
import json
import re
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from tests.report.browser import CHROMIUM, Browser
from tests.report.samples import SOURCE, position, sample, site
from tricolor.explain.model import CostClass, Explained
from tricolor.frontend.records import Position
from tricolor.report.escape_html import page_data, write_html
from tricolor.report.source_tree import SourceTree

FILE = "sub dir/sample.go"

needs_browser = pytest.mark.skipif(CHROMIUM is None, reason="no Chromium is installed (Debian package chromium)")


def page(explained: Explained, tree: SourceTree) -> str:
    out = io.StringIO()
    write_html(explained, out, tree)
    return out.getvalue()


class Elements(HTMLParser):
    """Collects the names and attributes of all elements."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))


# --- content ---


def test_source_text_is_never_html(tmp_path: Path) -> None:
    text = page(*sample(tmp_path))
    elements = Elements(text).found
    assert [tag for tag, _ in elements if tag in ("b", "img")] == []
    assert [attributes.get("id") for tag, attributes in elements if tag == "script"] == ["data", None]
    assert text.count("</script>") == 2


def test_nothing_is_loaded_and_no_handler_is_in_the_markup(tmp_path: Path) -> None:
    for tag, attributes in Elements(page(*sample(tmp_path))).found:
        assert not [name for name in attributes if name.startswith("on")], tag
        assert "src" not in attributes
        assert attributes.get("href") in {None, "#", "data:,"}


def test_package_names_are_never_html(tmp_path: Path) -> None:
    _, tree = sample(tmp_path)
    assert "<title>Where values live: a&lt;/title&gt;</title>" in page(Explained("go1.27.3", {"a</title>": []}), tree)


def test_the_data_holds_source_marks_and_sites(tmp_path: Path) -> None:
    text = page(*sample(tmp_path))
    held = re.search(r'<script type="application/json" id="data">(.*?)</script>', text, re.DOTALL)
    assert held is not None
    data: dict[str, Any] = json.loads(held.group(1))
    assert data["packages"] == [{"path": "example.com/sample", "files": [0]}]
    [file] = data["files"]
    assert file["name"] == FILE
    assert file["text"] == SOURCE
    units = SOURCE.encode("utf-16-le")
    texts = [units[2 * start : 2 * end].decode("utf-16-le") for start, end, _ in file["marks"]]
    assert texts == ["&point{1, 2}", "fmt.Println(", '"</script><b>"', "text", "n", "make([]byte, n)"]
    assert data["sites"][0]["chain"][1] == {
        "text": "stored in the package variable kept (line 12)",
        "flow": "{heap} ← p",
        "line": 12,
        "file": 0,
    }
    assert (data["sites"][4]["line"], data["sites"][4]["column"]) == (14, 43)


def test_coloured_tokens_are_gaps_lengths_and_kinds(tmp_path: Path) -> None:
    data = page_data(*sample(tmp_path))
    tokens = data["files"][0]["tokens"]
    units = SOURCE.encode("utf-16-le")
    at, texts = 0, list[str]()
    for gap, length in zip(tokens[::3], tokens[1::3], strict=True):
        texts.append(units[2 * (at + gap) : 2 * (at + gap + length)].decode("utf-16-le"))
        at += gap + length
    assert texts[:3] == ["package", "import", '"fmt"']
    assert "/* 𝔘𝔫𝔦 */" in texts
    assert '"é😀"' in texts


def test_files_with_the_same_name_have_whole_paths(tmp_path: Path) -> None:
    for folder in ("go/src/a", "a"):
        (tmp_path / folder).mkdir(parents=True)
        (tmp_path / folder / "x.go").write_text("package a\n")
    sites = [site(position(tmp_path / folder / "x.go", "a\n"), "a") for folder in ("go/src/a", "a")]
    data = page_data(Explained("go1.27.3", {"a": sites}), SourceTree(tmp_path, tmp_path / "go"))
    assert sorted(file["name"] for file in data["files"]) == [f"{tmp_path}/a/x.go", f"{tmp_path}/go/src/a/x.go"]


def test_a_file_that_cannot_be_read_has_sites_without_source(tmp_path: Path) -> None:
    _, tree = sample(tmp_path)
    data = page_data(Explained("go1.27.3", {"p": [site(Position("/gone.y", 3, 1), "x")]}), tree)
    assert data["files"] == [{"name": "/gone.y", "text": None, "tokens": [], "marks": []}]
    assert len(data["sites"]) == 1


# --- behaviour ---


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with Browser() as opened:
        yield opened


@pytest.fixture
def opened(browser: Browser, tmp_path: Path) -> Iterator[tuple[Browser, Path]]:
    """The sample's open page; afterwards checks that it fetched nothing and that no error occurred."""
    file = tmp_path / "page.html"
    file.write_text(page(*sample(tmp_path)))
    browser.open(file)
    yield browser, file
    assert browser.errors == []
    assert [request for request in browser.requests if not request.startswith(("file:", "data:"))] == []


def at(place: str) -> str:
    return quote(FILE + place, safe="/:")


@needs_browser
def test_the_summary_counts_sites_by_kind_and_cost(opened: tuple[Browser, Path]) -> None:
    browser, _ = opened
    assert browser.texts("tbody tr:first-child td") == ["2", "0", "0", "1", "3"]
    assert browser.texts("tfoot td") == ["3", "1", "1", "1", "6"]
    assert browser.texts("#costs .count") == ["3", "1", "1", "1"]
    assert browser.texts("#files a") == ["sub dir/sample.go42"]
    assert len(browser.texts(".row")) == 6


@needs_browser
def test_the_source_is_shown_as_it_is(opened: tuple[Browser, Path]) -> None:
    browser, file = opened
    browser.open(file, at(""))
    assert browser.texts(".line > span:last-child") == SOURCE.rstrip("\n").split("\n")
    assert browser.texts(".number a") == [str(number + 1) for number in range(SOURCE.count("\n"))]
    assert browser.js("document.querySelectorAll('.source b, .source img, .source script').length") == 0


@needs_browser
def test_tokens_are_coloured_across_lines(opened: tuple[Browser, Path]) -> None:
    browser, file = opened
    browser.open(file, at(""))
    assert '"</script><b>"' in browser.texts(".t2")
    assert "<img src=x onerror=alert(1)>" in browser.texts(".t2")
    assert "// é keeps a point. <b>not bold</b> &amp; </script>" in browser.texts(".t1")


@needs_browser
def test_marks_differ_by_more_than_colour(opened: tuple[Browser, Path]) -> None:
    browser, file = opened
    browser.open(file, at(""))
    marks = browser.js("[...document.querySelectorAll('[data-mark].mark')].map((one) => [one.textContent, one.className])")
    assert marks == [
        ["&point{1, 2}", "mark heap"],
        ["fmt.Println(", "mark stack"],
        ['"</script><b>"', "mark none"],
        ["text", "mark heap"],
        ["n", "mark heap"],
        ["make([]byte, n)", "mark larger"],
    ]
    styles = "['heap', 'larger', 'stack', 'none'].map((name) => getComputedStyle(document.querySelector('.source .mark.' + name)).textDecorationStyle)"
    assert browser.js(styles) == ["solid", "double", "dotted", "dashed"]
    assert browser.texts(".line:nth-child(13) .sign") == ["H", "S", "–"]
    assert browser.texts(".legend > span") == ["H heap", "L heap when larger", "S stack", "– never allocates"]


@needs_browser
def test_a_click_opens_the_explanation(opened: tuple[Browser, Path]) -> None:
    browser, file = opened
    browser.open(file, at(""))
    assert browser.js("document.querySelector('#panel').hidden")
    browser.click(".source .mark.heap")
    assert not browser.js("document.querySelector('#panel').hidden")
    assert browser.text(".card h2") == "&point{...}"
    assert browser.text(".card .badge") == "heap"
    assert browser.text(".card .sentence").endswith("which lives as long as the program.")
    assert browser.text(".card .hint") == "hintstore the value itself, not its address: 100%"
    assert browser.texts(".chain li") == ["p ← &{storage for &point{...}}", "stored in the package variable kept (line 12){heap} ← p"]
    assert browser.js("decodeURIComponent(location.hash)") == f"#{FILE}:11:7"
    assert browser.text(".mark.open") == "&point{1, 2}"


@needs_browser
def test_a_step_of_the_chain_scrolls_its_line_into_view(opened: tuple[Browser, Path]) -> None:
    browser, file = opened
    browser.open(file, at(":11:7"))
    assert browser.text(".hit .number a") == "11"
    browser.click(".chain a")
    assert browser.texts(".hit .number a") == ["12"]
    assert browser.text(".card h2") == "&point{...}", "the explanation stays"


@needs_browser
def test_the_keyboard_reaches_and_opens_every_mark(opened: tuple[Browser, Path]) -> None:
    browser, file = opened
    browser.open(file, at(""))
    browser.js("document.querySelector('#main').focus()")
    reached: list[str] = []
    for _ in range(6):
        browser.key("Tab")
        reached.append(browser.js("document.activeElement.textContent"))
    assert reached == ["&point{1, 2}", "fmt.Println(", '"</script><b>"', "text", "n", "make([]byte, n)"]
    assert browser.js("document.activeElement.getAttribute('role')") == "button"
    assert browser.js("document.activeElement.getAttribute('aria-label')") == "make([]byte, n): stack, heap when larger than 32 bytes"
    browser.key("Enter")
    assert browser.text(".card h2") == "make([]byte, n)"
    assert browser.js("document.activeElement.id") == "panel"
    browser.key("Escape")
    assert browser.js("document.querySelector('#panel').hidden")
    assert browser.js("document.activeElement.textContent") == "make([]byte, n)"
    browser.key("k")
    assert browser.text(".card h2") == "n"
    browser.key("j")
    assert browser.text(".card h2") == "make([]byte, n)"


@needs_browser
def test_an_address_with_a_line_shows_all_sites_of_the_line(opened: tuple[Browser, Path]) -> None:
    browser, file = opened
    browser.open(file, at(":13"))
    assert browser.texts(".card h2") == ['"</script><b>"', "... argument", "text"]
    assert browser.text(".hit .number a") == "13"


@needs_browser
def test_an_address_of_an_unknown_file_says_so(opened: tuple[Browser, Path]) -> None:
    browser, file = opened
    browser.open(file, "other.go:3")
    assert browser.text(".home p") == "This page does not contain the file other.go."
    browser.open(file, "%ff")
    assert browser.text(".home h1") == "example.com/sample"
    browser.open(file, at(":999"))
    assert browser.texts(".hit") == []


@needs_browser
def test_filters_by_cost_text_and_kind(opened: tuple[Browser, Path]) -> None:
    browser, file = opened
    browser.open(file, at(""))
    browser.click("#costs input", 0)
    assert browser.texts("[data-mark].mark:not(.off)") == ["fmt.Println(", '"</script><b>"', "make([]byte, n)"]
    assert browser.js("document.querySelector('.source .off').tabIndex") == -1
    browser.click("#costs input", 0)
    browser.key("/")
    for letter in "Println":
        browser.key(letter)
    assert browser.js("document.querySelector('#search').value") == "Println"
    assert browser.texts("[data-mark].mark:not(.off)") == ["text"]
    assert browser.texts("#costs .count") == ["1", "0", "0", "0"]
    browser.click("#home")
    assert len(browser.texts(".row")) == 1


@needs_browser
def test_a_number_of_the_summary_filters_by_kind_and_cost(opened: tuple[Browser, Path]) -> None:
    browser, _ = opened
    browser.click("tbody td button", 0)
    assert browser.texts(".row code") == ["text", "n"]
    browser.click(".row", 1)
    assert browser.text(".card h2") == "n"
    assert browser.text(".mark.open") == "n"


@needs_browser
def test_colours_follow_the_preference(opened: tuple[Browser, Path]) -> None:
    browser, _ = opened
    seen: list[str] = []
    for scheme in ("light", "dark"):
        browser.send("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": scheme}])
        seen.append(browser.js("getComputedStyle(document.body).backgroundColor"))
    assert seen == ["rgb(255, 255, 255)", "rgb(13, 17, 23)"]


@needs_browser
def test_the_policy_lets_nothing_else_run(opened: tuple[Browser, Path]) -> None:
    browser, _ = opened
    browser.js("document.body.append(Object.assign(document.createElement('script'), {textContent: 'window.ran = true'}))")
    assert browser.js("window.ran === undefined")
    browser.errors.clear()


@needs_browser
def test_only_the_visible_part_of_a_large_file_is_laid_out(browser: Browser, tmp_path: Path) -> None:
    file = tmp_path / "large.go"
    lines = 12_000
    file.write_text("".join(f'\tx{number} := append(y, "{number}", {number})\n' for number in range(lines)))
    sites = [site(Position(str(file), line, 5 + len(str(line - 1)) + 9), "append", "append") for line in range(1, lines, 10)]
    target = tmp_path / "page.html"
    target.write_text(page(Explained("go1.27.3", {"p": sites}), SourceTree(tmp_path, tmp_path / "go")))
    browser.open(target, f"large.go:{lines - 100}")
    assert browser.text(".hit .number a") == str(lines - 100)
    top = browser.js("document.querySelector('.hit').getBoundingClientRect().top")
    assert 0 < top < browser.js("innerHeight")
    assert browser.js("document.querySelector('.source').scrollHeight") >= 20 * lines
    assert browser.errors == []


def test_cost_classes_all_have_a_place_in_the_page(tmp_path: Path) -> None:
    _, tree = sample(tmp_path)
    sites = [site(Position("/x.go", 1, 1), "x", cost=cost) for cost in CostClass]
    assert sorted(found["cost"] for found in page_data(Explained("go1.27.3", {"p": sites}), tree)["sites"]) == [0, 1, 2, 3]
