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
