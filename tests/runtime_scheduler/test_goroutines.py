"""Goroutines: queueing, sleeping, preemption, the ends of a program."""

from __future__ import annotations

from tests.runtime_scheduler.native import run
from tests.runtime_scheduler.program import GO, main

COUNTING = f"""
@count = global i64 0
@counter = global {{ptr}} {{ptr @bump}}
define void @bump(ptr %closure) {GO} {{
  %d = call i64 @deep(i64 200)
  %c = load i64, ptr @count
  %n = add i64 %c, 1
  store i64 %n, ptr @count
  ret void
}}
"""


def test_goroutines_run_and_their_records_are_used_again() -> None:
    body = """
  br label %loop
loop:
  %i = phi i64 [0, %entry], [%j, %loop]
  call void @"runtime.newproc"(ptr @counter)
  %j = add i64 %i, 1
  %m = urem i64 %j, 1000
  %y = icmp eq i64 %m, 0
  br i1 %y, label %yield, label %next
yield:
  call void @"runtime.gosched"()
  br label %next
next:
  %end = icmp eq i64 %j, 100000
  br i1 %end, label %out, label %loop
out:
  %c = load i64, ptr @count
  %ok = icmp eq i64 %c, 100000
  call void @expect(i1 %ok, i32 3)
  %left = call i32 @"runtime.gcount"()
  %one = icmp eq i32 %left, 1
  call void @expect(i1 %one, i32 4)
""".replace("[%j, %loop]", "[%j, %next]")
    assert run(main(body, COUNTING)).status == 0


def test_sleepers_wake_in_order_of_their_times() -> None:
    rest = f"""
@order = global i64 0
@late = global {{ptr, i64}} {{ptr @sleep, i64 30}}
@early = global {{ptr, i64}} {{ptr @sleep, i64 10}}
@middle = global {{ptr, i64}} {{ptr @sleep, i64 20}}
define void @sleep(ptr %closure) {GO} {{
  %p = getelementptr i8, ptr %closure, i64 8
  %ms = load i64, ptr %p
  %ns = mul i64 %ms, 1000000
  %now = call i64 @"runtime.nanotime"()
  %when = add i64 %now, %ns
  %due = call i1 @"runtime.gosleep"(ptr null, i64 %when, i8 1)
  call void @expect(i1 %due, i32 4)
  %after = call i64 @"runtime.nanotime"()
  %ok = icmp sge i64 %after, %when
  call void @expect(i1 %ok, i32 5)
  %o = load i64, ptr @order
  %o10 = mul i64 %o, 100
  %n = add i64 %o10, %ms
  store i64 %n, ptr @order
  ret void
}}
"""
    body = """
  call void @"runtime.newproc"(ptr @late)
  call void @"runtime.newproc"(ptr @early)
  call void @"runtime.newproc"(ptr @middle)
  %now = call i64 @"runtime.nanotime"()
  %when = add i64 %now, 60000000
  %due = call i1 @"runtime.gosleep"(ptr null, i64 %when, i8 1)
  %o = load i64, ptr @order
  %ok = icmp eq i64 %o, 102030
  call void @expect(i1 %ok, i32 3)
"""
    assert run(main(body, rest)).status == 0


def test_a_busy_goroutine_is_preempted() -> None:
    rest = f"""
@stop = global i64 0
@stopper = global {{ptr}} {{ptr @halt}}
define void @halt(ptr %closure) {GO} {{
  store volatile i64 1, ptr @stop
  ret void
}}
define double @work(double %x, i64 %n) noinline {GO} {{
  call void asm sideeffect "", ""()
  %y = fadd double %x, 1.0
  %z = fsub double %y, 1.0
  %r = call i64 @deep(i64 %n)
  ret double %z
}}
"""
    body = """
  call void @"runtime.newproc"(ptr @stopper)
  br label %loop
loop:
  %i = phi i64 [0, %entry], [%j, %loop]
  %j = add i64 %i, 1
  %n = urem i64 %i, 50
  %w = call double @work(double 2.5, i64 %n)
  %ok = fcmp oeq double %w, 2.5
  call void @expect(i1 %ok, i32 3)
  %s = load volatile i64, ptr @stop
  %end = icmp eq i64 %s, 1
  br i1 %end, label %out, label %loop
out:
"""
    assert run(main(body, rest), timeout_seconds=20).status == 0


def test_a_deadlock_is_told_with_a_trace() -> None:
    done = run(main('  call void @"runtime.block"()'))
    assert done.status == 2
    assert done.error.startswith("fatal error: all goroutines are asleep - deadlock!\n\ngoroutine 1 [select (no cases)]:\n")


def test_a_fault_is_reported_and_ends_the_program() -> None:
    done = run(main("  store volatile i64 1, ptr inttoptr (i64 4096 to ptr)"))
    assert done.status == 2
    assert done.error.startswith("unexpected fault address 0x1000\nfatal error: fault\n[signal SIGSEGV: segmentation")


def test_the_exit_status_is_given_from_any_goroutine() -> None:
    rest = f"""
@closure = global {{ptr}} {{ptr @leave}}
define void @leave(ptr %closure) {GO} {{
  call void @"runtime.exit"(i32 7)
  unreachable
}}
"""
    body = """
  call void @"runtime.newproc"(ptr @closure)
  call void @"runtime.block"()
"""
    assert run(main(body, rest)).status == 7
