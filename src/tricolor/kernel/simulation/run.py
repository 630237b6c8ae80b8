"""Loads kernel modules into simulated memory and runs their functions."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from types import TracebackType
from typing import Any, Final, final

from tricolor.kernel.check import checked_program
from tricolor.kernel.diagnostics import Position
from tricolor.kernel.simulation import arithmetic
from tricolor.kernel.simulation.accesses import ENTRY, CurrentThread, access_functions, coroutine, run_as_thread, waiting
from tricolor.kernel.simulation.memory import READ, WRITE, SimulatedMemory, SimulationFaultError
from tricolor.kernel.simulation.python_text import OUTSIDE_KINDS, Linkage, Writer, write_function
from tricolor.kernel.simulation.system import SimulatedSystem
from tricolor.kernel.tree import Function, Global, Program, Text, TextAddress
from tricolor.kernel.types import ArrayOf, Float, Integer, StructType, size_bytes

CODE_ADDRESS: Final = 0x40_0000
CODE_STEP_BYTES: Final = 16
GENERATED_FILE: Final = "<simulated kernel>"
DEFAULT_CHECK_LEVEL: Final = 3


class CheckFailedError(SimulationFaultError):
    """A ``check`` or ``unreachable`` of kernel code failed."""


class OutsideFunctionError(SimulationFaultError):
    """Simulated code called a naked, C or Go function for which no fake was given."""


@final
@dataclass(slots=True)
class Simulation:
    """Kernel modules ready to run; kernel functions are called by name.

    A name is ``module.path:name``, or ``name`` alone where it is unique, or the function's symbol.
    """

    memory: SimulatedMemory
    system: SimulatedSystem
    program: Program
    globals: Mapping[str, int]
    functions: Mapping[str, Callable[..., Any]]
    function_addresses: Mapping[str, int]
    text: str
    positions: Sequence[Position | None]
    thread: CurrentThread
    interleaved: bool

    def call(self, name: str, *arguments: Any) -> Any:
        """Calls a kernel function; a SimulationFaultError that it raises carries the kernel trace.

        In interleaved mode the result is a generator of ``Access``: a thread, with a thread struct of its own.
        Otherwise all calls run as one thread, whose thread struct is at ``thread.base``.
        In coroutine mode the result is a generator too; what the function gives is the generator's return value.
        """
        try:
            result = self.functions[name](*arguments)
            return run_as_thread(self.thread, result) if self.interleaved else result
        except SimulationFaultError as error:
            error.trace = self.trace(error.__traceback__)
            raise

    def trace(self, traceback: TracebackType | None) -> tuple[str, ...]:
        """The kernel positions of a traceback, outermost first."""
        found: list[str] = []
        while traceback is not None:
            if traceback.tb_frame.f_code.co_filename == GENERATED_FILE:
                position = self.positions[traceback.tb_lineno - 1]
                if position is not None:
                    found.append(str(position))
            traceback = traceback.tb_next
        return tuple(found)

    def struct(self, name: str) -> StructType:
        """A struct of the program by name. Raises KeyError."""
        for each in self.program.structs:
            if each.name == name:
                return each
        raise KeyError(name)

    def load_field(self, struct: str, address: int, name: str) -> int | float:
        """The value of a scalar field. Raises KeyError if there is no such struct or field."""
        found = self.struct(struct).field_named(name)
        if found is None:
            raise KeyError(name)
        if isinstance(found.type, Float):
            return self.memory.load_double(address + found.offset_bytes)
        signed = isinstance(found.type, Integer) and found.type.signed
        return self.memory.load(address + found.offset_bytes, size_bytes(found.type), signed)


def simulate(
    modules: Sequence[str],
    memory: SimulatedMemory | None = None,
    *,
    texts: Mapping[str, str] | None = None,
    substitutes: Mapping[str, str] | None = None,
    fakes: Mapping[str, Callable[..., Any]] | None = None,
    interleaved: bool = False,
    coroutines: bool = False,
    check_level: int = DEFAULT_CHECK_LEVEL,
) -> Simulation:
    """Checks the modules and loads them into the memory.

    ``texts`` and ``substitutes`` are those of ``check_modules``. ``fakes`` stand in for C, Go and naked functions, and any other function, by symbol; they take and
    give plain values. With ``interleaved`` a call is a generator that yields an ``Access`` before each access to
    memory. With ``coroutines`` it is one that yields ENTRY where a ``@goroutine`` function begins, and whatever
    fakes yield that are generator functions. Raises KernelProgramError.
    """
    program = checked_program(modules, texts, substitutes)
    memory = memory or SimulatedMemory()
    system = SimulatedSystem(memory)
    thread = CurrentThread()
    outside = {**system.functions(), "pthread_self": lambda: thread.number, **(fakes or {})}
    linkage = _link(program, memory)
    writer = Writer(linkage, interleaved, coroutines, check_level)
    for function in program.functions:
        if function.kind not in OUTSIDE_KINDS:
            write_function(writer, function)
    text = "\n".join(writer.lines) + "\n"
    code: dict[int, Callable[..., Any]] = {}
    wrap = coroutine if coroutines else partial(waiting, interleaved=interleaved)
    namespace = _namespace(memory, thread, interleaved, wrap, outside, code)
    exec(compile(text, GENERATED_FILE, "exec"), namespace)  # noqa: S102
    for function in program.functions:
        if fakes is not None and function.symbol in fakes and function.kind not in OUTSIDE_KINDS:
            namespace[linkage.functions[function]] = wrap(fakes[function.symbol])
    functions = _callables(program, linkage, namespace)
    for function in program.functions:
        code[linkage.function_addresses[function.symbol]] = functions[f"{function.module}:{function.name}"]
    names: dict[str, int] = {}
    for storage, address in linkage.globals.items():
        names |= {storage.name: address, storage.symbol: address, f"{storage.module}:{storage.name}": address}
    return Simulation(memory, system, program, names, functions, linkage.function_addresses, text, writer.positions, thread, interleaved)


# --- Loading --------------------------------------------------------------------------------------


def _link(program: Program, memory: SimulatedMemory) -> Linkage:
    functions = {each: f"f{index}_{each.name}" for index, each in enumerate(program.functions)}
    linkage = Linkage(functions, {})
    by_symbol: dict[str, int] = {}
    for storage in program.globals:
        if not storage.is_external and not storage.is_of_thread:
            by_symbol[storage.symbol] = linkage.globals[storage] = _place_global(memory, storage)
    for storage in program.globals:
        if storage.is_external:
            found = by_symbol.get(storage.symbol)
            linkage.globals[storage] = _place_global(memory, storage) if found is None else found
    for index, function in enumerate(program.functions):
        linkage.function_addresses[function.symbol] = CODE_ADDRESS + index * CODE_STEP_BYTES
    for text in _texts_of([each.body for each in program.functions]):
        address = memory.map(max(len(text), 1))
        memory.write(address, text)
        memory.protect(address, max(len(text), 1), READ)
        linkage.texts[text] = address
    return linkage


def _place_global(memory: SimulatedMemory, storage: Global) -> int:
    size = max(size_bytes(storage.type), 1)
    address = memory.map(size, READ | WRITE)
    memory.poison(address + size, -size % 4096)
    if storage.values is not None:
        assert isinstance(storage.type, ArrayOf)
        element = storage.type.element
        step = size_bytes(element)
        for index, value in enumerate(storage.values):
            if isinstance(value, float) or isinstance(element, Float):
                memory.store_double(address + index * step, float(value))
            else:
                memory.store(address + index * step, step, int(value))
        memory.protect(address, size, READ)
    return address


def _texts_of(tree: Any) -> set[bytes]:
    """The texts in a typed tree whose addresses are taken."""
    found: set[bytes] = set()
    pending: list[Any] = [tree]
    while pending:
        node = pending.pop()
        if isinstance(node, Text | TextAddress):
            found.add(node.text)
        elif isinstance(node, tuple | list):
            pending.extend(node)  # pyright: ignore[reportUnknownArgumentType]
        elif not isinstance(node, Function | Global | StructType) and hasattr(node, "__dataclass_fields__"):
            pending.extend(getattr(node, name) for name in node.__dataclass_fields__)
    return found


def _callables(program: Program, linkage: Linkage, namespace: dict[str, Any]) -> dict[str, Callable[..., Any]]:
    by_name: dict[str, Callable[..., Any]] = {}
    count: dict[str, int] = {}
    for function in program.functions:
        if function.kind in OUTSIDE_KINDS:
            code: Callable[..., Any] = partial(namespace["call_outside"], function.symbol)
        else:
            code = namespace[linkage.functions[function]]
        count[function.name] = count.get(function.name, 0) + 1
        by_name[function.symbol] = by_name[f"{function.module}:{function.name}"] = code
        if count[function.name] == 1:
            by_name.setdefault(function.name, code)
        elif function.symbol != function.name:
            by_name.pop(function.name, None)
    return by_name


# --- Called by generated code ---------------------------------------------------------------------


def _check_failed(text: bytes) -> None:
    raise CheckFailedError(text.decode())


def _namespace(
    memory: SimulatedMemory,
    thread: CurrentThread,
    interleaved: bool,
    wrap: Callable[[Callable[..., Any]], Callable[..., Any]],
    outside: Mapping[str, Callable[..., Any]],
    code: Mapping[int, Callable[..., Any]],
) -> dict[str, Any]:
    names: dict[str, Any] = {name: value for name, value in vars(arithmetic).items() if callable(value)}
    names["check_failed"] = _check_failed
    names["thread"] = thread
    names |= {"enter_struct": memory.enter_struct, "leave_struct": memory.leave_struct, "clear_struct": memory.clear_struct}

    def call_outside(symbol: str, *arguments: Any) -> Any:
        function = outside.get(symbol)
        if function is None:
            raise OutsideFunctionError(f"no fake for {symbol}: pass simulate(..., fakes={{{symbol!r}: ...}})")
        return function(*arguments)

    def call_address(address: int, *arguments: Any) -> Any:
        function = code.get(address)
        if function is None:
            raise OutsideFunctionError(f"call of {address:#x}, which is no function")
        return function(*arguments)

    # A call through an address runs a kernel function, which is a generator itself in these modes.
    names["call_address"] = call_address
    names["call_outside"] = wrap(call_outside)
    names["ENTRY"] = ENTRY
    return names | access_functions(memory, thread, interleaved)
