"""Segmented stacks: growth, arguments and results across a change of segments, the limit."""

from __future__ import annotations

from tests.runtime_scheduler.native import run
from tests.runtime_scheduler.program import GO, main


def test_recursion_a_million_deep_works() -> None:
    body = """
  %r = call i64 @deep(i64 1000000)
  %again = call i64 @deep(i64 1000000)
  %sum = add i64 %r, %again
  %ok = icmp eq i64 %sum, 2000000
  call void @expect(i1 %ok, i32 3)
"""
    assert run(main(body)).status == 0


def test_arguments_and_results_survive_a_change_of_segments() -> None:
    # Every register for arguments and results, and six words on the stack, at each of many depths.
    rest = f"""
define {{i64, i64, i64}} @many(i64 %a, i64 %b, i64 %c, i64 %d, i64 %e, i64 %f, double %x, double %y, double %z,
    double %u, double %v, double %w, double %s, double %t, i64 %g, i64 %h, i64 %i, i64 %j, i64 %k, i64 %l) noinline {GO} {{
  %room = alloca [300 x i8]
  call void asm sideeffect "", "r"(ptr %room)
  %s1 = add i64 %a, %b
  %s2 = add i64 %c, %d
  %s3 = add i64 %e, %f
  %f1 = fadd double %x, %y
  %f2 = fadd double %z, %u
  %f3 = fadd double %v, %w
  %f4 = fadd double %s, %t
  %f5 = fadd double %f1, %f2
  %f6 = fadd double %f3, %f4
  %f7 = fadd double %f5, %f6
  %fi = fptosi double %f7 to i64
  %s4 = add i64 %g, %h
  %s5 = add i64 %i, %j
  %s6 = add i64 %k, %l
  %r1 = add i64 %s1, %fi
  %r2 = add i64 %s2, %s4
  %r3p = add i64 %s5, %s6
  %r3 = add i64 %s3, %r3p
  %o1 = insertvalue {{i64, i64, i64}} poison, i64 %r1, 0
  %o2 = insertvalue {{i64, i64, i64}} %o1, i64 %r2, 1
  %o3 = insertvalue {{i64, i64, i64}} %o2, i64 %r3, 2
  ret {{i64, i64, i64}} %o3
}}
define double @half(double %x) noinline {GO} {{
  %room = alloca [700 x i8]
  call void asm sideeffect "", "r"(ptr %room)
  %h = fmul double %x, 5.0e-01
  ret double %h
}}
define i64 @descend(i64 %n) noinline {GO} {{
  %z = icmp eq i64 %n, 0
  br i1 %z, label %end, label %more
more:
  %r = call {{i64, i64, i64}} @many(i64 1, i64 2, i64 3, i64 4, i64 5, i64 6, double 1.0, double 2.0, double 3.0,
      double 4.0, double 5.0, double 6.0, double 7.0, double 8.0, i64 7, i64 8, i64 9, i64 10, i64 11, i64 12)
  %a = extractvalue {{i64, i64, i64}} %r, 0
  %b = extractvalue {{i64, i64, i64}} %r, 1
  %c = extractvalue {{i64, i64, i64}} %r, 2
  %oka = icmp eq i64 %a, 39
  call void @expect(i1 %oka, i32 11)
  %okb = icmp eq i64 %b, 22
  call void @expect(i1 %okb, i32 12)
  %okc = icmp eq i64 %c, 53
  call void @expect(i1 %okc, i32 13)
  %h = call double @half(double 9.0)
  %okh = fcmp oeq double %h, 4.5
  call void @expect(i1 %okh, i32 14)
  %m = sub i64 %n, 1
  %d = call i64 @descend(i64 %m)
  %s = add i64 %d, 1
  ret i64 %s
end:
  ret i64 0
}}
"""
    body = """
  %r = call i64 @descend(i64 3000)
  %ok = icmp eq i64 %r, 3000
  call void @expect(i1 %ok, i32 3)
"""
    assert run(main(body, rest)).status == 0


def test_a_frame_larger_than_any_segment_gets_one_of_its_own() -> None:
    rest = f"""
define i64 @large(i64 %n) noinline {GO} {{
  %room = alloca [300000 x i8]
  store volatile i8 1, ptr %room
  %z = icmp eq i64 %n, 0
  br i1 %z, label %end, label %more
more:
  %m = sub i64 %n, 1
  %r = call i64 @large(i64 %m)
  %v = load volatile i8, ptr %room
  %w = zext i8 %v to i64
  %s = add i64 %r, %w
  ret i64 %s
end:
  ret i64 0
}}
"""
    body = """
  %r = call i64 @large(i64 20)
  %ok = icmp eq i64 %r, 20
  call void @expect(i1 %ok, i32 3)
"""
    assert run(main(body, rest)).status == 0


def test_a_stack_over_the_limit_ends_the_program_as_go_does() -> None:
    done = run(main("  %r = call i64 @deep(i64 -1)"))
    assert done.status == 2
    assert done.error.startswith(
        "runtime: goroutine stack exceeds 1000000000-byte limit\nfatal error: stack overflow\n\ngoroutine 1 [running]:\n"
    )


def test_a_saved_place_can_be_resumed_from_deeper_segments() -> None:
    rest = f"""
@frame = global [128 x i8] zeroinitializer, align 16
define void @fall(i64 %n) noinline {GO} {{
  %z = icmp eq i64 %n, 0
  br i1 %z, label %end, label %more
more:
  %m = sub i64 %n, 1
  call void @fall(i64 %m)
  call void asm sideeffect "", ""()
  ret void
end:
  call void @"runtime.resume"(ptr @frame)
  unreachable
}}
define i64 @catch(i64 %n) noinline {GO} {{
  %r = call i32 @"runtime.setresume"(ptr @frame) returns_twice
  %z = icmp eq i32 %r, 0
  br i1 %z, label %first, label %second
first:
  call void @fall(i64 %n)
  ret i64 0
second:
  ret i64 1
}}
"""
    body = """
  br label %loop
loop:
  %i = phi i64 [0, %entry], [%j, %loop]
  %n = mul i64 %i, 37
  %r = call i64 @catch(i64 %n)
  %ok = icmp eq i64 %r, 1
  call void @expect(i1 %ok, i32 3)
  %d = call i64 @deep(i64 100)
  %okd = icmp eq i64 %d, 100
  call void @expect(i1 %okd, i32 4)
  %j = add i64 %i, 1
  %end = icmp eq i64 %j, 1000
  br i1 %end, label %out, label %loop
out:
"""
    assert run(main(body, rest)).status == 0
