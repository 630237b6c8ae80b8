"""Line tables map an instruction to its function and line, including inlined calls."""

from __future__ import annotations

import struct

from tricolor.llvm.compile import Unit, compile_object
from tricolor.llvm.line_tables import NO_FRAME, LineTable
from tricolor.llvm.object_files import read_line_table
from tricolor.run.symbols import pack_symbols, symbols_head

MODULE = """
define i64 @"p.inner"(i64 %x) !dbg !7 {
  %r = call i64 @outside(i64 %x), !dbg !10
  ret i64 %r, !dbg !10
}
define i64 @"p.outer"(i64 %x) !dbg !8 {
  %a = call i64 @"p.inner"(i64 %x), !dbg !11
  %b = call i64 @outside(i64 %a), !dbg !12
  ret i64 %b, !dbg !12
}
declare i64 @outside(i64)
!llvm.dbg.cu = !{!4}
!llvm.module.flags = !{!1, !2}
!1 = !{i32 2, !"Debug Info Version", i32 3}
!2 = !{i32 7, !"Dwarf Version", i32 5}
!3 = !DIFile(filename: "go", directory: "")
!4 = distinct !DICompileUnit(language: DW_LANG_Go, file: !3, isOptimized: true, runtimeVersion: 0, emissionKind: LineTablesOnly)
!5 = !DISubroutineType(types: !{})
!6 = !DIFile(filename: "x.go", directory: "/a/b")
!7 = distinct !DISubprogram(name: "p.inner", scope: !6, file: !6, line: 1, scopeLine: 1, type: !5, unit: !4, spFlags: DISPFlagDefinition)
!8 = distinct !DISubprogram(name: "p.outer", scope: !6, file: !6, line: 9, scopeLine: 9, type: !5, unit: !4, spFlags: DISPFlagDefinition)
!10 = !DILocation(line: 2, scope: !7)
!11 = !DILocation(line: 12, scope: !8)
!12 = !DILocation(line: 13, scope: !8)
"""


def frames_of(table: LineTable) -> list[tuple[str, str, int, int]]:
    """(function, file, line, parent) of each frame."""
    return [
        (table.strings[name], table.strings[file], line, parent)
        for _, name, file, line, parent, _, _ in struct.iter_unpack("<QIIIIII", table.frames)
    ]


def test_an_inlined_call_has_its_caller_as_parent() -> None:
    frames = frames_of(read_line_table(compile_object(Unit("p", MODULE))))
    inlined = next(f for f in frames if f[0] == "p.inner" and f[3] != NO_FRAME)
    assert inlined[1:3] == ("/a/b/x.go", 2)
    assert frames[inlined[3]][:3] == ("p.outer", "/a/b/x.go", 12)


SPLIT = """
define void @"p.fail"() cold noinline noreturn prefix i64 7 { unreachable }
define internal void @"p.inner"(ptr %x) alwaysinline !dbg !7 {
  %nil = icmp eq ptr %x, null, !dbg !9
  br i1 %nil, label %bad, label %good, !prof !13, !dbg !9
bad:
  call void @outside(i64 1), !dbg !10
  call void @"p.fail"(), !dbg !10
  unreachable, !dbg !10
good:
  call void @outside(i64 2), !dbg !9
  ret void, !dbg !9
}
define void @"p.outer"(ptr %x) prefix i64 7 !dbg !8 {
  call void @"p.inner"(ptr %x), !dbg !11
  call void @outside(i64 3), !dbg !12
  ret void, !dbg !12
}
declare void @outside(i64)
""" + MODULE[MODULE.index("!llvm.dbg.cu") :].replace(
    "!10 =", '!9 = !DILocation(line: 3, scope: !7)\n!13 = !{!"branch_weights", i32 1, i32 2000}\n!10 ='
)


def test_an_inlined_call_in_several_pieces_is_found_in_each() -> None:
    """Code before the unit's first function moves the start of its range lists."""
    table = read_line_table(compile_object(Unit("p", SPLIT)))
    frames = frames_of(table)
    inlined = {f[2] for f in frames if f[0] == "p.inner" and f[3] != NO_FRAME}
    assert inlined == {2, 3}
    assert {12, 13} <= {f[2] for f in frames if f[0] == "p.outer"}


def test_rows_ascend_and_end_with_no_frame() -> None:
    rows = list(struct.iter_unpack("<QII", read_line_table(compile_object(Unit("p", MODULE))).rows))
    offsets = [row[0] for row in rows]
    assert offsets == sorted(offsets)
    assert rows[-1][1] == NO_FRAME


def test_a_table_survives_the_cache() -> None:
    table = read_line_table(compile_object(Unit("p", MODULE)))
    assert LineTable.from_bytes(table.to_bytes()) == table


def test_rows_are_relative_to_the_image_and_only_the_head_has_its_address() -> None:
    table = read_line_table(compile_object(Unit("p", MODULE)))
    base, blob_at, text_offset = 0x7F00_0000_1000, 0x7E00_0000_0000, 0x5000
    blob = pack_symbols([table], [text_offset])
    given_base, count, rows_at, frame_count, frames_at, strings_at = struct.unpack("<QQQQQQ", symbols_head(blob, base, blob_at))
    assert given_base == base
    rows = list(struct.iter_unpack("<II", blob[rows_at - blob_at : frames_at - blob_at]))
    assert rows == [(text_offset + at, f) for at, f, _ in struct.iter_unpack("<QII", table.rows)]
    assert count == len(rows)
    frames = list(struct.iter_unpack("<IIIIIII", blob[frames_at - blob_at : strings_at - blob_at]))
    assert [frame[0] for frame in frames] == [text_offset + entry for entry, *_ in struct.iter_unpack("<QIIIIII", table.frames)]
    assert frame_count == len(frames)


def test_rows_of_several_objects_ascend_and_keep_their_frames() -> None:
    table = read_line_table(compile_object(Unit("p", MODULE)))
    own = len(table.frames) // 32
    blob = pack_symbols([table, table], [0x9000, 0x1000])
    _, _, rows_at, frame_count, frames_at, _ = struct.unpack("<QQQQQQ", symbols_head(blob, 0, 0))
    rows = list(struct.iter_unpack("<II", blob[rows_at:frames_at]))
    assert [at for at, _ in rows] == sorted(at for at, _ in rows)
    assert frame_count == 2 * own
    assert {frame // own for at, frame in rows if at >= 0x9000 and frame != NO_FRAME} == {1}
