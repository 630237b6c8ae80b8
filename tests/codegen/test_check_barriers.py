"""Each marked store is followed by its write barrier, and emitters that do it wrongly are noticed."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest

from tests.codegen.test_check_stores import STORES, emitted_text
from tricolor.base.errors import CompilerBug
from tricolor.codegen.check_barriers import find_missing_barriers
from tricolor.codegen.check_stores import check_stores

SINGLE = ["one pointer", "a struct", "append of elements", "an atomic store", "an atomic swap", "a compare-and-swap"]
BULK = ["an array", "zero of an array", "append of a slice", "copy", "clear", "a result in a new object"]

FLAG = r'  (?P<flag>%\S+) = load volatile i32, ptr @"tricolor\.marking", align 4\n'
TEST = FLAG + r"  (?P<off>%\S+) = icmp eq i32 (?P=flag), 0\n"
CALL = r'(call preserve_mostcc void @"tricolor\.barrier"\(ptr )(\S+)(, ptr )(.+)(\) #95)'
LOAD = r"(  %\S+ = load atomic volatile ptr, .*\n)"
STORE = r"(  store atomic volatile ptr .*\n|  %\S+ = (?:atomicrmw|cmpxchg) .*\n)"
MORE = r"((?:  (?:store|%\S+ = getelementptr) .*\n)*)"
SHADE = r'  call void @"tricolor\.shade_elements"\(.*\n'
MOVE = r"(  call void @llvm\.mem(?:move|set).*!barrier !\{\}\n)"
FENCE = r'  fence syncscope\("singlethread"\) seq_cst\n'


def missing(text: str) -> int:
    return len(list(find_missing_barriers(text)))


def replaced(pattern: str, by: str | Callable[[re.Match[str]], str]) -> Callable[[str], str]:
    return lambda text: re.sub(pattern, by, text)


def hoisted(text: str) -> str:
    """The flag is loaded once, at entry."""
    once = re.sub(FLAG, "", text)
    once = re.sub(r"icmp eq i32 %t\d+, 0\n", "icmp eq i32 %flag, 0\n", once)
    return once.replace("entry:\n", 'entry:\n  %flag = load volatile i32, ptr @"tricolor.marking", align 4\n', 1)


SINGLE_MUTANTS: dict[str, Callable[[str], str]] = {
    "without the old pointer": replaced(CALL, r"\1%other\3\4\5"),
    "without the new pointer": replaced(CALL, r"\1\2\3%other\5"),
    "with old and new exchanged": replaced(CALL, r"\1\4\3\2\5"),
    "without a call": replaced(rf"  {CALL}\n", ""),
    "with a test before the store": replaced(rf"{STORE}{MORE}({TEST})", r"\3\1\2"),
    "with the flag loaded before the store": replaced(rf"{STORE}{MORE}({FLAG})", r"\3\1\2"),
    "with the flag hoisted": hoisted,
    "with a test of something else": replaced(
        TEST, r'  \1 = load volatile i32, ptr @"tricolor.marking", align 4\n  \2 = icmp eq i32 %n, 0\n'
    ),
    "without a test": replaced(r"br i1 (%\S+), label %(stored\d+), label %marking\d+, !prof !1000", r"br label %\2"),
    "with the branches exchanged": replaced(r"label %(stored\d+), label %(marking\d+)", r"label %\2, label %\1"),
    "with a call between store and test": replaced(rf"{STORE}{MORE}({FLAG})", r'\1\2  call void @"main.g"()\n\3'),
    "with a store that is not volatile": replaced(r"(store atomic|atomicrmw|cmpxchg) volatile", r"\1"),
}


@pytest.mark.parametrize("mutant", SINGLE_MUTANTS)
@pytest.mark.parametrize("what", SINGLE)
def test_a_single_store_with_a_wrong_barrier_is_noticed(what: str, mutant: str) -> None:
    text = emitted_text(*STORES[what])
    assert missing(text) == 0
    changed = SINGLE_MUTANTS[mutant](text)
    if changed == text:
        assert (what, mutant) == ("a compare-and-swap", "with old and new exchanged"), "the mutant changes the text"
    assert missing(changed) > 0


def test_an_old_pointer_that_is_loaded_after_the_store_is_noticed() -> None:
    text = emitted_text(*STORES["one pointer"])
    changed = re.sub(LOAD + STORE, r"\2\1", text)
    assert changed != text
    assert missing(changed) > 0


def test_only_a_fresh_object_needs_no_old_pointer() -> None:
    """The slots of an object hold zero until the literal that allocates it has filled them."""
    fresh, shared = emitted_text(*STORES["a struct"]), emitted_text(*STORES["one pointer"])
    assert '"tricolor.barrier"(ptr null, ' in fresh
    assert missing(fresh) == 0
    assert missing(re.sub(CALL, r"\1null\3\4\5", re.sub(LOAD, "", shared))) > 0


BULK_MUTANTS: dict[str, Callable[[str], str]] = {
    "without shading": replaced(SHADE, ""),
    "with another target": replaced(r"(shade_elements.*, ptr )\S+(, ptr \S+, i64)", r"\1%other\2"),
    "with another source": replaced(r"(shade_elements.*, ptr )\S+(, i64)", r"\1%other\2"),
    "with another size": replaced(r"(shade_elements.*, i64 )\S+(\) cold)", r"\g<1>1\2"),
    "shading after the move": replaced(rf"((?:.*\n){{2}}{SHADE}(?:.*\n){{2}}){MOVE}", r"\2\1"),
    "without a window": replaced(r'  call void @"tricolor\.(?:enter|leave)_window".*\n', ""),
    "with a window that is never closed": replaced(r'  call void @"tricolor\.leave_window".*\n', ""),
    "with a window that ends before the move": replaced(rf'{MOVE}({FENCE})(  call void @"tricolor\.leave_window".*\n)', r"\2\3\1"),
    "with a test before the window": replaced(rf'(  call void @"tricolor\.enter_window".*\n{FENCE})({FLAG})', r"\2\1"),
    "without fences": replaced(FENCE, ""),
}


@pytest.mark.parametrize("mutant", BULK_MUTANTS)
@pytest.mark.parametrize("what", BULK)
def test_a_bulk_operation_with_a_wrong_barrier_is_noticed(what: str, mutant: str) -> None:
    text = emitted_text(*STORES[what])
    assert missing(text) == 0
    changed = BULK_MUTANTS[mutant](text)
    assert changed != text
    assert missing(changed) > 0


def test_every_kind_of_store_is_one_or_the_other() -> None:
    texts = {what: emitted_text(*stores) for what, stores in STORES.items()}
    assert [what for what, text in texts.items() if '@"tricolor.barrier"(ptr %' in text or '@"tricolor.barrier"(ptr null' in text] == [
        *SINGLE,
        "a store of package atomic of the runtime",
    ]
    assert {what for what, text in texts.items() if 'call void @"tricolor.shade_elements"' in text} == set(BULK)


def test_the_fault_names_the_function() -> None:
    text = re.sub(rf"  {CALL}\n", "", emitted_text(*STORES["one pointer"]))
    with pytest.raises(CompilerBug, match=r"in main\.f: a store of a pointer lacks its write barrier"):
        check_stores(text)
