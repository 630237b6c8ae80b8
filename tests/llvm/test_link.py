"""Objects are linked into an image, and the image is loaded."""

from __future__ import annotations

import ctypes

import pytest

from tricolor.llvm.compile import Unit, compile_object
from tricolor.llvm.image import Image, Loaded, load_image
from tricolor.llvm.link import LinkFailure, link, load_objects


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
