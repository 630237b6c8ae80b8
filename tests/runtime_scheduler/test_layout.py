"""The offsets that machine code uses are those of the structs."""

from __future__ import annotations

from tricolor.kernel.check import checked_program

EXPECTED = {
    "Machine": {
        "system_stack": 0,
        "goroutine_sp": 8,
        "goroutine_fp": 16,
        "system_limit": 24,
        "goroutine_limit": 32,
        "g": 40,
        "exit_sp": 48,
        "exit_limit": 56,
        "system_base": 64,
    },
    "G": {"sp": 0, "segment": 8, "morestack_fp": 16, "words": 40},
    "Segment": {"limit": 0, "top": 8, "previous": 16, "next": 24, "previous_fp": 32, "usable_bytes": 40},
}


def test_structs_have_the_offsets_that_machine_code_uses() -> None:
    program = checked_program(["tricolor.runtime.scheduler.machine"])
    structs = {each.name: each for each in program.structs}
    for name, fields in EXPECTED.items():
        found = {each.name: each.offset_bytes for each in structs[name].fields}
        assert {field: found[field] for field in fields} == fields
