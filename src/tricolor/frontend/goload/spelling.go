package main

import (
	"fmt"
	"go/token"
	"go/types"
	"strconv"
	"strings"
)

// Identical types have one number: byte and uint8, rune and int32, any and interface{}. Go's compiler
// prints them as the source spells them, and messages about escape analysis must do so too. With the
// option -spellings the file records how the source spells the types of some expressions.

var (
	anyType  = types.Universe.Lookup("any").Type()
	byteType = types.Universe.Lookup("byte").Type()
	runeType = types.Universe.Lookup("rune").Type()
)

// spell records how the source spells the type of the expression at a position, if the type's number
// does not determine that. In the text, ⟦n⟧ is a part with type number n that needs no spelling, and
// «package» precedes the name of an unexported field.
func (e *emitter) spell(pos token.Pos, t types.Type) {
	if e.spellings == nil || t == nil || !hasAlias(t) {
		return
	}
	if len(e.spellings.buf) > 0 {
		e.spellings.comma()
	}
	e.spellings.raw("[")
	e.spellings.pos(pos)
	e.spellings.cstr(e.spelling(t))
	e.spellings.raw("]")
}

// isRuneSlice reports whether the type is a slice of runes.
func isRuneSlice(t types.Type) bool {
	slice, ok := t.Underlying().(*types.Slice)
	if !ok {
		return false
	}
	elem, ok := slice.Elem().Underlying().(*types.Basic)
	return ok && elem.Kind() == types.Int32
}

// hasAlias reports whether the spelling of a type contains byte, rune or any.
func hasAlias(t types.Type) bool {
	switch t := t.(type) {
	case *types.Basic:
		return t == byteType || t == runeType
	case *types.Alias:
		return t == anyType || hasAlias(types.Unalias(t))
	case *types.Pointer:
		return hasAlias(t.Elem())
	case *types.Slice:
		return hasAlias(t.Elem())
	case *types.Array:
		return hasAlias(t.Elem())
	case *types.Chan:
		return hasAlias(t.Elem())
	case *types.Map:
		return hasAlias(t.Key()) || hasAlias(t.Elem())
	case *types.Signature:
		return tupleHasAlias(t.Params()) || tupleHasAlias(t.Results())
	case *types.Struct:
		for field := range t.Fields() {
			if hasAlias(field.Type()) {
				return true
			}
		}
	case *types.Interface:
		for method := range t.Methods() {
			if hasAlias(method.Signature()) {
				return true
			}
		}
	}
	return false
}

func tupleHasAlias(tuple *types.Tuple) bool {
	for v := range tuple.Variables() {
		if hasAlias(v.Type()) {
			return true
		}
	}
	return false
}

// spelling returns the type in the form that Go's compiler prints, see spell.
func (e *emitter) spelling(t types.Type) string {
	if !hasAlias(t) {
		return fmt.Sprintf("⟦%d⟧", e.types.id(t))
	}
	switch t := t.(type) {
	case *types.Basic:
		return t.Name()
	case *types.Alias:
		if t == anyType {
			return "any"
		}
		return e.spelling(types.Unalias(t))
	case *types.Pointer:
		return "*" + e.spelling(t.Elem())
	case *types.Slice:
		return "[]" + e.spelling(t.Elem())
	case *types.Array:
		return fmt.Sprintf("[%d]%s", t.Len(), e.spelling(t.Elem()))
	case *types.Chan:
		return map[types.ChanDir]string{types.SendRecv: "chan ", types.SendOnly: "chan<- ", types.RecvOnly: "<-chan "}[t.Dir()] + e.spelling(t.Elem())
	case *types.Map:
		return "map[" + e.spelling(t.Key()) + "]" + e.spelling(t.Elem())
	case *types.Signature:
		return "func" + e.spelledSignature(t)
	case *types.Struct:
		return e.spelledStruct(t)
	case *types.Interface:
		return e.spelledInterface(t)
	}
	fail("type %s has an unknown kind %T", t, t)
	return ""
}

func (e *emitter) spelledSignature(t *types.Signature) string {
	text := "(" + e.spelledTuple(t.Params(), t.Variadic()) + ")"
	switch t.Results().Len() {
	case 0:
		return text
	case 1:
		return text + " " + e.spelledTuple(t.Results(), false)
	}
	return text + " (" + e.spelledTuple(t.Results(), false) + ")"
}

func (e *emitter) spelledTuple(tuple *types.Tuple, variadic bool) string {
	var parts []string
	for i := range tuple.Len() {
		t := tuple.At(i).Type()
		slice, ok := t.(*types.Slice)
		if ok && variadic && i == tuple.Len()-1 {
			parts = append(parts, "..."+e.spelling(slice.Elem()))
		} else {
			parts = append(parts, e.spelling(t))
		}
	}
	return strings.Join(parts, ", ")
}

func (e *emitter) spelledStruct(t *types.Struct) string {
	var parts []string
	for i := range t.NumFields() {
		field, text := t.Field(i), ""
		if !field.Embedded() {
			text = field.Name() + " "
			if !field.Exported() {
				text = "«" + field.Pkg().Path() + "»" + text
			}
		}
		text += e.spelling(field.Type())
		if tag := t.Tag(i); tag != "" {
			text += " " + strconv.Quote(tag)
		}
		parts = append(parts, text)
	}
	return "struct { " + strings.Join(parts, "; ") + " }"
}

func (e *emitter) spelledInterface(t *types.Interface) string {
	var parts []string
	for method := range t.Methods() {
		name := method.Name()
		if !method.Exported() {
			name = method.Pkg().Path() + "." + name
		}
		parts = append(parts, name+e.spelledSignature(method.Signature()))
	}
	return "interface { " + strings.Join(parts, "; ") + " }"
}
