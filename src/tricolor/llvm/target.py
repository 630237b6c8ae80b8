"""The machine that programs are compiled for: this one."""

from __future__ import annotations

import hashlib
from functools import cache

import llvmlite.binding as llvm

_ONE_SECTION = "--profile-guided-section-prefix=false"


@cache
def initialize() -> None:
    """Make LLVM's native target usable in this process (inline assembly needs the assembly parser)."""
    llvm.initialize_native_target()
    llvm.initialize_native_asmprinter()
    llvm.initialize_native_asmparser()
    # Cold functions would go to a section of their own, .text.unlikely, which the line tables do not cover.
    llvm.set_option("tricolor", _ONE_SECTION)


def target_machine(level: int = 2) -> llvm.TargetMachine:
    """The machine that the program will run on; ``small`` with PIC gives direct calls."""
    initialize()
    target = llvm.Target.from_default_triple()
    return target.create_target_machine(
        cpu=llvm.get_host_cpu_name(),
        features=llvm.get_host_cpu_features().flatten(),
        opt=level,
        reloc="pic",
        codemodel="small",
        jit=True,
    )


def target_description() -> str:
    """Everything about target and LLVM that decides the bytes of an object."""
    version = ".".join(map(str, llvm.llvm_version_info))
    return f"layout 1 llvm {version} {llvm.get_default_triple()} {llvm.get_host_cpu_name()} {_features_digest()} {_ONE_SECTION}"


@cache
def _features_digest() -> str:
    return hashlib.sha256(llvm.get_host_cpu_features().flatten().encode()).hexdigest()[:16]
