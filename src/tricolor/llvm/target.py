"""The machines that programs are compiled for: this one, or any of the level x86-64-v3."""

from __future__ import annotations

import hashlib
from enum import Enum
from functools import cache
from typing import final

import llvmlite.binding as llvm

_ONE_SECTION = "--profile-guided-section-prefix=false"


@final
class Processor(Enum):
    """The instructions that code may use: all that this machine's processor has, or those of the level x86-64-v3 (AVX2, BMI, FMA)."""

    THIS = "this"
    X86_64_V3 = "x86-64-v3"


@cache
def initialize() -> None:
    """Make LLVM's native target usable in this process (inline assembly needs the assembly parser)."""
    llvm.initialize_native_target()
    llvm.initialize_native_asmprinter()
    llvm.initialize_native_asmparser()
    # Cold functions would go to a section of their own, .text.unlikely, which the line tables do not cover.
    llvm.set_option("tricolor", _ONE_SECTION)


def target_machine(level: int = 2, processor: Processor = Processor.THIS) -> llvm.TargetMachine:
    """The machine that the program will run on; ``small`` with PIC gives direct calls."""
    initialize()
    cpu, features = _cpu_and_features(processor)
    target = llvm.Target.from_default_triple()
    return target.create_target_machine(cpu=cpu, features=features, opt=level, reloc="pic", codemodel="small", jit=True)


def target_description(processor: Processor = Processor.THIS) -> str:
    """Identifies the target and LLVM's version: part of an object's cache key."""
    version = ".".join(map(str, llvm.llvm_version_info))
    cpu, features = _cpu_and_features(processor)
    digest = hashlib.sha256(features.encode()).hexdigest()[:16]
    return f"layout 1 llvm {version} {llvm.get_default_triple()} {cpu} {digest} {_ONE_SECTION}"


@cache
def _cpu_and_features(processor: Processor) -> tuple[str, str]:
    if processor is Processor.THIS:
        return llvm.get_host_cpu_name(), llvm.get_host_cpu_features().flatten()
    return processor.value, ""
