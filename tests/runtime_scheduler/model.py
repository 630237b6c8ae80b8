"""What channels, sleeping and waiting should do: a model of one step at a time.

Each operation of a goroutine either completes at once, or blocks it until another goroutine's operation, or time, wakes it.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from typing import TypeAlias, final

SEND_CLOSED = "send on closed channel"
CLOSE_CLOSED = "close of closed channel"
CLOSE_NIL = "close of nil channel"


@final
@dataclass(frozen=True, slots=True)
class Completed:
    """An operation has ended: the select case that was chosen (-1: none), and what a receive gave."""

    case: int = 0
    value: int = 0
    ok: bool = False


@final
@dataclass(frozen=True, slots=True)
class Panics:
    """An operation has panicked."""

    text: str


Outcome: TypeAlias = Completed | Panics


@final
@dataclass(slots=True)
class Wait:
    """A goroutine that is blocked in one or more queues; over as soon as one of them has served it."""

    goroutine: int
    over: bool = False


@final
@dataclass(slots=True)
class Waiter:
    """A place in a queue."""

    wait: Wait
    value: int
    case: int


@final
@dataclass(slots=True, eq=False)
class Channel:
    """A channel: ``address`` is that of the real one."""

    address: int
    capacity: int
    elem_bytes: int
    values: deque[int] = field(default_factory=deque[int])
    senders: list[Waiter] = field(default_factory=list[Waiter])
    receivers: list[Waiter] = field(default_factory=list[Waiter])
    closed: bool = False


@final
@dataclass(frozen=True, slots=True)
class Case:
    """One operation on a channel (None: nil). ``value`` is what a send sends, None for a receive."""

    channel: Channel | None
    value: int | None


@final
@dataclass(frozen=True, slots=True)
class Sleep:
    """A goroutine sleeps."""

    from_ns: int
    until_ns: int


def _waiting(queue: list[Waiter]) -> list[Waiter]:
    """A queue without those that another queue has served."""
    queue[:] = [each for each in queue if not each.wait.over]
    return queue


@final
@dataclass(slots=True)
class Model:
    """Goroutines by number: why they are blocked, until when they sleep, and the outcomes of those that were woken."""

    alive: set[int] = field(default_factory=set[int])
    blocked: dict[int, str] = field(default_factory=dict[int, str])
    """By goroutine: the words of its trace."""
    sleeping: dict[int, Sleep] = field(default_factory=dict[int, Sleep])
    woken: dict[int, Outcome] = field(default_factory=dict[int, Outcome])

    def can_run(self) -> set[int]:
        """The goroutines that can run."""
        return self.alive - self.blocked.keys() - self.sleeping.keys()

    def wake(self, goroutine: int, outcome: Outcome) -> None:
        """A goroutine that is blocked or sleeps can run."""
        assert goroutine in self.blocked or goroutine in self.sleeping
        self.blocked.pop(goroutine, None)
        self.sleeping.pop(goroutine, None)
        assert goroutine not in self.woken
        self.woken[goroutine] = outcome

    def _serve(self, queue: list[Waiter], value: int, ok: bool) -> Waiter | None:
        waiting = _waiting(queue)
        if not waiting:
            return None
        waiter = waiting.pop(0)
        waiter.wait.over = True
        self.wake(waiter.wait.goroutine, Completed(waiter.case, value, ok))
        return waiter

    # --- Channels ---------------------------------------------------------------------------------

    def is_ready(self, case: Case) -> bool:
        """Whether an operation would complete at once."""
        channel = case.channel
        if channel is None:
            return False
        if case.value is None:
            return bool(channel.values) or bool(_waiting(channel.senders)) or channel.closed
        return len(channel.values) < channel.capacity or bool(_waiting(channel.receivers)) or channel.closed

    def complete(self, case: Case, index: int) -> Outcome:
        """Does a ready operation."""
        assert self.is_ready(case), "an operation went on that should have blocked"
        channel = case.channel
        assert channel is not None
        if case.value is not None:
            if channel.closed:
                return Panics(SEND_CLOSED)
            if self._serve(channel.receivers, case.value, ok=True) is None:
                channel.values.append(case.value)
            return Completed(index)
        if channel.values:
            value = channel.values.popleft()
            sender = self._serve(channel.senders, 0, ok=False)
            if sender is not None:
                channel.values.append(sender.value)
            return Completed(index, value, ok=True)
        sender = self._serve(channel.senders, 0, ok=False)
        if sender is not None:
            return Completed(index, sender.value, ok=True)
        return Completed(index)

    def block(self, goroutine: int, cases: list[Case], words: str) -> None:
        """The goroutine waits for the first of the cases."""
        assert not any(self.is_ready(case) for case in cases), "an operation blocked that should have gone on"
        wait = Wait(goroutine)
        for index, case in enumerate(cases):
            if case.channel is not None:
                queue = case.channel.receivers if case.value is None else case.channel.senders
                queue.append(Waiter(wait, case.value or 0, index))
        self.blocked[goroutine] = words

    def close(self, channel: Channel | None) -> Outcome:
        """Closes a channel and wakes all who wait for it: receivers get zero, senders panic."""
        if channel is None:
            return Panics(CLOSE_NIL)
        if channel.closed:
            return Panics(CLOSE_CLOSED)
        channel.closed = True
        while self._serve(channel.receivers, 0, ok=False) is not None:
            pass
        while _waiting(channel.senders):
            waiter = channel.senders.pop(0)
            waiter.wait.over = True
            self.wake(waiter.wait.goroutine, Panics(SEND_CLOSED))
        return Completed()
