"""Starts threads, and says where a thread keeps its stack limit."""

from __future__ import annotations

from tricolor.kernel.lang import Struct, addr, field_address, i32, kernel, libc, stack_struct, u64


class Thread(Struct):
    """pthread_t of libc."""

    value: u64


@libc
def pthread_create(thread: addr, attributes: addr, function: addr, argument: addr) -> i32: ...


@libc
def pthread_self() -> u64: ...


@libc
def pthread_detach(thread: u64) -> i32: ...


@kernel
def start_thread(function: addr, argument: addr) -> i32:
    """Starts a thread that calls the function, and that nobody waits for; gives 0, or an error number."""
    thread = stack_struct(Thread)
    error = pthread_create(field_address(thread.value), 0, function, argument)
    if error == 0:
        pthread_detach(thread.value)
    return error
