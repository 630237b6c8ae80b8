"""Start of a Go program inside this process, on the calling thread."""

from __future__ import annotations

from typing import NoReturn

from tricolor.abi.stack_limit import THREAD_LIMIT_OFFSET
from tricolor.kernel.lang import (
    addr,
    export,
    field_address,
    function_address,
    global_value,
    go_function,
    goroutine,
    i32,
    to_i64,
)
from tricolor.runtime.allocation_trace import install_trace
from tricolor.runtime.allocator.mcentral import init_layouts
from tricolor.runtime.collector.environment import read_environment
from tricolor.runtime.collector.roots import stack_scanner
from tricolor.runtime.profiles import install_profiles
from tricolor.runtime.records.machine import machine
from tricolor.runtime.records.process import init_scheduler, scheduler
from tricolor.runtime.scheduler.context import enter_scheduler, thread_pointer
from tricolor.runtime.scheduler.faults import fault_handler
from tricolor.runtime.scheduler.goroutines import create, schedule
from tricolor.runtime.scheduler.run_queue import make_ready
from tricolor.runtime.scheduler.scan import scan_stacks
from tricolor.runtime.scheduler.signals import install_signals


@go_function("runtime.main")
def go_main() -> None: ...


_main_closure = global_value(addr)


@goroutine("tricolor.main_goroutine")
def main_goroutine(closure: addr) -> None:
    """Code of the first goroutine's closure."""
    go_main()


@export("tricolor.run_main")
def run_main() -> NoReturn:
    """Makes the first goroutine and runs goroutines; on the system stack."""
    _main_closure.value = function_address(main_goroutine)
    make_ready(create(field_address(_main_closure), False))
    schedule()


@export("tricolor.start")
def start(argc: i32, argv: addr, envp: addr) -> i32:
    """Runs the program on the calling thread; gives its exit status. Once in a process."""
    scheduler.argc = to_i64(argc)
    scheduler.argv = argv
    scheduler.envp = envp
    init_scheduler()
    machine.limit_address = thread_pointer() + THREAD_LIMIT_OFFSET
    init_layouts()
    read_environment(envp)
    install_trace()
    install_profiles()
    stack_scanner.value = function_address(scan_stacks)
    install_signals(function_address(fault_handler))
    return enter_scheduler(function_address(run_main))
