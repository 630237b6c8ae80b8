"""Pieces of hand-written LLVM text that play compiled Go code in these tests."""

from __future__ import annotations

from typing import Final

GO: Final = 'nounwind "split-stack" "frame-pointer"="all"'
"""Attributes of compiled Go functions."""

_TYPE: Final = "{i64,i64,i32,i8,i8,i8,i8,ptr,ptr,i32,i32}"

PRELUDE: Final = f"""
@"tricolor.data_roots" = global [24 x i8] zeroinitializer
@"tricolor.data_root_count" = global [8 x i8] zeroinitializer
@"tricolor.names" = global [8 x i8] zeroinitializer
@"runtime.zerobase" = global [8 x i8] zeroinitializer
@bitmap = constant [8 x i8] c"\\01\\00\\00\\00\\00\\00\\00\\00"
@u64type = global {_TYPE} {{i64 8,i64 0,i32 0,i8 0,i8 8,i8 8,i8 11,ptr null,ptr null,i32 0,i32 0}}
@ptrtype = global {_TYPE} {{i64 8,i64 8,i32 0,i8 0,i8 8,i8 8,i8 26,ptr null,ptr @bitmap,i32 0,i32 0}}
@chanofu64 = global {{{_TYPE}, ptr, i64}} {{{_TYPE}
  {{i64 8,i64 8,i32 0,i8 0,i8 8,i8 8,i8 18,ptr null,ptr @bitmap,i32 0,i32 0}}, ptr @u64type, i64 3}}
@chanofptr = global {{{_TYPE}, ptr, i64}} {{{_TYPE}
  {{i64 8,i64 8,i32 0,i8 0,i8 8,i8 8,i8 18,ptr null,ptr @bitmap,i32 0,i32 0}}, ptr @ptrtype, i64 3}}
declare void @"runtime.exit"(i32)
declare i64 @"runtime.nanotime"()
declare i32 @"runtime.write1"(i64, ptr, i32)
declare void @"runtime.newproc"(ptr)
declare void @"runtime.gosched"()
declare void @"runtime.gopark"(ptr, i8 zeroext)
declare zeroext i1 @"runtime.gosleep"(ptr, i64, i8 zeroext)
declare void @"runtime.goready"(ptr)
declare void @"runtime.goexit0"()
declare i32 @"runtime.gcount"()
declare ptr @"runtime.newobject"(ptr)
declare void @"runtime.gccollect"()
declare ptr @"runtime.makechan"(ptr, i64)
declare void @"runtime.chansend1"(ptr, ptr)
declare void @"runtime.chanrecv1"(ptr, ptr)
declare zeroext i1 @"runtime.chanrecv2"(ptr, ptr)
declare zeroext i1 @"runtime.selectnbsend"(ptr, ptr)
declare {{i1, i1}} @"runtime.selectnbrecv"(ptr, ptr)
declare {{i64, i1}} @"runtime.selectgo"(ptr, ptr, i64, i64, i1)
declare void @"runtime.closechan"(ptr)
declare i32 @"runtime.setresume"(ptr) returns_twice
declare void @"runtime.resume"(ptr)
declare void @"runtime.printstacks"(i1)
declare void @"runtime.block"()
define void @"runtime.panicplain"(ptr %text, i64 %length) {GO} {{
  %n = trunc i64 %length to i32
  %w = call i32 @"runtime.write1"(i64 1, ptr %text, i32 %n)
  call void @"runtime.exit"(i32 99)
  unreachable
}}
define void @"runtime.panicmakeslicelen"() {GO} {{ ret void }}
define void @"runtime.panicmakeslicecap"() {GO} {{ ret void }}
define void @"runtime.panicfault"(i64 %address) {GO} {{ ret void }}
define void @expect(i1 %ok, i32 %code) {GO} {{
  br i1 %ok, label %good, label %bad
good:
  ret void
bad:
  call void @"runtime.exit"(i32 %code)
  unreachable
}}
define i64 @deep(i64 %n) noinline {GO} {{
  %z = icmp eq i64 %n, 0
  br i1 %z, label %end, label %more
more:
  %m = sub i64 %n, 1
  %r = call i64 @deep(i64 %m)
  call void asm sideeffect "", ""()
  %s = add i64 %r, 1
  ret i64 %s
end:
  ret i64 0
}}
"""


def main(body: str, rest: str = "") -> str:
    """A program whose runtime.main has this body (it exits with 0 at the end), and more definitions."""
    return f"""{PRELUDE}
{rest}
define void @"runtime.main"() {GO} {{
entry:
{body}
  call void @"runtime.exit"(i32 0)
  unreachable
}}
"""
