"""Types and functions as Go's compiler writes them in messages about one package.

Names of the compiled package stand alone; the package's name precedes names of other packages.

Source: cmd/compile/internal/types/fmt.go (tconv2 in mode fmtGo, sconv).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final, final

from tricolor.gotypes import types as t
from tricolor.ir import nodes as n
from tricolor.ir.shapes import has_shape, shape_name

_SPELLED_PART: Final = re.compile("⟦([0-9]+)⟧|«([^»]*)»")
_ALIASES: Final = {"byte": "uint8", "rune": "int32", "any": "interface {}"}
_ALIAS: Final = re.compile(r"(?<![\w.])(byte|rune|any)(?![\w.])")

_LOCAL_NUMBER: Final = re.compile("·[0-9]+")
"""The suffix that distinguishes types of one name that are declared in functions."""


def _unspelled(pos: int) -> str:
    return ""


def _same(pos: int) -> int:
    return pos


def _no_type(number: int) -> t.Type:
    return t.EMPTY_TUPLE


@final
@dataclass(frozen=True, slots=True)
class Wording:
    """What the typed program knows about texts.

    ``packages``: names of packages by path. ``spelling``: how the source writes the type at a position
    (``frontend.program.Program.spelling``). ``type``: the type with a number. ``place``: the text of a position. ``bracket``: where an
    expression begins, with its parentheses (``Program.bracket``)."""

    packages: Mapping[str, str] = field(default_factory=dict[str, str])
    spelling: Callable[[int], str] = _unspelled
    type: Callable[[int], t.Type] = _no_type
    place: Callable[[int], str] = _unspelled
    bracket: Callable[[int], int] = _same


PLAIN: Final = Wording()


@final
@dataclass(frozen=True, slots=True)
class Names:
    """Writes names as the compiler does in messages about one function.

    ``package``: path of the compiled package. ``home``: path of the function's package; for an instance of a generic function it may be
    another one. ``temporaries``: variables that the IR's builder added for the order of evaluation; their values are written in their
    place. ``literals``: constants that sizes and boxed operands always equal; they are written in place of the operands. ``calls_apart``:
    write calls in parentheses. ``for_readers``: where the compiler prints an internal node (``<node ...>``), write Go's syntax."""

    package: str
    wording: Wording = PLAIN
    temporaries: Mapping[n.Var, n.Expr] = field(default_factory=dict[n.Var, n.Expr])
    home: str = ""
    literals: Mapping[n.Expr, n.Const] = field(default_factory=dict[n.Expr, n.Const])
    calls_apart: bool = False
    for_readers: bool = False

    def qualified(self, path: str, name: str) -> str:
        """``name``, qualified by its package's name unless ``path`` is the compiled package."""
        if not path or path == self.package:
            return name
        return f"{self.wording.packages.get(path) or path.rpartition('/')[2]}.{name}"

    def pos(self, node: n.Var | n.Expr | n.Stmt | n.TypeCase) -> int:
        """The position of a node in messages. For a conversion it is where the operand begins, with the operand's parentheses."""
        return self.wording.bracket(node.x.pos) if isinstance(node, n.Convert) else node.pos

    def type_at(self, pos: int, of: t.Type) -> str:
        """The type of the expression at a position, as the source spells it there, for example ``byte`` or ``uint8``."""
        plain = self.type(of)
        template = self.wording.spelling(pos)
        if not template:
            return plain
        text = _SPELLED_PART.sub(self._spelled_part, template)
        # The spelling may belong to another expression at the same position: use it only if it means this type.
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
        """The name of a function in messages about it: ``F``, ``(*T).M``, ``F.func1``."""
        return self.qualified(func.pkg, self._as_linked(local_name(func)))

    def _as_linked(self, text: str) -> str:
        """The name with ``main.`` for the compiled package if that is a command. Go compiles one command, named main; we may load several."""
        if "[" not in text and "." not in text:
            return text
        is_command = self.package != "main" and self.wording.packages.get(self.package) == "main"
        return text.replace(f"{self.package}.", "main.") if is_command else text

    def callee(self, func: n.Func) -> str:
        """The name of a function in a call of it. A method is written as a method expression."""
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
        """An instance of a generic function as a value, with its type arguments in source."""
        return self.qualified(of.func.pkg, _instance_name(of))

    def variable(self, var: n.Var) -> str:
        """A use of a variable."""
        if var.kind is n.VarKind.GLOBAL:
            path, dot, name = var.symbol.rpartition(f".{var.name}")
            return self.qualified(path, var.name) if dot and not name else var.name
        return self.local(var)

    def local(self, var: n.Var) -> str:
        """The name of a local variable, qualified if it belongs to a generic function of another package."""
        foreign = self.home and self.home != self.package and not var.name.startswith(".autotmp")
        return self.qualified(self.home, var.name) if foreign else var.name

    def dictionary(self, of: n.FuncName) -> str:
        """The dictionary argument in a call of a shape instance: it carries the type arguments."""
        if of.args and all(map(has_shape, of.args)):
            return self.qualified(of.func.pkg, ".dict")
        return f"&{self.qualified(of.func.pkg, f'.dict.{_dictionary_name(of)}')}"


def _dictionary_name(of: n.FuncName) -> str:
    """The name of the dictionary. All methods of an instantiated type share one; a generic method has its own."""
    name = local_name(of.func)
    split = method_split(name)
    if split < 0 or "[" not in name[split:]:
        return name.split("[", 1)[0].removeprefix("(*") + _in_brackets(of.args)
    return _instance_name(of)


def _instance_name(of: n.FuncName) -> str:
    """The local name of an instance, with type arguments behind the receiver's type and behind the name."""
    name = local_name(of.func)
    split = method_split(name)
    if split < 0:
        return name.split("[", 1)[0] + _in_brackets(of.args)
    receiver, method = name[:split], name[split:]
    type_of_receiver = of.func.params[0].type
    named = type_of_receiver.elem if isinstance(type_of_receiver, t.Pointer) else type_of_receiver
    count = len(named.args) if isinstance(named, t.Named) else 0
    closing = ")" if receiver.endswith(")") else ""
    base = receiver.removesuffix(")").split("[", 1)[0]
    return f"{base}{_in_brackets(of.args[:count])}{closing}{method.split('[', 1)[0]}{_in_brackets(of.args[count:])}"


def _in_brackets(args: tuple[t.Type, ...]) -> str:
    return "[" + ",".join(map(shape_name, args)) + "]" if args else ""


def named_base(of: t.Named) -> str:
    """The name of a named type without its package, with full type arguments. For a local type the type arguments of the function that
    declares it come first."""
    return of.name + _in_brackets((*of.origin_args, *of.args))


def local_name(func: n.Func) -> str:
    """The function's name without its package, with the type arguments of an instance."""
    name = func.symbol if func.is_instance else func.name
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
