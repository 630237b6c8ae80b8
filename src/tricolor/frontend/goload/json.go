package main

import (
	"go/token"
	"strconv"
	"unicode/utf8"
)

// jsonWriter appends JSON to a buffer. It uses no reflection, which would take more time than
// type-checking. Methods whose names begin with c write a comma first.
type jsonWriter struct{ buf []byte }

func (w *jsonWriter) raw(s string)     { w.buf = append(w.buf, s...) }
func (w *jsonWriter) comma()           { w.buf = append(w.buf, ',') }
func (w *jsonWriter) null()            { w.buf = append(w.buf, "null"...) }
func (w *jsonWriter) num(n int)        { w.buf = strconv.AppendInt(w.buf, int64(n), 10) }
func (w *jsonWriter) pos(p token.Pos)  { w.num(int(p)) }
func (w *jsonWriter) cnum(n int)       { w.comma(); w.num(n) }
func (w *jsonWriter) cpos(p token.Pos) { w.comma(); w.pos(p) }
func (w *jsonWriter) cstr(s string)    { w.comma(); w.str(s) }
func (w *jsonWriter) cbool(b bool)     { w.comma(); w.boolean(b) }
func (w *jsonWriter) boolean(b bool)   { w.buf = strconv.AppendBool(w.buf, b) }
func (w *jsonWriter) strs(list []string) {
	writeList(w, list, func(s string) { w.str(s) })
}

// writeList writes [item, item, ...].
func writeList[T any](w *jsonWriter, items []T, item func(T)) {
	w.buf = append(w.buf, '[')
	for i, x := range items {
		if i > 0 {
			w.comma()
		}
		item(x)
	}
	w.buf = append(w.buf, ']')
}

const hexDigits = "0123456789abcdef"

// str writes a JSON string; bytes that are not UTF-8 become U+FFFD.
func (w *jsonWriter) str(s string) {
	w.buf = append(w.buf, '"')
	for _, r := range s {
		w.char(r)
	}
	w.buf = append(w.buf, '"')
}

// bytes writes a JSON string with one code point for each byte of s.
func (w *jsonWriter) bytes(s string) {
	w.buf = append(w.buf, '"')
	for i := range len(s) {
		w.char(rune(s[i]))
	}
	w.buf = append(w.buf, '"')
}

func (w *jsonWriter) char(r rune) {
	switch {
	case r == '"' || r == '\\':
		w.buf = append(w.buf, '\\', byte(r))
	case r < 0x20:
		w.buf = append(w.buf, '\\', 'u', '0', '0', hexDigits[r>>4], hexDigits[r&15])
	default:
		w.buf = utf8.AppendRune(w.buf, r)
	}
}
