"""Find the text of a source file that marks a site.

The compiler's position of an expression is one token: the "(" of a call, the "{" of a literal. A mark covers the text that a reader sees as the
expression, for example ``strings.Repeat(``, if that text is on one line and does not overlap the marks of other sites.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final, final

from tricolor.explain.model import Site
from tricolor.report.go_tokens import Token, TokenKind
from tricolor.report.source_tree import SourceText

_CLOSING: Final = {")": "(", "]": "[", "}": "{"}
_WORDS: Final = (TokenKind.NAME, TokenKind.PREDECLARED)
_HEADS: Final = (*_WORDS, TokenKind.STRING, TokenKind.NUMBER)
_VARIADIC: Final = "variadic arguments"


@final
@dataclass(frozen=True, slots=True)
class Mark:
    """``start``, ``end``: offsets in the text. ``sites``: the numbers of the sites at this place, in the given order."""

    start: int
    end: int
    sites: tuple[int, ...]


def marks_of(source: SourceText, sites: Sequence[Site]) -> list[Mark]:
    """The marks in order of place, without overlaps. A site whose position is not in the text has no mark."""
    at: defaultdict[int, list[int]] = defaultdict(list)
    for number, site in enumerate(sites):
        offset = source.offset(site.position)
        token = None if offset is None else source.token_at(offset)
        if token is not None:
            at[token].append(number)
    extents = _Extents(source)
    taken = {token: (source.tokens[token].start, source.tokens[token].end) for token in at}
    for token in sorted(at):
        for start, end in extents.candidates(token, {sites[number].kind for number in at[token]}):
            if source.line_of(start) == source.line_of(end) and all(
                end <= low or high <= start for other, (low, high) in taken.items() if other != token
            ):
                taken[token] = (start, end)
                break
    return sorted((Mark(*taken[token], tuple(numbers)) for token, numbers in at.items()), key=lambda mark: mark.start)


class _Extents:
    """Finds where expressions begin and end, by tokens alone."""

    def __init__(self, source: SourceText) -> None:
        self._tokens: Sequence[Token] = source.tokens
        self._opens: dict[int, int] = {}
        self._closes: dict[int, int] = {}
        stack: list[int] = []
        for number, token in enumerate(source.tokens):
            if token.kind is TokenKind.OPERATOR and token.text in "([{":
                stack.append(number)
            elif token.kind is TokenKind.OPERATOR and token.text in _CLOSING and stack:
                self._opens[number] = stack.pop()
                self._closes[self._opens[number]] = number

    def candidates(self, token: int, kinds: set[str]) -> Iterator[tuple[int, int]]:
        """The extents that may be marked for sites of these kinds at a position, the longest first."""
        found = list(self._expressions(token, variadic=kinds == {_VARIADIC}))
        if "conversion" in kinds:
            start = found[0][0] if found else self._tokens[token].start
            yield from self._conversion(start, found[-1][1] if found else self._tokens[token].end)
        yield from found

    def _conversion(self, start: int, end: int) -> Iterator[tuple[int, int]]:
        """``[]byte(x)`` or ``[]byte(x``. The compiler's position of a conversion is its operand, which begins at ``start`` and ends at ``end``."""
        first = bisect_left(self._tokens, start, key=lambda token: token.start)
        if first and self._tokens[first - 1].text == "(" and first - 1 in self._closes:
            outer = self._operand_start(first - 1)
            yield outer, self._tokens[self._closes[first - 1]].end
            yield outer, end

    def _expressions(self, token: int, *, variadic: bool) -> Iterator[tuple[int, int]]:
        match self._tokens[token].text:
            case "(":
                start = self._operand_start(token)
                if not variadic:
                    yield from self._through_close(start, token)
                yield start, self._tokens[token].end
            case "{":
                start = self._type_start(token)
                yield from self._through_close(start, token)
                yield start, self._tokens[token].end
            case "[":
                yield from self._through_close(self._operand_start(token), token)
            case "." if token + 1 < len(self._tokens):
                yield self._operand_start(token), self._tokens[token + 1].end
            case "&":
                yield from self._address(token)
            case "+":
                yield from self._sum(token)
            case _:
                return

    def _sum(self, token: int) -> Iterator[tuple[int, int]]:
        """The operator with the operands on both sides."""
        before, after = self._tokens[token - 1], self._tokens[token + 1]
        start, end = self._tokens[token].start, self._tokens[token].end
        if before.kind in _HEADS or token - 1 in self._opens:
            start = self._operand_start(self._opens.get(token - 1, token - 1))
        if after.kind in _HEADS:
            end = self._tokens[self._operand_end(token + 1)].end
        yield start, end
        yield start, self._tokens[token].end

    def _operand_end(self, at: int) -> int:
        """The last token of an operand that begins with the name or literal ``at``."""
        while at + 1 < len(self._tokens) and self._touches(at):
            following = self._tokens[at + 1].text
            if following == ".":
                at += 2
            elif following in ("(", "[") and at + 1 in self._closes:
                at = self._closes[at + 1]
            else:
                break
        return at

    def _through_close(self, start: int, opening: int) -> Iterator[tuple[int, int]]:
        if opening in self._closes:
            yield start, self._tokens[self._closes[opening]].end

    def _address(self, token: int) -> Iterator[tuple[int, int]]:
        """``&x.y``, ``&T{...}`` or ``&T{``."""
        at = token + 1
        while at + 2 < len(self._tokens) and self._tokens[at].kind in _WORDS and self._tokens[at + 1].text == ".":
            at += 2
        if at >= len(self._tokens) or self._tokens[at].kind not in _WORDS:
            return
        brace = at + 1
        if brace < len(self._tokens) and self._tokens[brace].text == "[" and brace in self._closes:
            brace = self._closes[brace] + 1
        start = self._tokens[token].start
        if brace < len(self._tokens) and self._tokens[brace].text == "{" and self._touches(brace - 1):
            yield from self._through_close(start, brace)
            yield start, self._tokens[brace].end
        yield start, self._tokens[at].end

    def _touches(self, number: int) -> bool:
        """Whether the next token follows without white space."""
        return number >= 0 and self._tokens[number].end == self._tokens[number + 1].start

    def _operand_start(self, opening: int) -> int:
        """Where the operand before a token begins: at ``a`` in ``a.b[i](``. The start of the token itself if there is no operand."""
        at = opening
        while at > 0:
            before = at - 1
            token = self._tokens[before]
            if not self._touches(before):
                break
            if token.text in _CLOSING and before in self._opens:
                at = self._opens[before]
            elif (
                self._tokens[at].text in ("(", "[", "{", ".")
                if token.kind in _HEADS
                else token.text == "." and self._tokens[at].kind in _WORDS
            ):
                at = before
            else:
                break
        return self._tokens[self._prefix_start(at)].start

    def _type_start(self, opening: int) -> int:
        """Where a literal's type begins, including the address operator ``&`` before it."""
        start = self._operand_start(opening)
        first = next((n for n in range(opening, -1, -1) if self._tokens[n].start <= start), opening)
        return self._tokens[first - 1].start if first and self._tokens[first - 1].text == "&" else start

    def _prefix_start(self, at: int) -> int:
        """The first token of the type: steps back over ``[]*`` and ``map[K]`` before its name."""
        while at > 0 and self._touches(at - 1) and self._tokens[at].kind in (*_WORDS, TokenKind.OPERATOR):
            token = self._tokens[at - 1]
            if token.text == "]" and at - 1 in self._opens:
                at = self._opens[at - 1]
            elif (token.text == "*" and self._tokens[at - 2].text == "]") or (token.text == "map" and self._tokens[at].text == "["):
                at -= 1
            else:
                break
        return at
