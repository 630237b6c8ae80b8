"""Channels and select."""

from __future__ import annotations

import pytest

from tests.runtime_scheduler.native import run
from tests.runtime_scheduler.program import GO, main

PRODUCER = f"""
@ch = global ptr null
@done = global ptr null
@producer = global {{ptr}} {{ptr @produce}}
define void @produce(ptr %closure) {GO} {{
entry:
  %v = alloca i64
  %c = load ptr, ptr @ch
  br label %loop
loop:
  %i = phi i64 [0, %entry], [%j, %loop]
  store i64 %i, ptr %v
  call void @"runtime.chansend1"(ptr %c, ptr %v)
  %j = add i64 %i, 1
  %end = icmp eq i64 %j, 1000
  br i1 %end, label %out, label %loop
out:
  call void @"runtime.closechan"(ptr %c)
  ret void
}}
"""


@pytest.mark.parametrize("capacity", [0, 1, 7, 2000])
def test_values_arrive_in_order_and_close_ends_them(capacity: int) -> None:
    body = f"""
  %v = alloca i64
  %c = call ptr @"runtime.makechan"(ptr @chanofu64, i64 {capacity})
  store ptr %c, ptr @ch
  call void @"runtime.newproc"(ptr @producer)
  br label %loop
loop:
  %i = phi i64 [0, %entry], [%j, %same]
  %ok = call i1 @"runtime.chanrecv2"(ptr %c, ptr %v)
  br i1 %ok, label %same, label %out
same:
  %x = load i64, ptr %v
  %eq = icmp eq i64 %x, %i
  call void @expect(i1 %eq, i32 3)
  %j = add i64 %i, 1
  br label %loop
out:
  %all = icmp eq i64 %i, 1000
  call void @expect(i1 %all, i32 4)
  %last = load i64, ptr %v
  %zero = icmp eq i64 %last, 0
  call void @expect(i1 %zero, i32 5)
"""
    assert run(main(body, PRODUCER)).status == 0


def test_elements_with_pointers_survive_collections() -> None:
    rest = f"""
@ch = global ptr null
@producer = global {{ptr}} {{ptr @produce}}
define void @produce(ptr %closure) {GO} {{
entry:
  %v = alloca ptr
  %c = load ptr, ptr @ch
  br label %loop
loop:
  %i = phi i64 [0, %entry], [%j, %loop]
  %p = call ptr @"runtime.newobject"(ptr @u64type)
  store i64 %i, ptr %p
  store ptr %p, ptr %v
  call void @"runtime.chansend1"(ptr %c, ptr %v)
  %j = add i64 %i, 1
  br label %loop
}}
"""
    body = """
  %v = alloca ptr
  %c = call ptr @"runtime.makechan"(ptr @chanofptr, i64 5)
  store ptr %c, ptr @ch
  call void @"runtime.newproc"(ptr @producer)
  br label %loop
loop:
  %i = phi i64 [0, %entry], [%j, %loop]
  call void @"runtime.gccollect"()
  %garbage = call ptr @"runtime.newobject"(ptr @u64type)
  store i64 12345, ptr %garbage
  call void @"runtime.chanrecv1"(ptr %c, ptr %v)
  %p = load ptr, ptr %v
  %x = load i64, ptr %p
  %eq = icmp eq i64 %x, %i
  call void @expect(i1 %eq, i32 3)
  %j = add i64 %i, 1
  %end = icmp eq i64 %j, 300
  br i1 %end, label %out, label %loop
out:
"""
    assert run(main(body, rest)).status == 0


SELECT = f"""
@a = global ptr null
@b = global ptr null
@toa = global {{ptr, ptr}} {{ptr @produce, ptr @a}}
@tob = global {{ptr, ptr}} {{ptr @produce, ptr @b}}
define void @produce(ptr %closure) {GO} {{
entry:
  %v = alloca i64
  store i64 1, ptr %v
  %p = getelementptr i8, ptr %closure, i64 8
  %place = load ptr, ptr %p
  %c = load ptr, ptr %place
  br label %loop
loop:
  call void @"runtime.chansend1"(ptr %c, ptr %v)
  br label %loop
}}
"""


