"""The typed program: a lazy reader of the file that goload writes.

The file is mapped; records are decoded when asked for and kept, function bodies are decoded each time
(they are used once). Object number 0 and type number 0 mean "none".

Layout: see goload/container.go; forms of nodes: ARCHITECTURE.md section 1.
"""

from __future__ import annotations

import json
import mmap
from bisect import bisect_right
from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast, final

from tricolor.base.errors import EnvironmentFault
from tricolor.frontend.records import (
    Adjustment,
    FuncDecl,
    Initializer,
    Linkname,
    Module,
    Node,
    Object,
    ObjectKind,
    Package,
    Position,
    Receiver,
    SourceFile,
    Variable,
)
from tricolor.frontend.types import TypeReader
from tricolor.ir import types as ir

_MAGIC = b"tricolor typed program 1\n"
_NO_POSITION = Position("", 0, 0)


@final
class _Table:
    """Records of one kind: their JSON texts joined, and n+1 offsets of 8 bytes."""

    def __init__(self, data: memoryview, index: memoryview) -> None:
        self._data = data
        self._index = index.cast("Q")

    def __len__(self) -> int:
        return len(self._index) - 1

    def record(self, i: int) -> Any:
        return json.loads(bytes(self._data[self._index[i] : self._index[i + 1]]))


@final
class Program:
    """A whole type-checked program: packages in dependency order, imports first."""

    def __init__(self, data: memoryview) -> None:
        sections = _sections(data)

        def table(name: str) -> _Table:
            return _Table(sections[name], sections[name + ".index"])

        self._functions = table("functions")
        self._bodies = table("bodies")
        self._types = table("types")
        self._objects = table("objects")
        self._lines = sections["lines"].cast("I")
        files = table("files")
        self.files: tuple[SourceFile, ...] = tuple(
            _source_file(i, files.record(i)) for i in range(len(files))
        )
        packages = table("packages")
        records = [packages.record(i) for i in range(len(packages))]
        # Packages that are analysed together must not have symbols of the same name.
        several = sum(r["name"] == "main" for r in records) > 1
        self.packages: tuple[Package, ...] = tuple(_package(i, r, several) for i, r in enumerate(records))
        self._by_path = {p.path: p for p in self.packages}
        self._bases = [f.base for f in self.files]
        self._decls: dict[int, FuncDecl] = {}
        self._known: dict[int, Object] = {}
        self.types = TypeReader(self)
        self._spelling_records = sections.get("spellings")
        self._spellings: dict[int, str] | None = None

    @classmethod
    def open(cls, path: Path) -> Program:
        """Map the file, which may be removed afterwards. Raises EnvironmentFault if it is not whole."""
        try:
            with path.open("rb") as file:
                mapped = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
        except (OSError, ValueError) as error:
            raise EnvironmentFault(f"the typed program cannot be read: {error}") from error
        return cls(memoryview(mapped))

    # Packages and functions

    def package(self, path: str) -> Package | None:
        """The package with an import path, None if the program does not contain it."""
        return self._by_path.get(path)

    @property
    def roots(self) -> tuple[Package, ...]:
        """The packages that the patterns named."""
        return tuple(p for p in self.packages if not p.dep_only)

    def function(self, index: int) -> FuncDecl:
        found = self._decls.get(index)
        if found is None:
            found = self._decls[index] = _func_decl(index, self._functions.record(index))
        return found

    def functions(self, package: Package) -> Iterator[FuncDecl]:
        """Declared functions and methods of a package, in source order; several may be called init."""
        return map(self.function, package.functions)

    def function_of(self, obj: int) -> FuncDecl | None:
        """Declaration of a function object, None for methods of interfaces."""
        index = self.object(obj).function
        return None if index is None else self.function(index)

    def body(self, decl: FuncDecl) -> list[Node]:
        """Statements of a function that has a body."""
        assert decl.body is not None, decl.name
        return cast("list[Node]", self._bodies.record(decl.body))

    def initializer(self, init: Initializer) -> Node:
        """The expression of a package-level variable's initialiser."""
        return cast("Node", self._bodies.record(init.body))

    # Objects, types, positions

    def object(self, number: int) -> Object:
        found = self._known.get(number)
        if found is None:
            found = self._known[number] = _object(number, self._objects.record(number))
        return found

    def package_of(self, obj: Object) -> Package | None:
        """The package of an object, None for predeclared names."""
        return None if obj.package is None else self.packages[obj.package]

    def type_record(self, number: int) -> Node:
        """The raw record of a type, see goload/typetable.go."""
        return cast("Node", self._types.record(number))

    def type(self, number: int) -> ir.Type:
        """The interned type; type parameters are ``ir.TypeParam``, see TypeReader.substitute."""
        return self.types.type(number)

    def instantiate(self, generic: ir.Named, args: tuple[ir.Type, ...]) -> ir.Named:
        """The instance with these arguments of the type that ``generic`` is any instance of."""
        return self.types.instance(generic, args)

    def position(self, pos: int) -> Position:
        """Where a position is, //line comments honoured; an empty position for 0."""
        file = self.file_of(pos)
        if file is None:
            return _NO_POSITION
        offset = pos - file.base
        line, column = self._line(file, offset)
        i = bisect_right(file.adjustments, offset, key=lambda a: a.offset) - 1
        if i < 0:
            return Position(file.path, line, column)
        adjustment = file.adjustments[i]
        from_line, from_column = self._line(file, adjustment.offset)
        if adjustment.column == 0:
            column = 0
        elif line == from_line:
            column += adjustment.column - from_column
        return Position(adjustment.file, adjustment.line + line - from_line, column)

    def spelling(self, pos: int) -> str:
        """How the type of the conversion, literal, make, new or constant at a position is written where identical types have
        several names; ``⟦n⟧`` stands for type number n, ``«path»`` for a package before a name. Empty if there is
        nothing to say. The program must be loaded with ``spellings``."""
        if self._spellings is None:
            records = self._spelling_records
            self._spellings = {} if records is None else dict(json.loads(bytes(records)))
        return self._spellings.get(pos, "")

    def file_of(self, pos: int) -> SourceFile | None:
        """The file that a position lies in, None for 0."""
        i = bisect_right(self._bases, pos) - 1
        return self.files[i] if pos > 0 and i >= 0 else None

    def _line(self, file: SourceFile, offset: int) -> tuple[int, int]:
        line = bisect_right(self._lines, offset, file.first_line, file.first_line + file.lines) - 1
        return line - file.first_line + 1, offset - self._lines[line] + 1


