"""Split Go source into tokens, for colouring and for finding the token at a position. Checks nothing.

Source:
    The Go Programming Language Specification, "Lexical elements".
"""

from __future__ import annotations

import re
from enum import IntEnum
from typing import Final, NamedTuple


class TokenKind(IntEnum):
    """The kind of a token, which decides its colour. The HTML page contains these numbers."""

    COMMENT = 1
    STRING = 2
    NUMBER = 3
    KEYWORD = 4
    PREDECLARED = 5
    NAME = 6
    OPERATOR = 7


class Token(NamedTuple):
    """``start``, ``end``: offsets in the text, in code points."""

    kind: TokenKind
    start: int
    end: int
    text: str


_TOKEN: Final = re.compile(
    r"""
    (?P<COMMENT> //[^\n]* | /\*.*?\*/ )
  | (?P<STRING> `[^`]*` | "(?:\\.|[^"\\\n])*" | '(?:\\.|[^'\\\n])+' )
  | (?P<NUMBER> 0[xX][\da-fA-F_.]+(?:[pP][+-]?[\d_]+)?i? | 0[bBoO][\d_]+i? | (?:\d[\d_]*\.?[\d_]*|\.\d[\d_]*)(?:[eE][+-]?[\d_]+)?i? )
  | (?P<NAME> [^\W\d]\w* )
  | (?P<OPERATOR> <<=|>>=|&\^=|\.\.\.|&&|\|\||<-|\+\+|--|==|!=|<=|>=|:=|<<|>>|&\^|[-+*/%&|^]=|[^\s\w] )
    """,
    re.VERBOSE | re.DOTALL,
)

_KEYWORDS: Final = (
    "break case chan const continue default defer else fallthrough for func go goto if import interface map package range return select "
    "struct switch type var"
)
_PREDECLARED: Final = (
    "any append bool byte cap clear close comparable complex complex128 complex64 copy delete error false float32 float64 imag int int16 "
    "int32 int64 int8 iota len make max min new nil panic print println real recover rune string true uint uint16 uint32 uint64 uint8 uintptr"
)


def _table(words: str, kind: TokenKind) -> dict[str, TokenKind]:
    return dict.fromkeys(words.split(), kind)


_WORDS: Final = _table(_KEYWORDS, TokenKind.KEYWORD) | _table(_PREDECLARED, TokenKind.PREDECLARED)
_KINDS: Final = {kind.name: kind for kind in TokenKind}


def tokens_of(text: str) -> list[Token]:
    """All tokens in order, without white space. A predeclared name counts as predeclared even if the program redeclares it."""
    out: list[Token] = []
    for match in _TOKEN.finditer(text):
        word = match.group()
        kind = _KINDS[match.lastgroup or "OPERATOR"]
        out.append(Token(_WORDS.get(word, kind) if kind is TokenKind.NAME else kind, match.start(), match.end(), word))
    return out
