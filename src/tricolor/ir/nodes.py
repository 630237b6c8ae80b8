"""Functions, statements and expressions: a typed tree close to Go's own compiler IR after type checking.

What is explicit here and implicit in source:

* conversions (``Convert``; also of constants and nil), dereferences (``p.f`` is ``FieldPtr``, ``arr[i]`` through a pointer is ``Index`` of
  ``Deref``), addresses (``x.M()`` with a pointer receiver passes ``AddrOf(x)``), embedded fields on the way to a promoted one,
  the slice of a variadic call (``SliceLit`` with ``variadic=True``), zero values (``Zero``);
* closures: ``FuncLit`` with one ``Capture`` per outer variable; inside, only the inner ``Var`` is used;
* go and defer: always a call of a closure without parameters and results (``Go.closure``, ``Defer.closure``), built as a ``FuncLit`` whose
  captured temporaries hold the evaluated function and arguments (``Func.wrapper`` is then set), unless the source already has that form;
* range over functions is rewritten to closures; per-iteration loop variables that are captured or addressed are split;
* generic code is instantiated; method values, method expressions, promoted methods and interface-method wrappers are functions.

Switch, type switch, select, range, composite literals, ``append`` and ``&&`` stay as in source: escape analysis and readers want them.

Values of multi-result calls and comma-ok forms have a ``Tuple`` type and occur only as the single right side of
``AssignTuple``, or as an ``ExprStmt``.

Evaluation order: the code generator evaluates operands in the order of the tree, left to right. The builder adds temporaries where Go
orders calls, receives and logical operators against reads of variables in another way.

All nodes are in this one module, although it is long: functions, statements and expressions refer to each other, and every pass imports
them as ``n``.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from enum import Enum
from fractions import Fraction
from typing import TypeAlias, final

from tricolor.gotypes.types import MethodDecl, Named, Signature, Type, tuple_of

Pos: TypeAlias = int
"""A position in the whole typed program (``frontend.program.Program.position`` decodes it); 0 is unknown."""


class VarKind(Enum):
    LOCAL = "local"
    PARAM = "param"
    RESULT = "result"
    CAPTURE = "capture"
    GLOBAL = "global"


@final
@dataclass(slots=True, eq=False)
class Var:
    """A variable.

    ``name``: as in source, ``~r0`` for an unnamed result, ``~p0``/``_`` for unnamed parameters, ``.autotmp_N`` for temporaries.
    ``addrtaken``: ``&x`` (explicit or implicit) occurs; ``reassigned``: it is assigned after its declaration;
    ``captured``: a closure refers to it. ``kept``: it is captured or its address is taken outside of return statements, so that one
    iteration of a loop could see the variable of another iteration. ``symbol``: linker symbol of a global.
    A LOCAL exists from its ``Declare`` to the end of the block; each execution of ``Declare`` makes a new variable.
    """

    name: str
    type: Type
    pos: Pos
    kind: VarKind
    addrtaken: bool = False
    reassigned: bool = False
    captured: bool = False
    symbol: str = ""
    kept: bool = False


@final
@dataclass(slots=True, eq=False)
class Capture:
    """A captured variable: in the closure's body ``inner`` (kind CAPTURE) stands for ``outer`` of the enclosing function.

    Escape analysis decides how the closure holds it: by value if it has at most 128 bytes, its address is never taken, and it is not
    assigned after the capture; else by reference.
    """

    outer: Var
    inner: Var


def _no_funcs() -> list[Func]:
    return []


@final
@dataclass(slots=True, eq=False)
class Func:
    """A function, method, closure or wrapper, fully instantiated.

    ``symbol``: linker symbol (unique in the program). ``name``: as Go prints it in messages and traces; where a linkname
    renames the function, traces show ``link_name``.
    ``signature`` has the receiver as its first parameter. ``params`` includes the receiver.
    ``body`` is None for a function implemented elsewhere (runtime, intrinsic).
    ``pragmas``: ``noinline``, ``nosplit``, ``noescape``, ``uintptrescapes``, ...
    ``wrapper``: made by the compiler (go/defer wrappers, promoted methods, method values); traces skip it.
    ``outer``: enclosing function of a closure; ``closures``: the closures directly in the body. ``has_defer``, ``has_recover``,
    ``calls_interfaces``: whether the body itself contains a defer statement, ``recover``, or a ``CallMethod``.
    ``named_results``: whether the source names the results. ``end_pos``: where the body ends.
    """

    symbol: str
    name: str
    pkg: str
    signature: Signature
    pos: Pos
    params: list[Var] = field(default_factory=list[Var])
    results: list[Var] = field(default_factory=list[Var])
    locals: list[Var] = field(default_factory=list[Var])
    captures: list[Capture] = field(default_factory=list[Capture])
    body: Block | None = None
    outer: Func | None = None
    closures: list[Func] = field(default_factory=_no_funcs)
    pragmas: frozenset[str] = frozenset()
    wrapper: bool = False
    has_defer: bool = False
    has_recover: bool = False
    calls_interfaces: bool = False
    named_results: bool = False
    end_pos: Pos = 0
    link_name: str = ""

    @property
    def is_instance(self) -> bool:
        """Whether the function is, or belongs to, an instance of generic code or of a type whose name has brackets.

        Several packages may make the same one. No other linker symbols have brackets."""
        return "[" in self.symbol


@final
@dataclass(slots=True, eq=False)
class Label:
    """Target of break, continue or goto; ``name`` is empty for an unlabelled statement."""

    name: str


# --- expressions ---------------------------------------------------------------------------------------------------


@final
@dataclass(slots=True, eq=False)
class Const:
    """A constant of basic type: int for integers, bool, bytes for strings, Fraction for floats, (Fraction, Fraction) for complex.
    The value is representable in ``type``."""

    pos: Pos
    type: Type
    value: int | bool | bytes | Fraction | tuple[Fraction, Fraction]


@final
@dataclass(slots=True, eq=False)
class Nil:
    """nil of a pointer, slice, map, chan, func, interface or unsafe.Pointer type."""

    pos: Pos
    type: Type


@final
@dataclass(slots=True, eq=False)
class Zero:
    """The zero value of any type."""

    pos: Pos
    type: Type


@final
@dataclass(slots=True, eq=False)
class Name:
    """Use of a variable (local, parameter, capture or global), as value or as place."""

    pos: Pos
    type: Type
    var: Var


@final
@dataclass(slots=True, eq=False)
class FuncName:
    """A function as a value (not called), or as callee of a ``Call``. Type: its signature (or a named func type after Convert).

    ``args``: the type arguments in source if ``func`` is the instance for their shapes (only in separately built packages)."""

    pos: Pos
    type: Type
    func: Func
    args: tuple[Type, ...] = ()


class UnaryOp(Enum):
    NEG = "-"
    PLUS = "+"
    NOT = "!"
    COMPLEMENT = "^"


class BinaryOp(Enum):
    ADD = "+"
    SUB = "-"
    MUL = "*"
    DIV = "/"
    REM = "%"
    AND = "&"
    OR = "|"
    XOR = "^"
    AND_NOT = "&^"
    SHL = "<<"
    SHR = ">>"
    EQ = "=="
    NE = "!="
    LT = "<"
    LE = "<="
    GT = ">"
    GE = ">="
    AND_AND = "&&"
    OR_OR = "||"


@final
@dataclass(slots=True, eq=False)
class Unary:
    pos: Pos
    type: Type
    op: UnaryOp
    x: Expr


@final
@dataclass(slots=True, eq=False)
class Binary:
    """Both operands have one type, except shifts (any integer count; negative signed counts panic) and comparison with ``Nil``.

    Comparison of an interface with a concrete value has that value converted first. ADD of strings is ``Concat``.
    """

    pos: Pos
    type: Type
    op: BinaryOp
    x: Expr
    y: Expr


@final
@dataclass(slots=True, eq=False)
class Concat:
    """String concatenation of two or more operands."""

    pos: Pos
    type: Type
    parts: list[Expr]


@final
@dataclass(slots=True, eq=False)
class Deref:
    """``*x``, a place. Panics if x is nil. ``implicit``: not written in source."""

    pos: Pos
    type: Type
    x: Expr
    implicit: bool = False


@final
@dataclass(slots=True, eq=False)
class AddrOf:
    """``&x``: of a place, or of a composite literal (``&T{...}``, which allocates). ``implicit``: not written in source."""

    pos: Pos
    type: Type
    x: Expr
    implicit: bool = False


@final
@dataclass(slots=True, eq=False)
class FieldOf:
    """``x.f`` of a struct value or place."""

    pos: Pos
    type: Type
    x: Expr
    index: int


@final
@dataclass(slots=True, eq=False)
class FieldPtr:
    """``p.f`` through a pointer, a place. Panics if p is nil."""

    pos: Pos
    type: Type
    x: Expr
    index: int


@final
@dataclass(slots=True, eq=False)
class Index:
    """``x[i]`` of an array value or place, slice or string. ``i`` has any integer type. Checks the bound."""

    pos: Pos
    type: Type
    x: Expr
    index: Expr


@final
@dataclass(slots=True, eq=False)
class MapIndex:
    """``m[k]``; as a place it is assigned. With ``comma_ok`` the type is (elem, bool)."""

    pos: Pos
    type: Type
    x: Expr
    key: Expr
    comma_ok: bool = False


@final
@dataclass(slots=True, eq=False)
class SliceExpr:
    """``x[lo:hi:max]`` of a slice, a string, or a pointer to an array (arrays are addressed first)."""

    pos: Pos
    type: Type
    x: Expr
    low: Expr | None
    high: Expr | None
    max: Expr | None


@final
@dataclass(slots=True, eq=False)
class TypeAssert:
    """``x.(T)`` to concrete or interface type. With ``comma_ok`` the type is (T, bool). ``nil_fault``: x is known to hold a T or nil,
    and nil panics as a call of a method of a nil interface does."""

    pos: Pos
    type: Type
    x: Expr
    target: Type
    comma_ok: bool = False
    nil_fault: bool = False


class Conversion(Enum):
    NOP = "nop"  # same representation: named <-> underlying, pointers, unsafe.Pointer <-> pointer, chan directions
    NUMERIC = "numeric"  # integer, float, complex
    TO_INTERFACE = "to interface"  # concrete value -> interface (boxing)
    INTERFACE = "interface"  # interface -> interface that it is known to implement
    STRING_TO_BYTES = "string to bytes"
    BYTES_TO_STRING = "bytes to string"
    STRING_TO_RUNES = "string to runes"
    RUNES_TO_STRING = "runes to string"
    RUNE_TO_STRING = "rune to string"
    SLICE_TO_ARRAY = "slice to array"
    SLICE_TO_ARRAY_POINTER = "slice to array pointer"
    POINTER_TO_UINTPTR = "pointer to uintptr"
    UINTPTR_TO_POINTER = "uintptr to pointer"


@final
@dataclass(slots=True, eq=False)
class Convert:
    """Conversion, explicit or implicit (``pos`` is then the operand's)."""

    pos: Pos
    type: Type
    x: Expr
    kind: Conversion
    implicit: bool = False


@final
@dataclass(slots=True, eq=False)
class Call:
    """Call of a known function, or of a func value. Arguments are complete (receiver first, variadic slice built).

    ``fun`` is ``FuncName`` for a static call, else an expression of func type.
    ``type``: Tuple (also for no results) or the single result's type.
    """

    pos: Pos
    type: Type
    fun: Expr
    args: list[Expr]


@final
@dataclass(slots=True, eq=False)
class CallMethod:
    """Call through an interface: ``method`` is the index in the interface's ``methods``. Panics if x is a nil interface.
    ``selector``: position of the dot."""

    pos: Pos
    type: Type
    x: Expr
    method: int
    args: list[Expr]
    selector: Pos = 0


@final
@dataclass(slots=True, eq=False)
class FuncLit:
    """A closure; captures are in ``func.captures``."""

    pos: Pos
    type: Type
    func: Func


@final
@dataclass(slots=True, eq=False)
class MethodValue:
    """``x.M`` bound to a receiver: ``func`` is a wrapper function whose single capture is the receiver (already evaluated, addressed or
    dereferenced as needed). If x is a nil interface, evaluation of the method value panics."""

    pos: Pos
    type: Type
    x: Expr
    func: Func


@final
@dataclass(slots=True, eq=False)
class StructLit:
    """A struct literal: values by field index. Other fields are zero."""

    pos: Pos
    type: Type
    fields: list[tuple[int, Expr]]


@final
@dataclass(slots=True, eq=False)
class ArrayLit:
    pos: Pos
    type: Type
    elems: list[tuple[int, Expr]]


@final
@dataclass(slots=True, eq=False)
class SliceLit:
    """A slice of a fresh array of ``length`` elements. ``variadic``: the argument slice of a variadic call (``... argument``)."""

    pos: Pos
    type: Type
    elems: list[tuple[int, Expr]]
    length: int
    variadic: bool = False


@final
@dataclass(slots=True, eq=False)
class MapLit:
    pos: Pos
    type: Type
    entries: list[tuple[Expr, Expr]]


@final
@dataclass(slots=True, eq=False)
class New:
    """``new(T)``, zeroed. (``new(expr)`` is a temporary whose address is taken.)"""

    pos: Pos
    type: Type
    elem: Type


@final
@dataclass(slots=True, eq=False)
class MakeSlice:
    pos: Pos
    type: Type
    length: Expr
    cap: Expr | None


@final
@dataclass(slots=True, eq=False)
class MakeMap:
    pos: Pos
    type: Type
    hint: Expr | None


@final
@dataclass(slots=True, eq=False)
class MakeChan:
    pos: Pos
    type: Type
    size: Expr | None


@final
@dataclass(slots=True, eq=False)
class Append:
    """``append(s, elems...)``, or with ``spread`` ``append(s, t...)`` where t is a slice or a string."""

    pos: Pos
    type: Type
    x: Expr
    elems: list[Expr]
    spread: bool = False


class BuiltinOp(Enum):
    LEN = "len"
    CAP = "cap"
    COPY = "copy"  # (dst slice, src slice or string)
    DELETE = "delete"
    CLEAR = "clear"
    CLOSE = "close"
    MIN = "min"
    MAX = "max"
    COMPLEX = "complex"
    REAL = "real"
    IMAG = "imag"
    PANIC = "panic"
    RECOVER = "recover"
    RECOVER_TOKEN = "recovertoken"
    PRINT = "print"
    PRINTLN = "println"
    UNSAFE_ADD = "unsafe.Add"
    UNSAFE_SLICE = "unsafe.Slice"
    UNSAFE_SLICE_DATA = "unsafe.SliceData"
    UNSAFE_STRING = "unsafe.String"
    UNSAFE_STRING_DATA = "unsafe.StringData"


@final
@dataclass(slots=True, eq=False)
class Builtin:
    """Call of a builtin that is no node of its own. LEN and CAP take string, slice, array, pointer to array, map, chan."""

    pos: Pos
    type: Type
    op: BuiltinOp
    args: list[Expr]


@final
@dataclass(slots=True, eq=False)
class Recv:
    """``<-ch``. With ``comma_ok`` the type is (elem, bool)."""

    pos: Pos
    type: Type
    x: Expr
    comma_ok: bool = False


Expr: TypeAlias = (
    Const | Nil | Zero | Name | FuncName | Unary | Binary | Concat | Deref | AddrOf | FieldOf | FieldPtr | Index
    | MapIndex | SliceExpr | TypeAssert | Convert | Call | CallMethod | FuncLit | MethodValue | StructLit
    | ArrayLit | SliceLit | MapLit | New | MakeSlice | MakeMap | MakeChan | Append | Builtin | Recv
)  # fmt: skip

Place: TypeAlias = Name | Deref | FieldOf | FieldPtr | Index | MapIndex
"""What can stand on the left of an assignment. ``None`` in a list of places is the blank identifier."""


# --- statements ----------------------------------------------------------------------------------------------------


@final
@dataclass(slots=True, eq=False)
class Block:
    pos: Pos
    stmts: list[Stmt]


@final
@dataclass(slots=True, eq=False)
class Declare:
    """A new local variable, zeroed unless ``init`` is given."""

    pos: Pos
    var: Var
    init: Expr | None = None


@final
@dataclass(slots=True, eq=False)
class Assign:
    """``x = value``; ``x`` None evaluates and drops (``_ = value``)."""

    pos: Pos
    x: Place | None
    value: Expr


@final
@dataclass(slots=True, eq=False)
class AssignPair:
    """Parallel assignment ``a, b = b, a``: operands of places and all values are evaluated first, then assigned in order.
    The statement declares the variables in ``declares``; a left side that is a ``Name`` of one of them is a new variable."""

    pos: Pos
    xs: list[Place | None]
    values: list[Expr]
    declares: list[Var] = field(default_factory=list[Var])


@final
@dataclass(slots=True, eq=False)
class AssignTuple:
    """``a, b = f()`` or a comma-ok form. ``value`` has a Tuple type; its component types are the types of the places. (Where results need
    a conversion, the builder assigns them to temporaries first.) The statement declares the variables in ``declares``."""

    pos: Pos
    xs: list[Place | None]
    value: Expr
    declares: list[Var] = field(default_factory=list[Var])


@final
@dataclass(slots=True, eq=False)
class AssignOp:
    """``x op= y``; x is evaluated once. For strings op is ADD."""

    pos: Pos
    x: Place
    op: BinaryOp
    y: Expr


@final
@dataclass(slots=True, eq=False)
class ExprStmt:
    pos: Pos
    x: Expr


@final
@dataclass(slots=True, eq=False)
class If:
    pos: Pos
    cond: Expr
    then: Block
    els: Block | None


@final
@dataclass(slots=True, eq=False)
class For:
    """``for cond { body; post }``; init is a statement before it. break and continue go to ``label``.
    The post block may use variables that the body declares at its beginning (copies of loop variables)."""

    pos: Pos
    cond: Expr | None
    post: Block | None
    body: Block
    label: Label


@final
@dataclass(slots=True, eq=False)
class Range:
    """``for key, value = range x`` over an integer, array (place or value; copied if ``value`` is used), pointer to array, slice, string,
    map or channel; the type of ``x`` decides. ``pos`` is the position of the word ``range``.

    ``key`` and ``value`` are places that each iteration assigns; variables in ``declares`` are new in each iteration.
    For a channel ``key`` is the element.
    """

    pos: Pos
    x: Expr
    key: Place | None
    value: Place | None
    declares: list[Var]
    body: Block
    label: Label


@final
@dataclass(slots=True, eq=False)
class SwitchCase:
    """A clause of a switch, taken if one of ``values`` equals the tag, or is true if there is no tag; ``values`` None: default."""

    pos: Pos
    values: list[Expr] | None
    body: Block


@final
@dataclass(slots=True, eq=False)
class Switch:
    """Expression switch. ``tag`` is evaluated once. Each case value has the type of the tag: if one of them is an interface, the builder has
    converted the tag and all values to it. A body may end with ``Fallthrough``."""

    pos: Pos
    tag: Expr | None
    cases: list[SwitchCase]
    label: Label


@final
@dataclass(slots=True, eq=False)
class TypeCase:
    """A clause of a type switch.

    ``types``: None for default; an element None is ``case nil``. ``places``: positions of the types. ``var``: the variable that the
    clause binds, if it is used; it has the type of a clause with a single type, else the type of the operand."""

    pos: Pos
    types: list[Type | None] | None
    var: Var | None
    body: Block
    places: tuple[Pos, ...] = ()


@final
@dataclass(slots=True, eq=False)
class TypeSwitch:
    pos: Pos
    x: Expr
    cases: list[TypeCase]
    label: Label


@final
@dataclass(slots=True, eq=False)
class SelectCase:
    """A clause of a select. Send: ``chan`` and ``send`` (the value). Receive: ``chan``, and optionally ``recv_var`` and ``ok_var``, which
    take the element and the ok flag. default: ``chan`` is None."""

    pos: Pos
    chan: Expr | None
    send: Expr | None
    recv_var: Var | None
    ok_var: Var | None
    body: Block


@final
@dataclass(slots=True, eq=False)
class Select:
    """``select``. If a clause receives into other places than variables that it declares, ``recv_var`` and ``ok_var`` are temporaries and
    the body begins with assignments from them."""

    pos: Pos
    cases: list[SelectCase]
    label: Label


@final
@dataclass(slots=True, eq=False)
class Send:
    pos: Pos
    chan: Expr
    value: Expr


@final
@dataclass(slots=True, eq=False)
class Go:
    """``go closure()``; ``closure`` is an expression of type func(), most often a FuncLit."""

    pos: Pos
    closure: Expr


@final
@dataclass(slots=True, eq=False)
class Defer:
    """``defer closure()``, with ``closure`` as in ``Go``.

    ``in_loop``: the statement may run more than once in one call of the function. ``target``: in the body of a loop over a function,
    the variable that holds the token of the outer function's defer frame; else None, and the call is deferred to the end of this
    function. The outer function declares that variable with a call of the body-less ``runtime.deferframe() unsafe.Pointer``."""

    pos: Pos
    closure: Expr
    in_loop: bool
    target: Var | None = None


@final
@dataclass(slots=True, eq=False)
class Return:
    """Values for all results in order; or one Call with a Tuple type of the same results; or none (named results keep their values)."""

    pos: Pos
    values: list[Expr]


@final
@dataclass(slots=True, eq=False)
class Break:
    pos: Pos
    label: Label


@final
@dataclass(slots=True, eq=False)
class Continue:
    pos: Pos
    label: Label


@final
@dataclass(slots=True, eq=False)
class Goto:
    pos: Pos
    label: Label


@final
@dataclass(slots=True, eq=False)
class Labeled:
    """The target of a goto. (A label that only break and continue name needs none.)"""

    pos: Pos
    label: Label


@final
@dataclass(slots=True, eq=False)
class Fallthrough:
    pos: Pos


Stmt: TypeAlias = (
    Block | Declare | Assign | AssignPair | AssignTuple | AssignOp | ExprStmt | If | For | Range | Switch | TypeSwitch
    | Select | Send | Go | Defer | Return | Break | Continue | Goto | Labeled | Fallthrough
)  # fmt: skip


# --- whole programs ------------------------------------------------------------------------------------------------


@final
@dataclass(slots=True, eq=False)
class MethodRef:
    """A method in the method set of a concrete type, for itabs and type descriptors.

    ``func`` takes the receiver as the type has it (T or *T); ``entry`` takes the interface's data word. They are the same function if
    the type is pointer-shaped."""

    name: str
    pkg: str
    signature: Signature
    func: Func
    entry: Func


def _no_method(recv: Named, method: MethodDecl) -> Func | None:
    return None


@final
@dataclass(slots=True, eq=False)
class Program:
    """Everything reachable, ready for escape analysis and code generation.

    ``funcs``: all functions with bodies, closures included, in no particular order. ``externals``: functions without bodies.
    ``globals``: all reachable package-level variables. ``static_init``: initial values that need no code (``ir.build.static``).
    ``init_tasks``: functions to run before main.main, in order. ``types``: types that need a descriptor.
    ``methods``: for each named or pointer type with a descriptor, its reachable methods in abi order.
    ``itabs``: pairs (concrete, interface) known at compile time. ``godebug``: the settings of GODEBUG that the program makes.

    Only if packages are built separately:

    ``elsewhere``: functions of other packages whose bodies are not loaded (their bodies here are empty). ``instance_methods``: all methods
    of instantiated types. ``discarded``: functions with the initial values of blank variables, which the program does not compute.
    ``generated``: for each package path the functions that Go's compiler generates itself, if requested. ``build_method``: builds a method
    that no code needed before; returns None if it cannot.
    """

    main: Func
    funcs: list[Func]
    globals: list[Var]
    static_init: dict[Var, Expr]
    init_tasks: list[Func]
    types: list[Type]
    methods: dict[Type, list[MethodRef]]
    itabs: list[tuple[Type, Type]]
    externals: list[Func] = field(default_factory=list[Func])
    elsewhere: list[Func] = field(default_factory=list[Func])
    instance_methods: dict[Type, list[Func]] = field(default_factory=dict[Type, list[Func]])
    discarded: list[Func] = field(default_factory=list[Func])
    build_method: Callable[[Named, MethodDecl], Func | None] = _no_method
    generated: dict[str, list[Func]] = field(default_factory=dict[str, list[Func]])
    godebug: str = ""


def result_type(sig: Signature) -> Type:
    """The type of a call: the result type if there is exactly one result, else a Tuple."""
    return sig.results[0] if len(sig.results) == 1 else tuple_of(sig.results)