def _sections(data: memoryview) -> dict[str, memoryview]:
    if bytes(data[: len(_MAGIC)]) != _MAGIC:
        raise EnvironmentFault("the typed program has an unknown form")
    length = int.from_bytes(data[-8:], "little")
    footer = cast("dict[str, list[int]]", json.loads(bytes(data[-8 - length : -8])))
    return {name: data[start : start + size] for name, (start, size) in footer.items()}


def _source_file(index: int, r: list[Any]) -> SourceFile:
    adjustments = tuple(Adjustment(*a) for a in r[8])
    return SourceFile(index, r[0], r[1], r[2], r[3], r[4], r[5], r[6], r[7], adjustments)


def _package(index: int, r: dict[str, Any], several_mains: bool) -> Package:
    first, count = r["functions"]
    return Package(
        index=index,
        path=r["path"],
        name=r["name"],
        directory=r["dir"],
        standard=r["standard"],
        dep_only=r["dep_only"],
        module=Module(*r["module"]) if r["module"] else None,
        go_version=r["go_version"],
        godebug=r["godebug"],
        imports=tuple(r["imports"]),
        cgo_files=tuple(r["cgo_files"]),
        assembly_files=tuple(r["assembly_files"]),
        embed_patterns=tuple(r["embed_patterns"]),
        embed_files=tuple(r["embed_files"]),
        files=tuple(r["files"]),
        functions=range(first, first + count),
        variables=tuple(Variable(v[0], tuple(v[1]), tuple(v[2])) for v in r["variables"]),
        init_order=tuple(Initializer(tuple(i[0]), i[1]) for i in r["init_order"]),
        linknames=tuple(Linkname(*entry) for entry in r["linknames"]),
        symbol_path="main" if r["name"] == "main" and not several_mains else r["path"],
        key=r["key"],
    )


def _func_decl(index: int, r: list[Any]) -> FuncDecl:
    return FuncDecl(
        index=index,
        object=r[0],
        package=r[1],
        name=r[2],
        receiver=Receiver(*r[3]) if r[3] else None,
        signature=r[4],
        type_params=tuple(r[5]),
        receiver_type_params=tuple(r[6]),
        params=tuple(r[7]),
        results=tuple(r[8]),
        pragmas=tuple(r[9]),
        body=r[10],
        pos=r[11],
        func_pos=r[12],
        open_pos=r[13],
        end_pos=r[14],
        file=r[15],
    )


def _object(number: int, r: list[Any]) -> Object:
    kind = ObjectKind(r[0])
    extra = r[6]
    return Object(
        id=number,
        kind=kind,
        name=r[1],
        package=r[2],
        type=r[3],
        pos=r[4],
        owner=r[5],
        function=extra if kind is ObjectKind.FUNC else None,
        value=extra if kind is ObjectKind.CONST else None,
        embedded=extra is True,
    )
