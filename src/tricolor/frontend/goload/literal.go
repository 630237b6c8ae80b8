package main

import (
	"go/ast"
	"go/types"
	"slices"
)

// compositeLit writes a composite literal. The type in tv is a pointer if the source leaves out &T in
// an element.
func (e *emitter) compositeLit(x *ast.CompositeLit, tv types.TypeAndValue) {
	e.exprHead("CompositeLit", x.Lbrace, tv)
	e.w.comma()
	keyed := false
	if len(x.Elts) > 0 {
		_, keyed = x.Elts[0].(*ast.KeyValueExpr)
	}
	if fields := structOf(tv.Type); keyed && fields != nil {
		e.structElements(fields, e.fieldElements(fields, x))
	} else {
		writeList(e.w, x.Elts, e.element)
	}
	e.w.raw("]")
}

// element writes one element of an array, slice or map literal, or a struct value without a key.
func (e *emitter) element(x ast.Expr) {
	kv, ok := x.(*ast.KeyValueExpr)
	if !ok {
		e.expr(x)
		return
	}
	e.head("KeyValueExpr", kv.Pos())
	e.w.raw(",null,")
	e.expr(kv.Key)
	e.cexpr(kv.Value)
	e.w.raw("]")
}

// fieldElement is field: value in a struct literal. The path has several steps if the field is promoted
// from an embedded struct (Go 1.27).
type fieldElement struct {
	path []int
	kv   *ast.KeyValueExpr
}

func (e *emitter) fieldElements(fields *types.Struct, x *ast.CompositeLit) []fieldElement {
	var elements []fieldElement
	for _, element := range x.Elts {
		kv := element.(*ast.KeyValueExpr)
		name := kv.Key.(*ast.Ident).Name
		obj := e.info.Uses[kv.Key.(*ast.Ident)]
		_, path, _ := types.LookupFieldOrMethod(fields, false, obj.Pkg(), name)
		if path == nil {
			fail("field %s is not in %s", name, fields)
		}
		elements = append(elements, fieldElement{path, kv})
	}
	return elements
}

// structElements writes keyed fields. Adjacent fields of one embedded struct become a literal of that
// struct. If the fields of an embedded struct are not adjacent, that would change the order of
// evaluation; then the key of each field is its whole path.
func (e *emitter) structElements(fields *types.Struct, elements []fieldElement) {
	var runs [][]fieldElement // adjacent elements with equal first steps
	seen := map[int]bool{}
	scattered := false
	for _, element := range elements {
		last := len(runs) - 1
		first := element.path[0]
		if last >= 0 && runs[last][0].path[0] == first {
			runs[last] = append(runs[last], element)
			continue
		}
		scattered = scattered || seen[first]
		seen[first] = true
		runs = append(runs, []fieldElement{element})
	}
	if scattered {
		writeList(e.w, elements, func(element fieldElement) { e.fieldValue(element, true) })
		return
	}
	writeList(e.w, runs, func(run []fieldElement) {
		if len(run[0].path) == 1 {
			e.fieldValue(run[0], false)
			return
		}
		field := fields.Field(run[0].path[0])
		inner := field.Type().Underlying().(*types.Struct)
		at := run[0].kv.Pos()
		e.head("KeyValueExpr", at)
		e.w.raw(",null,")
		e.head("Field", at)
		e.w.raw(",null")
		e.w.cnum(run[0].path[0])
		e.w.raw("],")
		e.exprHead("CompositeLit", at, types.TypeAndValue{Type: field.Type()})
		e.w.comma()
		rest := slices.Clone(run)
		for i := range rest {
			rest[i].path = rest[i].path[1:]
		}
		e.structElements(inner, rest)
		e.w.raw("]]")
	})
}

// fieldValue writes one field: value. The key is the index of the field; if whole is set and the path
// has several steps, the list of indices along the path.
func (e *emitter) fieldValue(element fieldElement, whole bool) {
	e.head("KeyValueExpr", element.kv.Pos())
	e.w.raw(",null,")
	e.head("Field", element.kv.Pos())
	e.w.raw(",null,")
	if whole && len(element.path) > 1 {
		writeList(e.w, element.path, e.w.num)
	} else {
		e.w.num(element.path[0])
	}
	e.w.raw("]")
	e.cexpr(element.kv.Value)
	e.w.raw("]")
}

// structOf returns the struct type of a composite literal of type t, nil if the literal is not a struct.
// For a type parameter it is the single underlying type of its constraint.
func structOf(t types.Type) *types.Struct {
	u := t.Underlying()
	if p, ok := u.(*types.Pointer); ok {
		u = p.Elem().Underlying()
	}
	if iface, ok := u.(*types.Interface); ok {
		terms, _ := termsOf(iface)
		if len(terms) == 0 {
			return nil
		}
		u = terms[0].Type().Underlying()
	}
	s, _ := u.(*types.Struct)
	return s
}
