"""What kernel statements mean: each sample runs natively, optimised and not, and simulated."""

from __future__ import annotations

import pytest
from kernel_native import kernel_text, native

from tricolor.kernel.simulation.run import simulate

PRELUDE = """
class Node(Struct):
    value: u64
    next: "Node"

class Outer(Struct):
    tag: u8
    node: Embed[Node]
    nodes: Array[Embed[Node], 3]
    pointers: Array[Node, 2]
    flags: Array[bool, 4]

outer = global_struct(Outer)
words = global_array(u64, 16)
count = global_value(u32)
SQUARES = const_table(u16, (0, 1, 4, 9, 16))
SIZE: Final = 1 << 4

@kernel
def bump(by: u32) -> bool:
    count.value += by
    return True

@kernel
def last_byte(by: u64, start: addr, length: u64) -> u64:
    return to_u64(load_u8(start + (length - 1))) + by

@kernel
def fill(node: Node, value: u64) -> None:
    node.value = value
    node.next = outer.node

@kernel
def nested_sum(depth: u64) -> u64:
    here = stack_struct(Node)
    before = here.value
    here.value = depth
    below = 0 if depth == 0 else nested_sum(depth - 1)
    return here.value * 10 + below + before

@kernel
def greeting() -> tuple[addr, u64]:
    return text("hello")

@kernel
def pair(a: u64, b: u64) -> tuple[u64, addr, i8]:
    return a + b, field_address(words[b]), -1
"""

