"""Hand-made explanations of sources in a temporary folder."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from tricolor.explain.model import Cost, CostClass, Explained, Site, Step, Verdict
from tricolor.frontend.records import Position
from tricolor.report.source_tree import SourceTree

COSTS: Final = {
    CostClass.HEAP: Verdict.HEAP,
    CostClass.HEAP_ABOVE: Verdict.STACK,
    CostClass.STACK: Verdict.STACK,
    CostClass.NONE: Verdict.HEAP,
}

SOURCE: Final = """\
package sample

import "fmt"

type point struct{ x, y int }

var kept *point

// é keeps a point. <b>not bold</b> &amp; </script>
func é(text string, n int) {
	p := &point{1, 2}
	kept = p
	fmt.Println("</script><b>", text) // 😀 </script>
	/* 𝔘𝔫𝔦 */ fmt.Println("é😀", n)
	buffer := make([]byte, n)
	_ = buffer
	raw := `
<img src=x onerror=alert(1)>
`
	_ = raw
}
"""


def position(file: Path, needle: str, text: str | None = None, occurrence: int = 1) -> Position:
    """The compiler's position of the first byte of a text: line and byte column."""
    data = (file.read_text() if text is None else text).encode()
    at = -1
    for _ in range(occurrence):
        at = data.index(needle.encode(), at + 1)
    return Position(str(file), data.count(b"\n", 0, at) + 1, at - data.rfind(b"\n", 0, at))


def site(
    at: Position,
    expression: str,
    kind: str = "boxing",
    cost: CostClass = CostClass.HEAP,
    *,
    why: str = "",
    hint: str = "",
    chain: tuple[Step, ...] = (),
    number: int = 1,
) -> Site:
    """A site with the given properties, and defaults for the rest."""
    above = 32 if cost is CostClass.HEAP_ABOVE else 0
    return Site(
        package="example.com/sample", function="sample.é", expression=expression, number=number, kind=kind, type="string", size_bytes=16,
        position=at, verdict=COSTS[cost], cost=Cost(cost, "", above), why=why, chain=chain, hint=hint, shapes=0, listed=True, foreign=False,
    )  # fmt: skip


def sample(folder: Path) -> tuple[Explained, SourceTree]:
    """A package with one file, ``sub dir/sample.go``, which has a site of each cost class."""
    file = folder / "sub dir" / "sample.go"
    file.parent.mkdir()
    file.write_text(SOURCE)
    stored = position(file, "= p")
    sites = [
        site(
            position(file, "&point"),
            "&point{...}",
            "literal",
            why="&point{...} is assigned to p (line 11), stored in the package variable kept (line 12), which lives as long as the program",
            hint="store the value itself, not its address: 100%",
            chain=(
                Step("", "p ← &{storage for &point{...}}", Position("", 0, 0)),
                Step("stored in the package variable kept (line 12)", "{heap} ← p", stored),
            ),
        ),
        site(position(file, '"</script>'), '"</script><b>"', cost=CostClass.NONE),
        site(position(file, '("</script>'), "... argument", "variadic arguments", CostClass.STACK),
        site(position(file, "text)"), "text", why="text is stored in the interface passed to fmt.Println (line 13)"),
        site(position(file, "n)"), "n", why="n is stored in an interface"),
        site(position(file, "([]byte"), "make([]byte, n)", "make", CostClass.HEAP_ABOVE, why="its size is known only at run time"),
    ]
    return Explained("go1.27.3", {"example.com/sample": sites}), SourceTree(folder, folder / "go")
