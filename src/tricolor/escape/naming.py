"""Types and functions as Go's compiler writes them in messages about one package.

Names of the package at hand stand alone, those of others are qualified by the package's name.

Source: cmd/compile/internal/types/fmt.go (tconv2 in mode fmtGo, sconv).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final, final

from tricolor.ir import nodes as n
from tricolor.ir import types as t
from tricolor.ir.shapes import has_shape, shape_name

_SPELLED_PART: Final = re.compile("⟦([0-9]+)⟧|«([^»]*)»")
_ALIASES: Final = {"byte": "uint8", "rune": "int32", "any": "interface {}"}
_ALIAS: Final = re.compile(r"(?<![\w.])(byte|rune|any)(?![\w.])")

_LOCAL_NUMBER: Final = re.compile("·[0-9]+")
"""What tells types apart that are declared in functions."""


def _unspelled(pos: int) -> str:
    return ""


def _same(pos: int) -> int:
    return pos


def _no_type(number: int) -> t.Type:
    return t.EMPTY_TUPLE


@final
@dataclass(frozen=True, slots=True)
class Wording:
    """What the typed program knows about texts: ``packages`` are the names of packages by path; ``spelling`` says how a type at
    a position is written (``frontend.program.Program.spelling``), ``type`` gives the type with a number; ``place`` is a position
    as text; ``bracket`` is where an expression begins (``Program.bracket``)."""

    packages: Mapping[str, str] = field(default_factory=dict[str, str])
    spelling: Callable[[int], str] = _unspelled
    type: Callable[[int], t.Type] = _no_type
    place: Callable[[int], str] = _unspelled
    bracket: Callable[[int], int] = _same


PLAIN: Final = Wording()


@final
@dataclass(frozen=True, slots=True)
class Names:
    """Where a text is read: ``package`` is the path of the package at hand, ``home`` that of the function, which for an instance
    of a generic function is another one.

    ``temporaries``: variables that the builder of the IR added for the order of evaluation; what they hold is written.
    ``literals``: constants that sizes and boxed operands always equal, which are written too. ``calls_apart``: calls are written in
    parentheses. ``for_readers``: where the compiler prints the name of a node of its own, what it stands for is written instead."""

    package: str
    wording: Wording = PLAIN
    temporaries: Mapping[n.Var, n.Expr] = field(default_factory=dict[n.Var, n.Expr])
    home: str = ""
    literals: Mapping[n.Expr, n.Const] = field(default_factory=dict[n.Expr, n.Const])
    calls_apart: bool = False
    for_readers: bool = False

    def qualified(self, path: str, name: str) -> str:
        """``name`` of the package with a path."""
        if not path or path == self.package:
            return name
        return f"{self.wording.packages.get(path) or path.rpartition('/')[2]}.{name}"

    def pos(self, node: n.Var | n.Expr | n.Stmt | n.TypeCase) -> int:
        """Where messages place a node: a conversion at its operand, with the parentheses of that."""
        return self.wording.bracket(node.x.pos) if isinstance(node, n.Convert) else node.pos

    def type_at(self, pos: int, of: t.Type) -> str:
        """The type of the expression at a position, as it is written there: ``byte`` or ``uint8``."""
        plain = self.type(of)
        template = self.wording.spelling(pos)
        if not template:
            return plain
        text = _SPELLED_PART.sub(self._spelled_part, template)
        # The position may be that of another expression's type.
        for candidate in (text, text.removeprefix("*")):
            if _ALIAS.sub(lambda m: _ALIASES[m[0]], candidate) == plain:
                return candidate
        return plain

    def _spelled_part(self, match: re.Match[str]) -> str:
        if match[1]:
            return self.type(self.wording.type(int(match[1])))
        return self.qualified(match[2], "")

    def type(self, of: t.Type) -> str:
        """The type in Go's syntax."""
        match of:
            case t.Basic():
                return "unsafe.Pointer" if of.kind is t.Kind.UNSAFE_POINTER else of.name
            case t.Named():
                return self.qualified(of.pkg, self._as_linked(_LOCAL_NUMBER.sub("", named_base(of))))
            case t.Pointer():
                return "*" + self.type(of.elem)
            case t.Slice():
                return "[]" + self.type(of.elem)
            case t.Array():
                return f"[{of.length}]{self.type(of.elem)}"
            case t.Map():
                return f"map[{self.type(of.key)}]{self.type(of.elem)}"
            case t.Chan():
                return self._chan(of)
            case t.Struct():
                fields = "; ".join(map(self._field, of.fields))
                return f"struct {{ {fields} }}" if of.fields else "struct {}"
            case t.Signature():
                return "func" + self._signature(of)
            case t.Interface():
                return self._interface(of)
            case t.Tuple():
                return "(" + ", ".join(map(self.type, of.types)) + ")"
            case t.TypeParam():
                return of.name

    def _chan(self, of: t.Chan) -> str:
        elem = self.type(of.elem)
        if of.dir is t.ChanDir.RECV:
            return f"<-chan {elem}"
        if of.dir is t.ChanDir.SEND:
            return f"chan<- {elem}"
        receives = isinstance(of.elem, t.Chan) and of.elem.dir is t.ChanDir.RECV
        return f"chan ({elem})" if receives else f"chan {elem}"

    def _field(self, of: t.Field) -> str:
        name = "" if of.embedded else self.qualified(of.pkg, of.name) + " "
        return f"{name}{self.type(of.type)}" + (f" {t.go_quote(of.tag)}" if of.tag else "")

    def _interface(self, of: t.Interface) -> str:
        if not of.methods:
            return "interface {}"
        methods = [(f"{m.pkg}.{m.name}" if m.pkg else m.name) + self._signature(m.signature) for m in of.methods]
        return "interface { " + "; ".join(methods) + " }"

    def _signature(self, of: t.Signature) -> str:
        params = [self.type(p) for p in of.params]
        if of.variadic:
            last = of.params[-1]
            assert isinstance(last, t.Slice)
            params[-1] = "..." + self.type(last.elem)
        text = "(" + ", ".join(params) + ")"
        if len(of.results) == 1:
            return f"{text} {self.type(of.results[0])}"
        return f"{text} ({', '.join(map(self.type, of.results))})" if of.results else text

    def function(self, func: n.Func) -> str:
        """The function in messages about it: ``F``, ``(*T).M``, ``F.func1``."""
        return self.qualified(func.pkg, self._as_linked(local_name(func)))

    def _as_linked(self, text: str) -> str:
        """A name with type arguments, in which every command is the package main: the compiler sees but one, we may see several."""
        if "[" not in text and "." not in text:
            return text
        is_command = self.package != "main" and self.wording.packages.get(self.package) == "main"
        return text.replace(f"{self.package}.", "main.") if is_command else text

    def callee(self, func: n.Func) -> str:
        """The function where it is called: a method as a method expression."""
        name = local_name(func)
        if name.startswith("."):
            # A function of a type, for equality or hashing.
            return f"type.{name}"
        split = method_split(name)
        if split < 0 or not func.params or func.outer is not None:
            return self.qualified(func.pkg, name)
        receiver = func.params[0].type
        text = self.type(receiver)
        return f"{f'({text})' if isinstance(receiver, t.Pointer) else text}.{name[split + 1 :]}"

    def instance(self, of: n.FuncName) -> str:
        """An instance of a generic function as a value: with the type arguments in source."""
        name = local_name(of.func).split("[", 1)[0]
        return self.qualified(of.func.pkg, f"{name}[{','.join(map(shape_name, of.args))}]")

    def variable(self, var: n.Var) -> str:
        """A use of a variable."""
        if var.kind is n.VarKind.GLOBAL:
            path, dot, name = var.symbol.rpartition(f".{var.name}")
            return self.qualified(path, var.name) if dot and not name else var.name
        return self.local(var)

    def local(self, var: n.Var) -> str:
        """The name of a local variable; one of a generic function of another package is qualified."""
        foreign = self.home and self.home != self.package and not var.name.startswith(".autotmp")
        return self.qualified(self.home, var.name) if foreign else var.name

    def dictionary(self, of: n.FuncName) -> str:
        """The argument of an instance by shapes that tells its type arguments."""
        if of.args and all(map(has_shape, of.args)):
            return self.qualified(of.func.pkg, ".dict")
        return f"&{self.qualified(of.func.pkg, f'.dict.{_dictionary_name(of)}')}"


