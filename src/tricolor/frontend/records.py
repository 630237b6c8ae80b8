"""The records of a typed program, as frozen dataclasses. ARCHITECTURE.md section 1 has the node forms."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import Any, Final, TypeAlias, final

Node: TypeAlias = list[Any]
"""An expression ``[KIND, pos, tv, ...]`` or statement ``[KIND, pos, ...]`` as json.loads gives it."""

Const: TypeAlias = list[Any]
"""``["i", int]``, ``["f", "num/den"]``, ``["c", "num/den", "num/den"]``, ``["s", text]`` or ``["b", bool]``."""


LEFT_OUT: Final = -1
"""Stands for the body of a function that has one."""


@final
@dataclass(frozen=True, slots=True)
class Position:
    """A place in a source; ``line`` and ``column`` (in bytes) count from 1; 0: unknown."""

    file: str
    line: int
    column: int

    def __str__(self) -> str:
        if not self.line:
            return self.file or "-"
        return f"{self.file}:{self.line}:{self.column}" if self.column else f"{self.file}:{self.line}"


@final
@dataclass(frozen=True, slots=True)
class Adjustment:
    """A //line comment: from byte ``offset`` on, positions count from ``file``:``line``:``column``."""

    offset: int
    file: str
    line: int
    column: int


@final
@dataclass(frozen=True, slots=True)
class SourceFile:
    """``path``: as the go command names it; ``source``: what was read (differs under an overlay).

    ``base``: position of the first byte. ``first_line``, ``lines``: the line table's place.
    """

    index: int
    path: str
    source: str
    package: int
    base: int
    size_bytes: int
    go_version: str
    first_line: int
    lines: int
    adjustments: tuple[Adjustment, ...]

    def sha256(self) -> str:
        """Digest of the contents in hexadecimal digits, for keys of caches. Raises OSError."""
        return hashlib.sha256(Path(self.source).read_bytes()).hexdigest()


@final
@dataclass(frozen=True, slots=True)
class Module:
    path: str
    version: str
    main: bool


@final
@dataclass(frozen=True, slots=True)
class Variable:
    """A package-level variable; with //go:embed its patterns and the files (relative to the package)."""

    object: int
    embed_patterns: tuple[str, ...]
    embed_files: tuple[str, ...]


@final
@dataclass(frozen=True, slots=True)
class Initializer:
    """``lhs = expression`` in initialisation order; blank variables have objects too."""

    lhs: tuple[int, ...]
    body: int


@final
@dataclass(frozen=True, slots=True)
class Linkname:
    """``//go:linkname local target``; ``target`` is empty in the one-argument form."""

    pos: int
    local: str
    target: str


@final
@dataclass(frozen=True, slots=True)
class Package:
    """One package. ``functions`` is a range of function indices, ``files`` are file indices.

    ``key``: a digest of what decides what the package means, its imports included; empty if the request does not say where it is remembered.
    ``symbol_path``: the path in symbols and in reflection: ``main`` for the main package, unless there are several of them.
    """

    index: int
    path: str
    name: str
    directory: str
    standard: bool
    dep_only: bool
    module: Module | None
    go_version: str
    godebug: str
    imports: tuple[str, ...]
    cgo_files: tuple[str, ...]
    assembly_files: tuple[str, ...]
    embed_patterns: tuple[str, ...]
    embed_files: tuple[str, ...]
    files: tuple[int, ...]
    functions: range
    variables: tuple[Variable, ...]
    init_order: tuple[Initializer, ...]
    linknames: tuple[Linkname, ...]
    symbol_path: str
    key: str


@final
@dataclass(frozen=True, slots=True)
class Receiver:
    """``object``: the parameter; ``type``: its type number; ``base``: number of the (generic) named type."""

    object: int
    type: int
    base: int
    pointer: bool


@final
@dataclass(frozen=True, slots=True)
class FuncDecl:
    """A declared function or method.

    ``type_params`` are its own, ``receiver_type_params`` the names of the receiver's, both as type
    numbers. ``params`` and ``results`` are objects, unnamed ones too. ``body``: index for Program.body,
    None without a body. Positions: ``pos`` the name, ``func_pos`` "func", ``open_pos`` "{", ``end_pos`` "}".
    ``pragmas``: its //go: comments as they stand. ``body`` is LEFT_OUT if the function has one that was not loaded.
    """

    index: int
    object: int
    package: int
    name: str
    receiver: Receiver | None
    signature: int
    type_params: tuple[int, ...]
    receiver_type_params: tuple[int, ...]
    params: tuple[int, ...]
    results: tuple[int, ...]
    pragmas: tuple[str, ...]
    body: int | None
    pos: int
    func_pos: int
    open_pos: int
    end_pos: int
    file: int


class ObjectKind(Enum):
    VAR = "var"
    FIELD = "field"
    CONST = "const"
    FUNC = "func"
    TYPE = "type"
    PACKAGE = "package"
    BUILTIN = "builtin"
    NIL = "nil"
    LABEL = "label"


@final
@dataclass(frozen=True, slots=True)
class Object:
    """What a name denotes.

    ``package``: index, None for predeclared names. ``type``: a type number. ``owner``: for a local, the
    object of the declared function around it, else 0. ``function``: index of a function's declaration
    (None: a method of an interface). ``value``: of a constant.
    """

    id: int
    kind: ObjectKind
    name: str
    package: int | None
    type: int
    pos: int
    owner: int
    function: int | None
    value: Const | None
    embedded: bool
