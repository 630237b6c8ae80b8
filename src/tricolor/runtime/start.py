"""Start of a Go program inside this process, on threads of its own."""

from __future__ import annotations

from typing import NoReturn

from tricolor.kernel.lang import (
    addr,
    as_struct,
    atomic_load,
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
from tricolor.runtime.allocator.settings import settings
from tricolor.runtime.collector.environment import read_environment
from tricolor.runtime.collector.roots import stack_scanner
from tricolor.runtime.collector.scavenger import background_hook
from tricolor.runtime.collector.work import idle_waker
from tricolor.runtime.profiles import install_profiles
from tricolor.runtime.records.machine import Machine, first_machine, machine
from tricolor.runtime.records.process import init_scheduler, restarter, scheduler
from tricolor.runtime.scheduler.background import make_helpers
from tricolor.runtime.scheduler.context import enter_scheduler
from tricolor.runtime.scheduler.faults import fault_handler
from tricolor.runtime.scheduler.goroutines import create, schedule
from tricolor.runtime.scheduler.interruption import urgent_handler
from tricolor.runtime.scheduler.machines import (
    machine_begin,
    machine_start,
    processor_use,
    restart_processors,
    thread_start,
    wake_idle_processor,
)
from tricolor.runtime.scheduler.preempt import start_monitor
from tricolor.runtime.scheduler.quitting import quit_handler
from tricolor.runtime.scheduler.reasons import REASON_NONE
from tricolor.runtime.scheduler.scan import scan_stacks
from tricolor.runtime.scheduler.seeded import begin_seeded
from tricolor.runtime.scheduler.shutdown import before_leaving
from tricolor.runtime.scheduler.signals import block_signals, install_signals, program_mask, restore_mask
from tricolor.runtime.scheduler.trace_level import begin_trace_level
from tricolor.runtime.scheduler.waking import make_ready
from tricolor.runtime.settings_keys import STOP_EVERY_US
from tricolor.runtime.system.futex import sleep_while
from tricolor.runtime.system.process import open_standard_files
from tricolor.runtime.system.seed import seed


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
    make_ready(create(field_address(_main_closure), False, REASON_NONE))
    if settings[STOP_EVERY_US] != 0:
        start_monitor()
    schedule()


@export("tricolor.run_goroutines")
def run_goroutines() -> NoReturn:
    """Runs goroutines with the processor that another thread has given; on the system stack."""
    processor_use(machine.given)
    schedule()


@export("tricolor.first_thread")
def first_thread(argument: addr) -> addr:
    """The first thread that runs goroutines."""
    machine_begin(first_machine)
    init_scheduler()
    if seed.on != 0:
        begin_seeded()
    init_layouts()
    read_environment(scheduler.envp)
    install_trace()
    install_profiles()
    background_hook.value = function_address(make_helpers)
    stack_scanner.value = function_address(scan_stacks)
    idle_waker.value = function_address(wake_idle_processor)
    thread_start.value = function_address(next_thread)
    restarter.value = function_address(restart_processors)
    enter_scheduler(function_address(run_main))


@export("tricolor.next_thread")
def next_thread(argument: addr) -> addr:
    """Each of the other threads; ``argument`` is its machine."""
    machine_begin(as_struct(Machine, argument))
    enter_scheduler(function_address(run_goroutines))


@export("tricolor.start")
def start(argc: i32, argv: addr, envp: addr) -> i32:
    """Runs the program on threads of its own; gives its exit status. Once in a process.

    The calling thread takes no signals meanwhile. The program's threads stay when it has ended; they sleep.
    """
    scheduler.argc = to_i64(argc)
    scheduler.argv = argv
    scheduler.envp = envp
    open_standard_files()
    block_signals(program_mask)
    begin_trace_level()
    install_signals(function_address(fault_handler), function_address(quit_handler), function_address(urgent_handler))
    thread_start.value = function_address(first_thread)
    machine_start(first_machine)
    while atomic_load(scheduler.ended, "acquire") == 0:
        sleep_while(field_address(scheduler.ended), 0)
    before_leaving()
    restore_mask(program_mask)
    return scheduler.exit_status
