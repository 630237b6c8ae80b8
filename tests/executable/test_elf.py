"""Executables of a few lines of LLVM, which stand for the runtime: what the file holds, and how Linux runs it."""

from __future__ import annotations

import signal
import subprocess
from pathlib import Path
from typing import Any

import pytest
from elftools.elf.elffile import ELFFile

from tricolor.base.progress import Progress
from tricolor.cache.programs import Form
from tricolor.executable.elf import DYNAMIC_BYTES, IMAGE_ADDRESS, elf_executable
from tricolor.executable.start_code import ENTRY, SYMBOL_TABLE, start_unit
from tricolor.llvm.compile import Unit, compile_object
from tricolor.llvm.link import LinkFailure, link
from tricolor.llvm.target import Processor
from tricolor.pipeline import CompileRequest, Faults, analyse_program, emit_units, load_typed

TABLE = b"what the symbol table is to a program...16 bytes"
RUNTIME = """
@seen = global ptr null
@twice = global [2 x ptr] [ptr @seen, ptr @room]
@room = global [5000 x i64] zeroinitializer
@fixed = constant [1000 x i64] zeroinitializer
declare i64 @write(i32, ptr, i64)
define internal void @helper(ptr %table) noinline { store volatile ptr %table, ptr @seen  ret void }
define void @"tricolor.set_symbols"(ptr %table) { call void @helper(ptr %table)  ret void }
define i32 @"tricolor.start"(i32 %argc, ptr %argv, ptr %envp) {
  BODY
}
"""


def executable(body: str, table: bytes = TABLE) -> bytes:
    objects = [compile_object(Unit("runtime", RUNTIME.replace("BODY", body), 1)), compile_object(start_unit())]
    return elf_executable(link(objects, [ENTRY], {SYMBOL_TABLE: -len(table)}, DYNAMIC_BYTES), ENTRY, table)


@pytest.fixture
def elf(tmp_path: Path) -> Any:
    (tmp_path / "program").write_bytes(executable("ret i32 0"))
    return ELFFile((tmp_path / "program").open("rb"))


def run(tmp_path: Path, body: str, *arguments: str, environment: dict[str, str] | None = None) -> subprocess.CompletedProcess[bytes]:
    path = tmp_path / "program"
    path.write_bytes(executable(body))
    path.chmod(0o755)
    return subprocess.run([path, *arguments], capture_output=True, check=False, timeout=20, env=environment or {})


def test_what_the_program_returns_is_the_exit_status(tmp_path: Path) -> None:
    assert run(tmp_path, "ret i32 %argc", "a", "b").returncode == 3


def test_arguments_and_environment_are_those_of_the_process(tmp_path: Path) -> None:
    body = """
  %a = getelementptr ptr, ptr %argv, i64 1
  %argument = load ptr, ptr %a
  call i64 @write(i32 1, ptr %argument, i64 5)
  %variable = load ptr, ptr %envp
  call i64 @write(i32 1, ptr %variable, i64 7)
  ret i32 0"""
    assert run(tmp_path, body, "hello", environment={"NAME": "it"}).stdout == b"helloNAME=it"


def test_the_runtime_is_given_what_lies_before_the_image(tmp_path: Path) -> None:
    body = f"""
  %table = load ptr, ptr @seen
  call i64 @write(i32 1, ptr %table, i64 {len(TABLE)})
  ret i32 0"""
    assert run(tmp_path, body).stdout == TABLE


def test_variables_are_zero_and_addresses_in_data_are_absolute(tmp_path: Path) -> None:
    body = """
  %last = getelementptr i64, ptr @room, i64 4999
  %zero = load volatile i64, ptr %last
  store volatile i64 5, ptr %last
  %p = getelementptr ptr, ptr @twice, i64 1
  %room = load volatile ptr, ptr %p
  %same = icmp eq ptr %room, @room
  %one = zext i1 %same to i64
  %again = getelementptr i64, ptr %room, i64 4999
  %five = load volatile i64, ptr %again
  %sum = add i64 %one, %five
  %all = add i64 %sum, %zero
  %status = trunc i64 %all to i32
  ret i32 %status"""
    assert run(tmp_path, body).returncode == 6


@pytest.mark.parametrize("where", ["@fixed", '@"tricolor.start"', "%table"])
def test_code_constants_and_symbols_cannot_be_written(tmp_path: Path, where: str) -> None:
    done = run(tmp_path, f"%table = load ptr, ptr @seen  store volatile i64 1, ptr {where}  ret i32 0")
    assert done.returncode == -signal.SIGSEGV


def test_data_is_not_executed(tmp_path: Path) -> None:
    # 0xC3 is a return.
    body = (
        "store volatile i64 195, ptr @room  %f = load volatile ptr, ptr getelementptr (ptr, ptr @twice, i64 1)  call void %f()  ret i32 0"
    )
    assert run(tmp_path, body).returncode == -signal.SIGSEGV