# Name: the rule; then the body of sample(n: u64) -> u64; then argument and expected result.
SAMPLES: list[tuple[str, str, int, int]] = [
    (
        "range_counts_down",
        "x = 0\ni: i64 = 0\nfor i in range(5, -2, -3):\n    x = x * 10 + to_u64(i + 5)\nreturn x",
        0,
        1074,
    ),
    ("range_keeps_last_value", "i = 99\nfor i in range(n):\n    pass\nreturn i", 4, 3),
    ("empty_range_keeps_the_local", "i = 99\nfor i in range(n):\n    pass\nreturn i", 0, 99),
    (
        "range_near_the_end_of_the_type",
        "x = 0\ni: u8 = 0\nfor i in range(250, 255, 4):\n    x += 1\nreturn x",
        0,
        2,
    ),
    ("range_bounds_are_evaluated_once", "x = 0\nfor i in range(n):\n    n += 1\n    x += 1\nreturn x", 3, 3),
    (
        "assigning_the_loop_local_does_not_change_the_loop",
        "x = 0\nfor i in range(n):\n    i += 5\n    x += i\nreturn x",
        3,
        18,
    ),
    (
        "continue_goes_on_with_the_next",
        "x = 0\nfor i in range(n):\n    if i == 2:\n        continue\n    x += i\nreturn x",
        5,
        8,
    ),
    (
        "while_true_ends_by_break",
        "while True:\n    n += 1\n    if n % 7 == 0:\n        break\nreturn n",
        15,
        21,
    ),
    ("and_is_short", "if n > 100 and bump(1):\n    pass\nreturn to_u64(count.value)", 0, 0),
    ("or_is_short", "if n < 100 or bump(1):\n    pass\nreturn to_u64(count.value)", 0, 0),
    ("or_goes_on", "if n > 100 or bump(3):\n    pass\nreturn to_u64(count.value)", 0, 3),
    ("conditional_evaluates_one_side", "x = bump(1) if n == 1 else False\nreturn to_u64(count.value)", 0, 0),
    (
        "augmented_place_is_evaluated_once",
        "words[to_u64(count.value) + to_u64(bump(1))] += 5\nreturn words[1]",
        0,
        5,
    ),
    ("unsigned_arithmetic_wraps", "x: u8 = 200\nx += 100\nreturn to_u64(x)", 0, 44),
    ("signed_division_truncates", "x: i64 = -7\nreturn to_u64(x // 2 + 4) * 10 + to_u64(x % 2 + 2)", 0, 11),
    ("right_shift_of_signed_is_arithmetic", "x: i32 = -8\nreturn to_u64(x >> 1)", 0, 2**64 - 4),
    ("right_shift_of_unsigned_is_logical", "x: u32 = to_u32(-8)\nreturn to_u64(x >> 1)", 0, 2**31 - 4),
    ("narrowing_wraps", "return to_u64(to_i8(n))", 200, 2**64 - 56),
    ("bool_converts_to_number", "return to_u64(n > 3) + to_u64(n > 300)", 5, 1),
    ("mask_with_inverted_constant", "return n & ~(SIZE - 1)", 1000, 992),
    ("float_saturates", "return to_u64(to_u8(to_f64(n) * 2.5))", 1000, 255),
    ("table_is_indexed", "return to_u64(SQUARES[n]) + len(SQUARES)", 3, 14),
    (
        "tuple_is_unpacked",
        "a, p, b = pair(n, 3)\nstore_u64(p, 7)\nreturn a * 100 + words[3] * 10 + to_u64(b + 2)",
        1,
        471,
    ),
    ("result_is_discarded", "_, p, _ = pair(n, 2)\nreturn p - field_address(words)", 0, 16),
    ("embedded_struct_is_in_place", "outer.node.value = n\nreturn load_u64(address(outer) + 8)", 5, 5),
    (
        "embedded_element_is_in_place",
        "e = outer.nodes[2]\ne.value = n\nreturn load_u64(address(outer) + offset_of(Outer, 'nodes') + 32)",
        6,
        6,
    ),
    (
        "pointer_elements",
        "outer.pointers[1] = outer.node\nouter.node.value = n\nreturn outer.pointers[1].value + to_u64(is_null(outer.pointers[0]))",
        6,
        7,
    ),
    (
        "pointers_compare_by_identity",
        "a = outer.node\nb = as_struct(Node, field_address(outer.node))\nreturn to_u64(a is b) + to_u64(a is not b) * 2 + to_u64(a is null(Node)) * 4",
        0,
        1,
    ),
    (
        "bool_fields",
        "outer.flags[1] = n > 2\nouter.flags[2] = not outer.flags[1]\nreturn to_u64(outer.flags[1]) * 2 + to_u64(outer.flags[2])",
        3,
        2,
    ),
    ("null_address", "p: addr = 0\nreturn to_u64(p == 0) + to_u64(is_null(p))", 0, 2),
    (
        "memory_copy_may_overlap",
        "for i in range(5):\n    words[i] = i + 1\nmemory_copy(field_address(words[1]), field_address(words), 32)\nreturn words[0] * 10000 + words[1] * 1000 + words[2] * 100 + words[3] * 10 + words[4]",
        0,
        11234,
    ),
    (
        "memory_compare_orders_bytes",
        "store_u8(field_address(words[0]), 200)\nreturn to_u64(memory_compare(field_address(words[0]), field_address(words[1]), 8) > 0)",
        0,
        1,
    ),
    (
        "unaligned_access",
        "p = field_address(words) + 3\nstore_unaligned_u32(p, 0x01020304)\nreturn load_unaligned_u64(p)",
        0,
        0x01020304,
    ),
    (
        "atomic_add_gives_the_old_value",
        "x = atomic_add(words[2], n, 'seq_cst')\nreturn x * 10 + atomic_load(words[2], 'acquire')",
        7,
        7,
    ),
    (
        "compare_exchange_tells_success",
        "a = atomic_compare_exchange(words[2], 0, n, 'acq_rel')\nb = atomic_compare_exchange(words[2], 0, 9, 'relaxed')\nreturn to_u64(a) * 10 + to_u64(b) + words[2] * 100",
        3,
        310,
    ),
    (
        "atomic_exchange_and_store",
        "atomic_store(words[2], 4, 'release')\nx = atomic_exchange(words[2], n, 'acquire')\ny = atomic_or(words[2], 8, 'relaxed')\nfence('seq_cst')\nreturn x * 100 + y * 10 + atomic_and(words[2], 1, 'relaxed')",
        2,
        430,
    ),
    (
        "atomic_operations_on_fields_have_the_type_of_the_field",
        (
            "x: u8 = atomic_add(outer.tag, 255, 'relaxed')\ny = atomic_exchange(outer.nodes[n].value, n + 5, 'acq_rel')\n"
            "return to_u64(outer.tag) * 100 + to_u64(x) * 10 + y + atomic_and(outer.nodes[n].value, 6, 'relaxed')"
        ),
        2,
        25507,
    ),
    (
        "atomic_operations_on_pointers",
        (
            "node = outer.node\natomic_store(outer.pointers[1], node, 'release')\n"
            "a = atomic_compare_exchange(outer.pointers[1], null(Node), outer.nodes[0], 'seq_cst')\n"
            "b = atomic_compare_exchange(outer.pointers[1], node, null(Node), 'seq_cst')\n"
            "return to_u64(a) * 100 + to_u64(b) * 10 + to_u64(is_null(atomic_load(outer.pointers[1], 'acquire')))"
        ),
        0,
        11,
    ),
    (
        "atomic_operations_on_a_global_value_and_at_an_address",
        (
            "atomic_add(count.value, 4, 'release')\np = field_address(count)\nx = atomic_or(memory_at(u32, p), 3, 'relaxed')\n"
            "return to_u64(atomic_load(memory_at(u32, p), 'relaxed')) * 10 + to_u64(x)"
        ),
        0,
        74,
    ),
    (
        "the_place_of_an_atomic_operation_is_evaluated_once",
        "atomic_add(words[to_u64(count.value) + to_u64(bump(1))], 5, 'relaxed')\nreturn words[1]",
        0,
        5,
    ),
    (
        "call_through_an_address",
        "f = function_address(pair)\na, _, _ = call_address(f, (u64, u64), tuple[u64, addr, i8], n, 1)\nreturn a",
        2,
        3,
    ),
    (
        "text_has_address_and_length",
        "t, length = text('h\\u00e9!')\nreturn length * 1000 + to_u64(load_u8(t + 3))",
        0,
        4033,
    ),
    ("a_starred_text_is_two_arguments", "return last_byte(n, *text('ab'))", 1, 99),
    ("an_empty_text_has_length_zero", "_, length = text('')\nreturn length", 0, 0),
    ("a_text_is_returned", "t, length = greeting()\nreturn to_u64(load_u8(t + 4)) * 10 + length", 0, 1115),
    (
        "a_starred_text_is_two_arguments_of_an_intrinsic",
        "t, length = greeting()\nreturn to_u64(memory_compare(t, *text('hello')) == 0)",
        0,
        1,
    ),
    (
        "a_stack_struct_is_an_out_parameter",
        "node = stack_struct(Node)\nfill(node, n)\nnode.next.value = 4\nreturn node.value * 10 + outer.node.value",
        3,
        34,
    ),
    ("each_call_has_its_own_stack_struct", "return nested_sum(n)", 4, 100),
    (
        "a_stack_struct_is_zeroed_each_time",
        (
            "x = 0\nfor i in range(n):\n    big = stack_struct(Outer)\n    x += big.node.value + to_u64(big.tag) + to_u64(big.flags[3])\n"
            "    big.node.value = 7\n    big.tag = 9\n    big.flags[3] = True\n    big.nodes[2].value = 3\n    x += big.nodes[2].value\nreturn x"
        ),
        5,
        15,
    ),
    (
        "a_stack_struct_is_ordinary_memory",
        (
            "node = stack_struct(Node)\nmemory_copy(address(node), field_address(words), 16)\nstore_u64(field_address(node.value), n)\n"
            "return load_u64(address(node)) + to_u64(is_null(node.next)) + to_u64(address(node)) % 8"
        ),
        6,
        7,
    ),
    ("minimum_and_maximum", "x: i32 = -5\nreturn to_u64(max(x, 3)) * 10 + min(n, 4)", 9, 34),
    (
        "bit_operations",
        "return count_trailing_zeros_u64(n) + count_trailing_zeros_u64(0) + to_u64(count_leading_zeros_u32(1)) + population_count_u64(n)",
        8,
        99,
    ),
    (
        "byte_swap_and_rotate",
        "return byte_swap_u64(n) + rotate_left_u64(1, 65) + to_u64(rotate_left_u32(1, 31))",
        1,
        2**56 + 2 + 2**31,
    ),
    ("f64_bits", "return f64_to_bits(f64_from_bits(n) * 1.0)", 0x4000000000000000, 0x4000000000000000),
    (
        "hints_change_nothing",
        "prefetch(field_address(words))\nspin_hint()\nkeep_alive(field_address(words))\nreturn 1 if likely(n == 3) and not unlikely(n == 4) else 0",
        3,
        1,
    ),
    ("address_minus", "p = field_address(words[4])\nq = p - n\nreturn p - q + to_u64(q < p)", 24, 25),
]


def sample_text(body: str) -> str:
    lines = "".join(f"    {line}\n" for line in body.splitlines())
    return f'{PRELUDE}\n@export("sample")\ndef sample(n: u64) -> u64:\n{lines}'


@pytest.mark.parametrize(("body", "argument", "expected"), [each[1:] for each in SAMPLES], ids=[each[0] for each in SAMPLES])
def test_simulated(body: str, argument: int, expected: int) -> None:
    simulation = simulate(["sample"], texts={"sample": kernel_text(sample_text(body))})
    assert simulation.call("sample", argument) == expected


@pytest.mark.parametrize("level", [0, 2])
def test_native(level: int) -> None:
    for name, body, argument, expected in SAMPLES:
        function = native(sample_text(body), ["sample"], level, check_level=2).function("sample", "u64", "u64")
        assert function(argument) == expected, name
