"""Entry points of the runtime that compiled Go code calls: symbol -> LLVM function type.

Terms: *kernel* entries are written in the kernel language (``tricolor.runtime``), *go* entries in the overlay of package
runtime (``tricolor.goroot``) or in Go's own internal/runtime/maps. At machine level both follow one convention
(docs/abi.md, "Calls"): strings, slices and interfaces are passed word by word.

Types in the table: ``ptr`` for pointers and descriptors, ``str`` = {ptr, i64}, ``sl`` = {ptr, i64, i64}, ``if`` = {ptr, ptr}.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import final


@final
@dataclass(frozen=True, slots=True)
class Entry:
    """One entry point. ``noreturn``: it panics or ends the program."""

    symbol: str
    result: str
    params: tuple[str, ...]
    noreturn: bool = False


_TYPES = {"str": "{ptr, i64}", "sl": "{ptr, i64, i64}", "if": "{ptr, ptr}"}


_TEXT = """
ptr runtime.mallocgc (i64 size, ptr type, i1 needzero)
ptr runtime.newobject (ptr type)
ptr runtime.newarray (ptr elem, i64 n)
ptr runtime.makeslice (ptr elem, i64 len, i64 cap)
sl runtime.growslice (ptr old, i64 newlen, i64 oldcap, i64 num, ptr elem)
void runtime.typedmemmove (ptr type, ptr dst, ptr src)
void runtime.typedmemclr (ptr type, ptr dst)
i64 runtime.typedslicecopy (ptr elem, ptr dst, i64 dstlen, ptr src, i64 srclen)
str runtime.concatstrings (ptr strings, i64 n)
str runtime.slicebytetostring (ptr data, i64 n)
sl runtime.stringtoslicebyte (str s)
str runtime.slicerunetostring (sl runes)
sl runtime.stringtoslicerune (str s)
str runtime.intstring (i64 rune)
i64 runtime.putrune (ptr buffer, i64 rune)
i64 runtime.runecount (str s)
void runtime.putrunes (ptr buffer, str s)
i64 runtime.runebytes (sl runes)
void runtime.putrunebytes (ptr buffer, sl runes)
i64 runtime.cmpstring (str a, str b)
{double,double} runtime.complex128div ({double,double} a, {double,double} b)
i1 runtime.memequal (ptr a, ptr b, i64 n)
<i32,i64> runtime.decoderune (str s, i64 at)
i1 runtime.efaceeq (ptr type, ptr x, ptr y)
i1 runtime.ifaceeq (ptr itab, ptr x, ptr y)
ptr runtime.getitab (ptr inter, ptr type, i1 canfail)
ptr runtime.assertItab (ptr inter, ptr type, ptr cached)
ptr runtime.findItab (ptr inter, ptr type, ptr cached)
ptr runtime.convT64 (i64 value)
ptr runtime.convTstring (str value)
ptr runtime.convTslice (sl value)
void runtime.panicdottypeE (ptr have, ptr want, ptr iface) noreturn
void runtime.panicdottypeI (ptr itab, ptr want, ptr iface) noreturn
void runtime.panicnildottype (ptr want) noreturn
void runtime.panicIndex (i64 x, i64 len) noreturn
void runtime.panicIndexU (i64 x, i64 len) noreturn
void runtime.panicSliceAlen (i64 x, i64 len) noreturn
void runtime.panicSliceAlenU (i64 x, i64 len) noreturn
void runtime.panicSliceAcap (i64 x, i64 cap) noreturn
void runtime.panicSliceAcapU (i64 x, i64 cap) noreturn
void runtime.panicSliceB (i64 x, i64 y) noreturn
void runtime.panicSliceBU (i64 x, i64 y) noreturn
void runtime.panicSlice3Alen (i64 x, i64 len) noreturn
void runtime.panicSlice3AlenU (i64 x, i64 len) noreturn
void runtime.panicSlice3Acap (i64 x, i64 cap) noreturn
void runtime.panicSlice3AcapU (i64 x, i64 cap) noreturn
void runtime.panicSlice3B (i64 x, i64 y) noreturn
void runtime.panicSlice3BU (i64 x, i64 y) noreturn
void runtime.panicSlice3C (i64 x, i64 y) noreturn
void runtime.panicSlice3CU (i64 x, i64 y) noreturn
void runtime.panicSliceConvert (i64 have, i64 want) noreturn
void runtime.panicdivide () noreturn
void runtime.panicoverflow () noreturn
void runtime.panicshift () noreturn
void runtime.panicmem () noreturn
void runtime.panicwrap () noreturn
void runtime.panicmakeslicelen () noreturn
void runtime.panicmakeslicecap () noreturn
void runtime.panicunsafealignment () noreturn
void runtime.panicunsafeslicelen () noreturn
void runtime.panicunsafeslicenilptr () noreturn
void runtime.panicunsafestringlen () noreturn
void runtime.panicunsafestringnilptr () noreturn
void runtime.panicrangestate (i64 state) noreturn
void runtime.panicnilcall () noreturn
void runtime.gopanic (if value) noreturn
if runtime.gorecover (ptr token)
ptr runtime.recovertoken ()
void runtime.settoken (ptr token)
void runtime.deferenter (ptr frame)
i32 runtime.setresume (ptr frame)
void runtime.deferproc (ptr frame, ptr closure)
void runtime.deferreturn (ptr frame)
void runtime.newproc (ptr closure)
void runtime.gosched ()
void runtime.memprofileratestored ()
ptr runtime.makemap_small ()
ptr runtime.makemap (ptr type, i64 hint, ptr map)
ptr runtime.mapaccess1 (ptr type, ptr map, ptr key)
<ptr,i1> runtime.mapaccess2 (ptr type, ptr map, ptr key)
ptr runtime.mapassign (ptr type, ptr map, ptr key)
void runtime.mapdelete (ptr type, ptr map, ptr key)
void runtime.mapclear (ptr type, ptr map)
void runtime.mapIterStart (ptr type, ptr map, ptr iter)
void runtime.mapIterNext (ptr iter)
ptr runtime.mapaccess1_fast32 (ptr type, ptr map, i32 key)
<ptr,i1> runtime.mapaccess2_fast32 (ptr type, ptr map, i32 key)
ptr runtime.mapassign_fast32 (ptr type, ptr map, i32 key)
ptr runtime.mapassign_fast32ptr (ptr type, ptr map, ptr key)
void runtime.mapdelete_fast32 (ptr type, ptr map, i32 key)
ptr runtime.mapaccess1_fast64 (ptr type, ptr map, i64 key)
<ptr,i1> runtime.mapaccess2_fast64 (ptr type, ptr map, i64 key)
ptr runtime.mapassign_fast64 (ptr type, ptr map, i64 key)
ptr runtime.mapassign_fast64ptr (ptr type, ptr map, ptr key)
void runtime.mapdelete_fast64 (ptr type, ptr map, i64 key)
ptr runtime.mapaccess1_faststr (ptr type, ptr map, str key)
<ptr,i1> runtime.mapaccess2_faststr (ptr type, ptr map, str key)
ptr runtime.mapassign_faststr (ptr type, ptr map, str key)
void runtime.mapdelete_faststr (ptr type, ptr map, str key)
ptr runtime.makechan (ptr type, i64 size)
void runtime.chansend1 (ptr chan, ptr elem)
void runtime.chanrecv1 (ptr chan, ptr elem)
i1 runtime.chanrecv2 (ptr chan, ptr elem)
i1 runtime.selectnbsend (ptr chan, ptr elem)
<i1,i1> runtime.selectnbrecv (ptr elem, ptr chan)
<i64,i1> runtime.selectgo (ptr cases, ptr order, i64 nsends, i64 nrecvs, i1 block)
void runtime.block () noreturn
void runtime.closechan (ptr chan)
i64 runtime.chanlen (ptr chan)
i64 runtime.chancap (ptr chan)
void runtime.printlock ()
void runtime.printunlock ()
void runtime.printbool (i1 v)
void runtime.printint (i64 v)
void runtime.printuint (i64 v)
void runtime.printfloat (double v)
void runtime.printcomplex ({double,double} v)
void runtime.printfloat32 (float v)
void runtime.printcomplex64 ({float,float} v)
void runtime.printstring (str v)
void runtime.printpointer (ptr v)
void runtime.printslice (sl v)
void runtime.printeface (if v)
void runtime.printsp ()
void runtime.printnl ()
i64 runtime.memhash (ptr p, i64 seed, i64 n)
i64 runtime.memhash32 (ptr p, i64 seed)
i64 runtime.memhash64 (ptr p, i64 seed)
i64 runtime.strhash (ptr p, i64 seed)
i64 runtime.interhash (ptr p, i64 seed)
i64 runtime.nilinterhash (ptr p, i64 seed)
i64 runtime.f32hash (ptr p, i64 seed)
i64 runtime.f64hash (ptr p, i64 seed)
i64 runtime.c64hash (ptr p, i64 seed)
i64 runtime.c128hash (ptr p, i64 seed)
"""


def _strip_names(line: str) -> str:
    """Drop parameter names; only readers of the table need them."""
    head, _, rest = line.partition(" (")
    params, _, flags = rest.rpartition(")")
    kept: list[str] = []
    depth = 0
    current = ""
    for ch in params:
        depth += (ch == "{") - (ch == "}")
        if ch == "," and depth == 0:
            kept.append(current)
            current = ""
        else:
            current += ch
    kept.append(current)
    types = [p.strip().split(" ")[0] for p in kept if p.strip()]
    return f"{head} ({';'.join(types)}){flags}"


def _parse() -> dict[str, Entry]:
    out: dict[str, Entry] = {}
    for raw in _TEXT.strip().splitlines():
        line = _strip_names(raw)
        head, _, rest = line.partition(" (")
        params, _, flags = rest.rpartition(")")
        result, symbol = head.split(" ", 1)
        if result.startswith("<"):
            result = "{" + ", ".join(_TYPES.get(p, p) for p in result[1:-1].split(",")) + "}"
        out[symbol] = Entry(
            symbol,
            _TYPES.get(result, result),
            tuple(_TYPES.get(p, p) for p in params.split(";") if p),
            flags.strip() == "noreturn",
        )
    return out


ENTRIES = _parse()
"""Every entry point by symbol."""
