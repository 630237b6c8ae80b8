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

What is still as in source: switch, type switch, select, range, composite literals, ``append``, ``&&``: escape analysis and readers want them.

Values of multi-result calls and comma-ok forms have a ``Tuple`` type and occur only as the single right side of
``AssignTuple``, or as an ``ExprStmt``.

Evaluation order: the code generator evaluates operands in the order of the tree, left to right; the builder introduces temporaries where
Go's order of calls, receives and logical operators against plain variable reads needs them.

All nodes stand in this one module, long as it is: functions, statements and expressions refer to each other, and every pass reads them as ``n``.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from enum import Enum
from fractions import Fraction
from typing import TypeAlias, final

from tricolor.ir.types import MethodDecl, Named, Signature, Type, tuple_of

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
    ``captured``: a closure refers to it. ``kept``: it is captured or addressed elsewhere than in a return statement, so that an iteration
    of its loop could see what became of that of another. ``symbol``: linker symbol of a global.
    A LOCAL exists from its ``Declare`` to the end of the block; each execution of ``Declare`` is a new variable.
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
    """Closure variable: ``inner`` (kind CAPTURE) stands in the closure's body for ``outer`` of the enclosing function.

    Whether it is captured by value or by reference is decided by escape analysis (by value iff never reassigned nor
    addressed after capture and at most 128 bytes).
    """

    outer: Var
    inner: Var


def _no_funcs() -> list[Func]:
    return []


@final
@dataclass(slots=True, eq=False)
class Func:
    """A function, method, closure or wrapper, fully instantiated.

    ``symbol``: linker symbol (unique in the program). ``name``: as Go prints it in messages and traces.
    ``signature`` has the receiver as its first parameter. ``params`` includes the receiver.
    ``body`` is None for a function implemented elsewhere (runtime, intrinsic).
    ``pragmas``: ``noinline``, ``nosplit``, ``noescape``, ``uintptrescapes``, ...
    ``wrapper``: made by the compiler (go/defer wrappers, promoted methods, method values); traces skip it.
    ``outer``: enclosing function of a closure. ``has_defer``/``has_recover``: occur directly in the body; ``calls_interfaces``: a
    ``CallMethod`` does.
    ``link``: for a body-less function the symbol that implements it (after ``//go:linkname``).
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

    ``args``: the type arguments in source where ``func`` is the instance for their shapes (only in packages seen alone)."""

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
    """``x[i]`` of an array value or place, slice or string; checks the bound. ``i`` has any integer type."""

    pos: Pos
    type: Type
    x: Expr
    index: Expr
    bounded: bool = False


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
    """``x.(T)`` to concrete or interface type. With ``comma_ok`` the type is (T, bool). ``nil_fault``: the compiler knows that x holds
    a T or nil, with which it panics as a call of a method does."""

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
    dereferenced as needed). For an interface receiver the value panics now if x is nil."""

    pos: Pos
    type: Type
    x: Expr
    func: Func


@final
@dataclass(slots=True, eq=False)
class StructLit:
    """Values by field index; fields that are not named are zero."""

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
    With ``define`` the left sides are fresh variables where they are ``Name`` of a variable in ``declares``."""

    pos: Pos
    xs: list[Place | None]
    values: list[Expr]
    declares: list[Var] = field(default_factory=list[Var])


@final
@dataclass(slots=True, eq=False)
class AssignTuple:
    """``a, b = f()`` or a comma-ok form; ``value`` has a Tuple type, whose component types are those of the places (where a
    conversion is needed the builder assigns to temporaries first). Variables in ``declares`` come into being here."""

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
    """``for key, value = range x`` (``pos`` is that of ``range``) over integer, array (place or value; copied if value is used), pointer to array, slice, string, map, chan.

    ``key``/``value`` are places that are assigned in each iteration; variables in ``declares`` are new in each iteration.
    For chan the element is ``key``. The type of ``x`` says the kind.
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
    """Values compare equal to the tag (or are true where there is no tag); ``values`` None is default."""

    pos: Pos
    values: list[Expr] | None
    body: Block


@final
@dataclass(slots=True, eq=False)
class Switch:
    """Expression switch. ``tag`` is evaluated once; each case value is already converted so that ``tag == value`` is a legal
    Binary (one may be an interface: then ``mixed`` comparison is done on converted operands). A body may end with ``Fallthrough``."""

    pos: Pos
    tag: Expr | None
    cases: list[SwitchCase]
    label: Label


@final
@dataclass(slots=True, eq=False)
class TypeCase:
    """``types``: None is default; an element None is ``case nil``; ``places``: their positions. ``var``: the bound variable of this clause, if used; its
    type is the case's type for a single-type clause, else that of the operand."""

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
    """``send``: chan and value given. Receive: chan; ``assign`` stores what was received (an AssignTuple or Assign whose value is a
    ``Name`` of ``recv_var``/``ok_var``). default: chan None."""

    pos: Pos
    chan: Expr | None
    send: Expr | None
    recv_var: Var | None
    ok_var: Var | None
    body: Block


@final
@dataclass(slots=True, eq=False)
class Select:
    """The bodies begin with the assignments from ``recv_var``/``ok_var`` (temporaries of the case, or the declared variables)."""

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
    """``closure``: expression of type func(), most often a FuncLit."""

    pos: Pos
    closure: Expr


@final
@dataclass(slots=True, eq=False)
class Defer:
    """As Go. ``in_loop``: may run more than once per call of the function. ``target``: for range-over-func bodies, the
    variable that holds the token of the outer function's defer frame (else None: this function's). That variable is
    declared in the outer function with a call of the body-less ``runtime.deferframe() unsafe.Pointer`` as its value."""

    pos: Pos
    closure: Expr
    in_loop: bool
    target: Var | None = None


@final
@dataclass(slots=True, eq=False)
class Return:
    """Values for all results in order, or one Call with a Tuple type of the same results, or empty (named results stand)."""

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
    """A place to go to. (Labels of loops that are only broken or continued need none.)"""

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
    """A method of a concrete type's method set, for itabs and type descriptors.

    ``func`` takes the receiver as declared (T or *T); ``entry`` takes the interface's data word (they are one function when
    the receiver is pointer-shaped)."""

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

    ``funcs``: all functions with bodies, each before nothing in particular; closures are reached through ``Func.closures`` and listed too.
    ``externals``: functions without bodies. ``instance_methods``: where packages are seen alone, all methods of instantiated types.
    ``discarded``: there too, functions with initial values that nobody computes; ``generated``: by path of a package those of its
    functions that the compiler makes itself, if they are wanted; ``elsewhere``: functions of other packages whose bodies are not looked
    at (theirs are empty).
    ``globals``: all reachable package-level variables. ``static_init``: constant initial values (see passes.staticinit).
    ``init_tasks``: functions to run before main.main, in order. ``types``: types that need a descriptor.
    ``methods``: for each named or pointer type with a descriptor, its reachable methods in abi order.
    ``itabs``: pairs (concrete, interface) known at compile time. ``build_method``: makes a method that was not needed so far, if it can.
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


def result_type(sig: Signature) -> Type:
    """Type of a call of the signature: Tuple unless there is exactly one result."""
    return sig.results[0] if len(sig.results) == 1 else tuple_of(sig.results)
