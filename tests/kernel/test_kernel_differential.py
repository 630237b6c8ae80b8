"""Random kernel programs give the same results natively and simulated."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, final

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from kernel_native import kernel_text, native

from tricolor.kernel.simulation.run import Simulation, simulate
from tricolor.kernel.types import INTEGERS

INTEGER_NAMES = sorted(INTEGERS)
ARRAY_LENGTH = 8


@final
@dataclass(slots=True)
class Generator:
    """Writes random typed expressions and statements; nothing it writes is undefined natively."""

    draw: Any
    locals: dict[str, str] = field(default_factory=dict[str, str])
    lines: list[str] = field(default_factory=list[str])
    loops: int = 0

    def pick(self, items: Sequence[Any]) -> Any:
        return self.draw(st.sampled_from(items))

    def expression(self, what: str, depth: int) -> str:
        if what == "bool":
            return self.condition(depth)
        leaves = [name for name, each in self.locals.items() if each == what]
        if depth <= 0 or self.draw(st.integers(0, 5)) == 0:
            if leaves and self.draw(st.booleans()):
                return self.pick(leaves)
            return f"to_{what}({self.draw(st.integers(INTEGERS[what].minimum, INTEGERS[what].maximum))})"
        kind = self.pick(["binary", "binary", "divide", "shift", "unary", "convert", "if", "minimum", "memory", "bits", "atomic"])
        left = self.expression(what, depth - 1)
        match kind:
            case "binary":
                return f"({left} {self.pick(['+', '-', '*', '&', '|', '^'])} {self.expression(what, depth - 1)})"
            case "divide":
                # A divisor from 1 to 8: neither zero nor the -1 that overflows.
                return f"({left} {self.pick(['//', '%'])} (({self.expression(what, depth - 1)} & 7) + 1))"
            case "shift":
                other = self.pick(INTEGER_NAMES)
                count = f"({self.expression(other, depth - 1)} & {INTEGERS[what].bits - 1})"
                return f"({left} {self.pick(['<<', '>>'])} {count})"
            case "unary":
                return f"({self.pick(['-', '~'])}{left})"
            case "convert":
                other = self.pick([*INTEGER_NAMES, "bool"])
                return f"to_{what}({self.expression(other, depth - 1)})"
            case "if":
                return f"({left} if {self.condition(depth - 1)} else {self.expression(what, depth - 1)})"
            case "minimum":
                return f"{self.pick(['min', 'max'])}({left}, {self.expression(what, depth - 1)})"
            case "atomic":
                return self.atomic(what, depth - 1)
            case "memory":
                return f"to_{what}(array[{self.expression('u64', depth - 1)} & {ARRAY_LENGTH - 1}])"
            case _:
                return f"to_{what}({self.bits(depth - 1)})"

    def bits(self, depth: int) -> str:
        operand = self.expression("u64", depth)
        name = self.pick(["count_trailing_zeros", "count_leading_zeros", "population_count", "byte_swap"])
        if self.draw(st.booleans()):
            return f"{name}_u64({operand})"
        other = self.expression("u64", depth)
        return f"{self.pick(['multiply_high_u64', 'rotate_left_u64'])}({operand}, {other})"

    def atomic(self, what: str, depth: int) -> str:
        """An atomic operation on the field of that type in the frame."""
        operation = self.pick(["load", "exchange", "compare_exchange", "add", "and", "or"])
        values = {"load": 0, "compare_exchange": 2}.get(operation, 1)
        arguments = [f"frame.{what}_field", *(self.expression(what, depth) for _ in range(values)), "'seq_cst'"]
        call = f"atomic_{operation}({', '.join(arguments)})"
        return f"to_{what}({call})" if operation == "compare_exchange" else call

    def condition(self, depth: int) -> str:
        kind = self.pick(["compare", "compare", "and", "or", "not"]) if depth > 0 else "compare"
        if kind == "compare":
            what = self.pick(INTEGER_NAMES)
            operator = self.pick(["==", "!=", "<", "<=", ">", ">="])
            return f"({self.expression(what, depth - 1)} {operator} {self.expression(what, depth - 1)})"
        if kind == "not":
            return f"(not {self.condition(depth - 1)})"
        return f"({self.condition(depth - 1)} {kind} {self.condition(depth - 1)})"

    def statement(self, indent: str, depth: int) -> None:
        kind = self.pick(["assign", "assign", "augment", "array", "update", "field", "if", "for"])
        name, what = self.pick(list(self.locals.items()))
        match kind:
            case "assign":
                self.lines.append(f"{indent}{name} = {self.expression(what, 3)}")
            case "augment":
                operator = self.pick(["+", "-", "*", "&", "|", "^"])
                self.lines.append(f"{indent}{name} {operator}= {self.expression(what, 2)}")
            case "field":
                operator = self.pick(["", "+", "-", "*", "^"])
                self.lines.append(f"{indent}frame.{what}_field {operator}= {self.expression(what, 2)}")
            case "array" | "update":
                index = f"{self.expression('u8', 1)} & {ARRAY_LENGTH - 1}"
                operator = "" if kind == "array" else self.pick(["+", "-", "*", "^"])
                self.lines.append(f"{indent}array[{index}] {operator}= {self.expression('u64', 2)}")
            case _ if depth <= 0:
                self.lines.append(f"{indent}pass")
            case "if":
                self.lines.append(f"{indent}if {self.condition(2)}:")
                self.block(indent + "    ", depth - 1)
                self.lines.append(f"{indent}else:")
                self.block(indent + "    ", depth - 1)
            case _:
                self.loops += 1
                start, stop = self.draw(st.integers(0, 6)), self.draw(st.integers(0, 6))
                step = self.pick([-2, -1, 1, 2, 3])
                self.lines.append(f"{indent}for i{self.loops} in range({start}, {stop}, {step}):")
                self.block(indent + "    ", depth - 1)
                jump = self.pick(["break", "continue"])
                self.lines.append(f"{indent}    if {self.condition(1)}:\n{indent}        {jump}")

    def block(self, indent: str, depth: int) -> None:
        for _ in range(self.draw(st.integers(1, 3))):
            self.statement(indent, depth)


@st.composite
def functions(draw: Any) -> tuple[str, list[str]]:
    """A kernel function ``sample`` of three parameters, and their types."""
    parameters = [draw(st.sampled_from(INTEGER_NAMES)) for _ in range(3)]
    generator = Generator(draw, {f"p{index}": what for index, what in enumerate(parameters)})
    generator.locals["x"] = draw(st.sampled_from(INTEGER_NAMES))
    generator.locals["y"] = "u64"
    generator.lines.append("    frame = stack_struct(Frame)")
    generator.lines.append(f"    x: {generator.locals['x']} = 1")
    generator.lines.append("    y: u64 = 2")
    generator.block("    ", 2)
    generator.lines.append("    for i in range(len(array)):\n        y = y * 31 + array[i]")
    generator.lines.extend(f"    y = y * 31 + to_u64(frame.{what}_field)" for what in INTEGER_NAMES)
    result = " ^ ".join(["y", *(f"to_u64({name})" for name in generator.locals if name != "y")])
    generator.lines.append(f"    return {result}")
    header = ", ".join(f"p{index}: {what}" for index, what in enumerate(parameters))
    fields = "".join(f"    {what}_field: {what}\n" for what in INTEGER_NAMES)
    text = f'class Frame(Struct):\n{fields}\narray = global_array(u64, {ARRAY_LENGTH})\n\n@export("sample")\ndef sample({header}) -> u64:\n'
    return text + "\n".join(generator.lines) + "\n", parameters


def values_of(what: str) -> st.SearchStrategy[int]:
    integer = INTEGERS[what]
    edges = st.sampled_from([integer.minimum, integer.maximum, 0, 1])
    return edges | st.integers(integer.minimum, integer.maximum)


@settings(
    max_examples=40,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.large_base_example],
)
@given(program=functions(), data=st.data())
def test_native_and_simulated_programs_agree(program: tuple[str, list[str]], data: Any) -> None:
    text, parameters = program
    compiled = native(text, ["sample"], level=data.draw(st.sampled_from([0, 2])))
    function = compiled.function("sample", "u64", *parameters)
    simulation: Simulation = simulate(["sample"], texts={"sample": kernel_text(text)})
    for _ in range(3):
        arguments = [data.draw(values_of(what)) for what in parameters]
        assert function(*arguments) == simulation.call("sample", *arguments)


@settings(max_examples=25, deadline=None)
@given(
    values=st.lists(st.floats(), min_size=2, max_size=2),
    integer=st.integers(-(2**63), 2**63 - 1),
)
def test_native_and_simulated_floats_agree(values: list[float], integer: int) -> None:
    simulated = FLOAT_SIMULATION.call("mixed", *values, integer)
    assert FLOAT_NATIVE(*values, integer) == simulated


FLOAT_TEXT = """
@export("mixed")
def mixed(a: f64, b: f64, n: i64) -> u64:
    y = a * b + to_f64(n) - a / b
    x: u64 = to_u64(y) ^ to_u64(to_i8(a)) ^ to_u64(to_i64(b))
    if y == y:
        x ^= f64_to_bits(-y)
    if a < b or a != a or not a >= b:
        x += 1
    return x ^ to_u64(to_f64(x))
"""
FLOAT_NATIVE = native(FLOAT_TEXT, ["mixed"]).function("mixed", "u64", "f64", "f64", "i64")
FLOAT_SIMULATION = simulate(["sample"], texts={"sample": kernel_text(FLOAT_TEXT)})