def _dictionary_name(of: n.FuncName) -> str:
    """All methods of an instantiated type have one dictionary, a generic method has its own."""
    name = local_name(of.func)
    split = method_split(name)
    receiver, method = name[:split], name[split:]
    if split < 0 or "[" not in method:
        return name.split("[", 1)[0].removeprefix("(*") + _in_brackets(of.args)
    type_of_receiver = of.func.params[0].type
    named = type_of_receiver.elem if isinstance(type_of_receiver, t.Pointer) else type_of_receiver
    count = len(named.args) if isinstance(named, t.Named) else 0
    closing = ")" if receiver.endswith(")") else ""
    base = receiver.removesuffix(")").split("[", 1)[0]
    return f"{base}{_in_brackets(of.args[:count])}{closing}{method.split('[', 1)[0]}{_in_brackets(of.args[count:])}"


def _in_brackets(args: tuple[t.Type, ...]) -> str:
    return "[" + ",".join(map(shape_name, args)) + "]" if args else ""


def named_base(of: t.Named) -> str:
    """A named type without its package; type arguments are written in full, those of the function that declares it first."""
    return of.name + _in_brackets((*of.origin_args, *of.args))


def local_name(func: n.Func) -> str:
    """The function's name without its package; with the type arguments of an instance."""
    name = func.symbol if "[" in func.symbol else func.name
    return name.removeprefix(func.pkg + ".")


def method_split(name: str) -> int:
    """Index of the dot between receiver and method in a local name; -1 for a function."""
    depth = 0
    for index, char in enumerate(name):
        if char in "[(":
            depth += 1
        elif char in "])":
            depth -= 1
        elif char == "." and depth == 0:
            return index
    return -1
