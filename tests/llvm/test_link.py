"""Objects are linked into an image, and the image is loaded."""

from __future__ import annotations

import ctypes
import subprocess
import sys

import pytest

from tricolor.llvm.compile import Unit, assembly_text, compile_object, object_key
from tricolor.llvm.image import Image, Loaded, load_image
from tricolor.llvm.link import LinkFailure, link, load_objects
from tricolor.llvm.target import Processor


def compiled(text: str, level: int = 1) -> bytes:
    return compile_object(Unit("test", text, level))


def call(loaded: Loaded, symbol: str, *arguments: int) -> int:
    prototype = ctypes.CFUNCTYPE(ctypes.c_int64, *[ctypes.c_int64] * len(arguments))
    return prototype(loaded.addresses[symbol])(*arguments)


def result(*texts: str) -> int:
    """The result of calling ``f`` in the linked modules."""
    return call(load_objects([compiled(text) for text in texts], ["f"]), "f")


def test_a_call_crosses_objects() -> None:
    assert result("declare i64 @g(i64)\ndefine i64 @f() { %r = call i64 @g(i64 20) ret i64 %r }",
                  "define i64 @g(i64 %x) { %r = add i64 %x, 1 ret i64 %r }") == 21  # fmt: skip


def test_data_of_another_object_is_loaded_and_stored() -> None:
    code = """
@counter = external global i64
define i64 @f() { %a = load i64, ptr @counter  %b = add i64 %a, 5  store i64 %b, ptr @counter  %c = load volatile i64, ptr @counter  ret i64 %c }
"""
    assert result(code, "@counter = global i64 37") == 42


def test_an_address_in_data_points_into_the_image() -> None:
    code = """
@target = external global i64
@pointer = external global ptr
define i64 @f() {
  %p = load ptr, ptr @pointer
  %same = icmp eq ptr %p, @target
  %value = load i64, ptr %p
  %r = select i1 %same, i64 %value, i64 -1
  ret i64 %r
}
"""
    assert result(code, "@target = global i64 9\n@pointer = global ptr @target") == 9


def test_an_address_with_an_addend_in_constants() -> None:
    code = """
@pair = global [2 x i64] [i64 3, i64 4]
@second = constant ptr getelementptr (i64, ptr @pair, i64 1)
define i64 @f() { %p = load volatile ptr, ptr @second  %r = load i64, ptr %p  ret i64 %r }
"""
    assert result(code) == 4


def test_zeros_are_zero_and_writable() -> None:
    code = """
@room = global [1000 x i64] zeroinitializer
define i64 @f() {
  %last = getelementptr i64, ptr @room, i64 999
  %before = load volatile i64, ptr %last
  store volatile i64 7, ptr %last
  %after = load volatile i64, ptr %last
  %r = add i64 %before, %after
  ret i64 %r
}
"""
    assert result(code, "@other = global i64 1") == 7


def test_a_function_of_libc_is_called_and_its_address_taken() -> None:
    code = """
declare i64 @labs(i64)
@text = constant [4 x i8] c"abc\\00"
declare i64 @strlen(ptr)
define i64 @f() {
  %a = call i64 @labs(i64 -5)
  %b = call i64 @g(ptr @strlen)
  %r = add i64 %a, %b
  ret i64 %r
}
define i64 @g(ptr %function) noinline { %r = call i64 %function(ptr @text) ret i64 %r }
"""
    assert result(code) == 8


def test_the_first_weak_definition_is_used_unless_a_strong_one_exists() -> None:
    user = "declare i64 @g()\ndefine i64 @f() { %r = call i64 @g() ret i64 %r }"
    first, second = (f"define weak i64 @g() {{ ret i64 {n} }}" for n in (1, 2))
    strong = "define i64 @g() { ret i64 3 }"
    assert result(user, first, second) == 1
    assert result(user, first, strong, second) == 3


def test_a_symbol_that_nothing_defines_is_named() -> None:
    with pytest.raises(LinkFailure, match="undefined: nowhere"):
        link([compiled("declare void @nowhere()\ndefine void @f() { call void @nowhere() ret void }")], ["f"])


def test_a_symbol_defined_twice_is_named() -> None:
    with pytest.raises(LinkFailure, match="defined twice: f"):
        link([compiled("define void @f() { ret void }")] * 2, ["f"])


def test_an_exported_symbol_must_exist() -> None:
    with pytest.raises(LinkFailure, match="not defined: g"):
        link([compiled("define void @f() { ret void }")], ["f", "g"])