def test_select_waits_for_several_and_chooses_fairly() -> None:
    body = """
  %cases = alloca [2 x {ptr, ptr}]
  %order = alloca [4 x i16]
  %v = alloca i64
  %counts = alloca [2 x i64]
  store [2 x i64] zeroinitializer, ptr %counts
  %x = call ptr @"runtime.makechan"(ptr @chanofu64, i64 0)
  store ptr %x, ptr @a
  %y = call ptr @"runtime.makechan"(ptr @chanofu64, i64 0)
  store ptr %y, ptr @b
  call void @"runtime.newproc"(ptr @toa)
  call void @"runtime.newproc"(ptr @tob)
  br label %loop
loop:
  %i = phi i64 [0, %entry], [%j, %loop]
  store ptr %x, ptr %cases
  %e0 = getelementptr i8, ptr %cases, i64 8
  store ptr %v, ptr %e0
  %c1 = getelementptr i8, ptr %cases, i64 16
  store ptr %y, ptr %c1
  %e1 = getelementptr i8, ptr %cases, i64 24
  store ptr %v, ptr %e1
  %r = call {i64, i1} @"runtime.selectgo"(ptr %cases, ptr %order, i64 0, i64 2, i1 true)
  %index = extractvalue {i64, i1} %r, 0
  %ok = extractvalue {i64, i1} %r, 1
  call void @expect(i1 %ok, i32 3)
  %place = getelementptr i64, ptr %counts, i64 %index
  %n = load i64, ptr %place
  %n1 = add i64 %n, 1
  store i64 %n1, ptr %place
  call void @"runtime.gosched"()
  %j = add i64 %i, 1
  %end = icmp eq i64 %j, 2000
  br i1 %end, label %out, label %loop
out:
  %first = load i64, ptr %counts
  %low = icmp ugt i64 %first, 800
  call void @expect(i1 %low, i32 4)
  %high = icmp ult i64 %first, 1200
  call void @expect(i1 %high, i32 5)
"""
    assert run(main(body, SELECT)).status == 0


def test_operations_that_would_wait_are_refused_without_blocking() -> None:
    body = """
  %v = alloca i64
  store i64 5, ptr %v
  %c = call ptr @"runtime.makechan"(ptr @chanofu64, i64 1)
  %s1 = call i1 @"runtime.selectnbsend"(ptr %c, ptr %v)
  call void @expect(i1 %s1, i32 3)
  %s2 = call i1 @"runtime.selectnbsend"(ptr %c, ptr %v)
  %full = xor i1 %s2, true
  call void @expect(i1 %full, i32 4)
  %r1 = call {i1, i1} @"runtime.selectnbrecv"(ptr %v, ptr %c)
  %got = extractvalue {i1, i1} %r1, 0
  call void @expect(i1 %got, i32 5)
  %r2 = call {i1, i1} @"runtime.selectnbrecv"(ptr %v, ptr %c)
  %none = extractvalue {i1, i1} %r2, 0
  %empty = xor i1 %none, true
  call void @expect(i1 %empty, i32 6)
"""
    assert run(main(body)).status == 0


@pytest.mark.parametrize(
    ("operation", "text"),
    [
        ('call void @"runtime.closechan"(ptr null)', "close of nil channel"),
        ('call void @"runtime.closechan"(ptr %c)', "close of closed channel"),
        ('call void @"runtime.chansend1"(ptr %c, ptr %v)', "send on closed channel"),
        ('%n = call ptr @"runtime.makechan"(ptr @chanofu64, i64 -1)', "makechan: size out of range"),
    ],
)
def test_misuse_panics(operation: str, text: str) -> None:
    body = f"""
  %v = alloca i64
  %c = call ptr @"runtime.makechan"(ptr @chanofu64, i64 1)
  call void @"runtime.closechan"(ptr %c)
  {operation}
"""
    done = run(main(body))
    assert done.status == 99
    assert done.output == text