def test_the_stack_is_aligned_as_the_abi_says(tmp_path: Path) -> None:
    body = """
  %spot = alloca <4 x i64>, align 32
  store volatile <4 x i64> <i64 1, i64 2, i64 3, i64 4>, ptr %spot, align 32
  %frame = call ptr @llvm.frameaddress(i32 0)
  %bits = ptrtoint ptr %frame to i64
  %rest = and i64 %bits, 15
  %status = trunc i64 %rest to i32
  ret i32 %status
}
declare ptr @llvm.frameaddress(i32)
define void @unused() {
  ret void"""
    assert run(tmp_path, body).returncode == 0


def test_only_libc_is_needed_and_bound_at_once_without_versions(elf: Any) -> None:
    dynamic = elf.get_section_by_name(".dynamic")
    tags = {tag.entry.d_tag: tag.entry.d_val for tag in dynamic.iter_tags()}
    assert [tag.needed for tag in dynamic.iter_tags("DT_NEEDED")] == ["libc.so.6", "libpthread.so.0"]
    assert (tags["DT_FLAGS"], tags["DT_FLAGS_1"]) == (8, 1)
    assert not {"DT_VERSYM", "DT_VERNEED", "DT_JMPREL"} & tags.keys()


def test_no_part_is_writable_and_executable_and_none_shares_a_page(elf: Any) -> None:
    loads = [segment for segment in elf.iter_segments() if segment["p_type"] == "PT_LOAD"]
    assert [load["p_flags"] for load in loads] == [4, 5, 4, 6]
    ends = [load["p_vaddr"] + load["p_memsz"] for load in loads]
    for end, load in zip(ends, loads[1:], strict=False):
        assert end <= load["p_vaddr"]
        assert load["p_vaddr"] % 4096 == load["p_offset"] % 4096 == 0
    (relro,) = [segment for segment in elf.iter_segments() if segment["p_type"] == "PT_GNU_RELRO"]
    (stack,) = [segment for segment in elf.iter_segments() if segment["p_type"] == "PT_GNU_STACK"]
    assert relro["p_vaddr"] == loads[3]["p_vaddr"]
    assert stack["p_flags"] == 6


def test_zeros_are_not_in_the_file() -> None:
    assert len(executable("ret i32 0")) < 5000 * 8


def test_functions_and_variables_are_named_for_debuggers(elf: Any) -> None:
    table = elf.get_section_by_name(".symtab")
    names = [section.name for section in elf.iter_sections()]
    symbols = {s.name: (s["st_info"]["bind"], s["st_info"]["type"], names[s["st_shndx"]]) for s in table.iter_symbols() if s.name}
    assert symbols["tricolor.start"] == ("STB_GLOBAL", "STT_FUNC", ".text")
    assert symbols["helper"] == ("STB_LOCAL", "STT_FUNC", ".text")
    assert symbols["room"] == ("STB_GLOBAL", "STT_OBJECT", ".bss")
    assert symbols["fixed"] == ("STB_GLOBAL", "STT_OBJECT", ".rodata")
    entry = table.get_symbol_by_name(ENTRY)
    assert entry[0]["st_value"] == elf["e_entry"] >= IMAGE_ADDRESS
    first_global = next(i for i, s in enumerate(table.iter_symbols()) if s["st_info"]["bind"] == "STB_GLOBAL")
    assert table["sh_info"] == first_global


def test_a_processor_of_too_low_a_level_is_refused_by_the_loader(tmp_path: Path) -> None:
    data = bytearray(executable("ret i32 0"))
    at = data.index(b"GNU\0\x02\x80\x00\xc0") + 12
    assert data[at] == 0b111
    # A level that no processor has.
    data[at] |= 0x40
    (tmp_path / "program").write_bytes(data)
    (tmp_path / "program").chmod(0o755)
    done = subprocess.run([tmp_path / "program"], capture_output=True, text=True, check=False, timeout=20)
    assert done.returncode == 127
    assert "CPU ISA level is lower than required" in done.stderr


def test_a_function_outside_of_libc_is_refused() -> None:
    # Python's own process has it.
    code = "call void @Py_Initialize()  ret i32 0\n}\ndeclare void @Py_Initialize()\ndefine void @unused() {\n  ret void"
    with pytest.raises(LinkFailure, match="Py_Initialize"):
        executable(code)


def test_a_function_whose_oldest_version_is_another_one_is_refused() -> None:
    code = (
        "call i32 @pthread_cond_signal(ptr @room)  ret i32 0\n}\ndeclare i32 @pthread_cond_signal(ptr)\ndefine void @unused() {\n  ret void"
    )
    with pytest.raises(LinkFailure, match="oldest version of pthread_cond_signal"):
        executable(code)


def test_all_modules_of_an_executable_are_compiled_for_any_processor_of_the_level(tmp_path: Path) -> None:
    (tmp_path / "p.go").write_text("package main\n\nfunc main() { println(1) }\n")
    progress = Progress()
    for form, processors in ((Form.EXECUTABLE, {Processor.X86_64_V3}), (Form.IMAGE, {Processor.THIS})):
        request = CompileRequest(("p.go",), tmp_path, form=form)
        typed = load_typed(request, progress)
        assert not isinstance(typed, Faults)
        analysed = analyse_program(request, typed, progress)
        assert not isinstance(analysed, Faults)
        units, _ = emit_units(request, analysed, progress)
        assert {unit.processor for unit in units} == processors
        assert ("start" in {unit.name for unit in units}) == (form is Form.EXECUTABLE)
