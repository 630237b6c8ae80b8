"""Why a goroutine waits: the numbers of Go's waitReason. Package runtime has the same numbers in goroot/files/runtime/lock.go.

Source:
    Go 1.27.3 runtime/runtime2.go (waitReason).
"""

from __future__ import annotations

from typing import Final

REASON_NONE: Final = 0
REASON_IO: Final = 2
REASON_FINALIZER: Final = 10
REASON_SEMAPHORE: Final = 13
REASON_SLEEP: Final = 14
REASON_RECEIVE_NIL: Final = 15
REASON_SEND_NIL: Final = 16
REASON_SELECT_NO_CASES: Final = 17
REASON_SELECT: Final = 18
REASON_RECEIVE: Final = 19
REASON_SEND: Final = 20
REASON_COND: Final = 21
REASON_MUTEX: Final = 22
REASON_RW_READ: Final = 23
REASON_RW_WRITE: Final = 24
REASON_WAIT_GROUP: Final = 25
# The goroutine that serves timers sleeps. In Go the number stands for the trace reader, which does not exist here.
REASON_TIMERS: Final = 26
REASON_COROUTINE: Final = 38
REASON_BUBBLE_RUN: Final = 40
REASON_BUBBLE_WAIT: Final = 41
REASON_BUBBLE_RECEIVE: Final = 42
REASON_BUBBLE_SEND: Final = 43
REASON_BUBBLE_SELECT: Final = 44
REASON_BUBBLE_WAIT_GROUP: Final = 45

# Reasons for which a goroutine of a bubble waits durably: only another goroutine of the bubble, or its clock, can wake it. A bit each.
DURABLE_REASONS: Final = (
    1 << REASON_SLEEP
    | 1 << REASON_RECEIVE_NIL
    | 1 << REASON_SEND_NIL
    | 1 << REASON_SELECT_NO_CASES
    | 1 << REASON_COND
    | 1 << REASON_COROUTINE
    | 1 << REASON_BUBBLE_RUN
    | 1 << REASON_BUBBLE_WAIT
    | 1 << REASON_BUBBLE_RECEIVE
    | 1 << REASON_BUBBLE_SEND
    | 1 << REASON_BUBBLE_SELECT
    | 1 << REASON_BUBBLE_WAIT_GROUP
)
