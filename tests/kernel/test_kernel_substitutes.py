"""Constants of a plain module can be replaced for a test."""

from __future__ import annotations

from kernel_native import kernel_text

from tricolor.kernel.check import check_modules
from tricolor.kernel.simulation.run import simulate

TEXT = """
from tricolor.runtime.allocator.sizes import CLAIM_ELEMS, PAGE_SHIFT

claims = const_table(u16, CLAIM_ELEMS)

@kernel
def sample() -> u64:
    return PAGE_SHIFT * 10000 + to_u64(claims[1])
"""
SUBSTITUTES = {"tricolor.runtime.allocator.sizes": "tests.runtime.tiny_sizes"}


def test_a_substitute_gives_its_constants() -> None:
    texts = {"sample": kernel_text(TEXT)}
    assert simulate(["sample"], texts=texts).call("sample") == 130512
    assert simulate(["sample"], texts=texts, substitutes=SUBSTITUTES).call("sample") == 120003


def test_a_constant_that_the_substitute_lacks_is_diagnosed() -> None:
    text = kernel_text("from tricolor.runtime.allocator.sizes import CLAIM_BYTES\n")
    assert not check_modules(["sample"], {"sample": text}).diagnostics
    assert [each.code for each in check_modules(["sample"], {"sample": text}, SUBSTITUTES).diagnostics] == ["K003"]