def test_an_unknown_relocation_is_refused() -> None:
    with pytest.raises(LinkFailure, match="unknown"):
        link([compiled("@x = thread_local global i64 0\ndefine ptr @f() { ret ptr @x }")], ["f"])


def test_an_image_survives_the_cache() -> None:
    linked = link([compiled("@p = global ptr @f\ndefine i64 @f() { ret i64 11 }")], ["f"])
    copy = Image.from_bytes(linked.image.to_bytes())
    assert copy == linked.image
    assert call(load_image(copy), "f") == 11


def test_text_offsets_are_the_beginnings_of_each_objects_code() -> None:
    objects = [compiled(f"define i64 @f{n}() {{ ret i64 {n} }}") for n in range(3)]
    linked = link(objects, ["f0", "f1", "f2"])
    assert list(linked.text_offsets) == [linked.image.symbols[f"f{n}"] for n in range(3)]
    assert link([compiled("@x = global i64 1")], []).text_offsets in ((-1,), (0,))


def test_a_given_symbol_is_where_it_is_said_to_be_outside_of_the_image() -> None:
    code = """
define i64 @f() {
  %a = call i64 asm "leaq outside(%rip), $0", "=r"()
  %b = ptrtoint ptr @f to i64
  %r = sub i64 %b, %a
  ret i64 %r
}
"""
    linked = link([compiled(code)], ["f"], {"outside": -48})
    loaded = load_image(linked.image)
    assert call(loaded, "f") == linked.image.symbols["f"] + 48


def test_the_address_of_a_given_symbol_below_the_image_cannot_be_stored() -> None:
    code = "@outside = external global i8\n@p = global ptr @outside\ndefine ptr @f() { %r = load ptr, ptr @p  ret ptr %r }"
    with pytest.raises(LinkFailure, match="the address of what lies 48 bytes below the image"):
        link([compiled(code)], ["f"], {"outside": -48})


def test_reserved_bytes_are_zero_and_end_the_constants() -> None:
    image = link([compiled("@x = global i64 9\ndefine i64 @f() { %r = load i64, ptr @x  ret i64 %r }")], ["f"], reserved_bytes=5000).image
    assert not any(image.contents[image.fixed_bytes - 5000 : image.fixed_bytes])
    assert call(load_image(image), "f") == 9


def test_code_for_any_processor_of_the_level_has_no_wider_registers_and_a_key_of_its_own() -> None:
    text = """
define void @f(ptr noalias %a, ptr noalias %b) "prefer-vector-width"="512" "min-legal-vector-width"="512" {
  %x = load <16 x float>, ptr %a
  %y = load <16 x float>, ptr %b
  %s = fadd <16 x float> %x, %y
  store <16 x float> %s, ptr %a
  ret void
}
"""
    portable = Unit("test", text, 2, Processor.X86_64_V3)
    code = assembly_text(portable)
    assert "%ymm" in code
    assert "%zmm" not in code
    assert object_key(portable) != object_key(Unit("test", text))


FRAGMENTED = """
import ctypes, mmap
from tricolor.llvm.compile import Unit, compile_object
from tricolor.llvm.link import load_objects

text = "@counter = global i64 41\\n@text = constant i64 1\\ndefine i64 @f() {{ %a = load volatile i64, ptr @counter  %b = load volatile i64, ptr @text  %c = add i64 %a, %b  ret i64 %c }}"
code = compile_object(Unit("test", text))
process = ctypes.CDLL(None)
process.mmap.restype = ctypes.c_void_p
taken = [process.mmap(None, ctypes.c_size_t(3 << 30), 0, mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS | 0x4000, -1, ctypes.c_long(0)) for _ in range(40)]
for start in taken:
    process.munmap(ctypes.c_void_p(start), ctypes.c_size_t({gap}))
loaded = load_objects([code], ["f"])
print(ctypes.CFUNCTYPE(ctypes.c_int64)(loaded.addresses["f"])())
"""


@pytest.mark.parametrize("gap", [4096, 16384])
def test_the_parts_lie_together_where_the_address_space_has_small_gaps_only(gap: int) -> None:
    made = subprocess.run([sys.executable, "-c", FRAGMENTED.format(gap=gap)], capture_output=True, text=True, check=False)
    assert (made.returncode, made.stdout) == (0, "42\n"), made.stderr
