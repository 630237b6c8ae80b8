package main

import (
	"go/ast"
	"go/token"
	"go/types"
)

// This file writes expressions: [KIND, pos, tv, ...fields], see docs/typed-program.md. The emitter only
// gets packages without faults, so every expression has its type.

// head opens a node and writes its kind and position.
func (e *emitter) head(kind string, pos token.Pos) {
	w := e.w
	w.raw(`["`)
	w.raw(kind)
	w.raw(`",`)
	w.pos(pos)
}

// exprHead opens an expression node: kind, position, type and value.
func (e *emitter) exprHead(kind string, pos token.Pos, tv types.TypeAndValue) {
	e.head(kind, pos)
	w := e.w
	if tv.Value != nil || kind == "CallExpr" || kind == "CompositeLit" {
		e.spell(pos, tv.Type)
	}
	switch {
	case tv.Type == nil:
		w.raw(",null")
	case tv.Value != nil:
		w.raw(",[")
		w.num(e.types.id(tv.Type))
		w.comma()
		writeConst(w, tv.Type, tv.Value)
		w.raw("]")
	default:
		w.cnum(e.types.id(tv.Type))
	}
}

func (e *emitter) typeNode(pos token.Pos, t types.Type) {
	e.exprHead("Type", pos, types.TypeAndValue{Type: t})
	e.w.cnum(e.types.id(t))
	e.w.raw("]")
}

func (e *emitter) exprs(list []ast.Expr) { writeList(e.w, list, e.expr) }

func (e *emitter) cexpr(x ast.Expr) { e.w.comma(); e.expr(x) }

// unparen removes parentheses and records where they begin: in the compiler's messages a conversion has
// the position of the first parenthesis around its operand.
func (e *emitter) unparen(x ast.Expr) ast.Expr {
	inner := ast.Unparen(x)
	if inner != x && e.brackets != nil {
		if len(e.brackets.buf) > 0 {
			e.brackets.comma()
		}
		e.brackets.raw("[")
		e.brackets.pos(nodePos(inner))
		e.brackets.cpos(x.Pos())
		e.brackets.raw("]")
	}
	return inner
}

// expr writes an expression, null if it is absent.
func (e *emitter) expr(x ast.Expr) {
	if x == nil {
		e.w.null()
		return
	}
	x = e.unparen(x)
	tv := e.info.Types[x]
	if tv.IsType() {
		e.typeNode(x.Pos(), tv.Type)
		return
	}
	if tv.Value != nil {
		switch x.(type) {
		case *ast.Ident, *ast.SelectorExpr:
		default: // a constant has no effects, so its operands are not needed
			e.exprHead("BasicLit", nodePos(x), tv)
			e.w.raw("]")
			return
		}
	}
	switch x := x.(type) {
	case *ast.Ident:
		e.ident(x, tv)
	case *ast.FuncLit:
		e.funcLit(x, tv)
	case *ast.CompositeLit:
		e.compositeLit(x, tv)
	case *ast.SelectorExpr:
		e.selector(x, tv)
	case *ast.IndexExpr:
		if e.isInstantiation(x.X) {
			e.expr(x.X)
			return
		}
		e.exprHead("IndexExpr", x.Lbrack, tv)
		e.cexpr(x.X)
		e.cexpr(x.Index)
		e.w.raw("]")
	case *ast.IndexListExpr:
		e.expr(x.X) // only an instantiation of a generic function has several indices
	case *ast.SliceExpr:
		e.exprHead("SliceExpr", x.Lbrack, tv)
		e.cexpr(x.X)
		e.cexpr(x.Low)
		e.cexpr(x.High)
		e.cexpr(x.Max)
		e.w.cbool(x.Slice3)
		e.w.raw("]")
	case *ast.TypeAssertExpr:
		e.typeAssert(x, tv)
	case *ast.CallExpr:
		e.call(x, tv)
	case *ast.StarExpr:
		e.exprHead("StarExpr", x.Star, tv)
		e.cexpr(x.X)
		e.w.raw("]")
	case *ast.UnaryExpr:
		e.exprHead("UnaryExpr", x.OpPos, tv)
		e.w.cstr(x.Op.String())
		e.cexpr(x.X)
		e.w.raw("]")
	case *ast.BinaryExpr:
		e.exprHead("BinaryExpr", x.OpPos, tv)
		e.w.cstr(x.Op.String())
		e.cexpr(x.X)
		e.cexpr(x.Y)
		e.w.raw("]")
	default:
		fail("%s: expression of unknown kind %T", e.fset.Position(x.Pos()), x)
	}
}

// nodePos returns the position that Go's compiler gives a node.
func nodePos(x ast.Expr) token.Pos {
	switch x := x.(type) {
	case *ast.ParenExpr:
		return nodePos(x.X)
	case *ast.CallExpr:
		return x.Lparen
	case *ast.SelectorExpr:
		return x.X.End()
	case *ast.TypeAssertExpr:
		return x.X.End()
	case *ast.IndexExpr:
		return x.Lbrack
	case *ast.IndexListExpr:
		return x.Lbrack
	case *ast.SliceExpr:
		return x.Lbrack
	case *ast.CompositeLit:
		return x.Lbrace
	case *ast.BinaryExpr:
		return x.OpPos
	}
	return x.Pos()
}

// ident writes a use of an object or, with "def", the definition of a variable.
func (e *emitter) ident(x *ast.Ident, tv types.TypeAndValue) {
	if x.Name == "_" {
		e.head("Ident", x.Pos())
		e.w.raw(`,null,"_",0]`)
		return
	}
	if obj := e.info.Defs[x]; obj != nil {
		e.exprHead("Ident", x.Pos(), types.TypeAndValue{Type: obj.Type()})
		e.w.cstr(x.Name)
		e.w.cnum(e.object(obj))
		e.w.raw(`,"def"]`)
		return
	}
	obj := e.info.Uses[x]
	if obj == nil {
		fail("%s: %s has no object", e.fset.Position(x.Pos()), x.Name)
	}
	inst, generic := e.instance(x)
	if generic {
		e.openInstance(x.Pos(), inst)
	}
	if tv.Type == nil || generic {
		tv = types.TypeAndValue{Type: obj.Type()}
	}
	e.exprHead("Ident", x.Pos(), tv)
	e.w.cstr(x.Name)
	e.w.cnum(e.object(obj))
	e.w.raw("]")
	if generic {
		e.closeInstance(inst)
	}
}

// instance returns the instantiation of a generic function at an identifier.
func (e *emitter) instance(x *ast.Ident) (types.Instance, bool) {
	inst, ok := e.info.Instances[x]
	if !ok {
		return inst, false
	}
	_, isFunc := e.info.Uses[x].(*types.Func)
	return inst, isFunc
}

// isInstantiation reports whether x in x[...] is a generic function.
func (e *emitter) isInstantiation(x ast.Expr) bool {
	switch x := ast.Unparen(x).(type) {
	case *ast.Ident:
		_, ok := e.instance(x)
		return ok
	case *ast.SelectorExpr:
		_, ok := e.instance(x.Sel)
		return ok
	}
	return false
}

// openInstance opens an Instantiate node. The caller writes its first field, the generic function.
func (e *emitter) openInstance(pos token.Pos, inst types.Instance) {
	e.exprHead("Instantiate", pos, types.TypeAndValue{Type: inst.Type})
	e.w.comma()
}

func (e *emitter) closeInstance(inst types.Instance) {
	e.w.raw(",[")
	for i := range inst.TypeArgs.Len() {
		if i > 0 {
			e.w.comma()
		}
		e.w.num(e.types.id(inst.TypeArgs.At(i)))
	}
	e.w.raw("]]")
}

func (e *emitter) funcLit(x *ast.FuncLit, tv types.TypeAndValue) {
	sig := tv.Type.(*types.Signature)
	e.exprHead("FuncLit", x.Type.Func, tv)
	w := e.w
	w.cnum(e.types.id(sig))
	w.comma()
	e.tupleObjects(sig.Params())
	w.comma()
	e.tupleObjects(sig.Results())
	w.comma()
	e.stmts(x.Body.List)
	w.cpos(x.Body.Rbrace)
	w.raw("]")
}

// tupleObjects writes the objects of parameters or results, also of unnamed ones.
func (e *emitter) tupleObjects(tuple *types.Tuple) {
	e.w.raw("[")
	for i := range tuple.Len() {
		if i > 0 {
			e.w.comma()
		}
		e.w.num(e.object(tuple.At(i)))
	}
	e.w.raw("]")
}

func (e *emitter) selector(x *ast.SelectorExpr, tv types.TypeAndValue) {
	w := e.w
	dot := x.X.End()
	sel := e.info.Selections[x]
	var obj types.Object
	if sel != nil {
		obj = sel.Obj()
	} else {
		obj = e.info.Uses[x.Sel]
	}
	inst, generic := e.instance(x.Sel)
	if generic {
		e.openInstance(dot, inst)
		inner := obj.Type()
		if sel != nil {
			inner = sel.Type()
		}
		tv = types.TypeAndValue{Type: inner}
	}
	e.exprHead("SelectorExpr", dot, tv)
	if sel == nil {
		w.raw(",null")
	} else {
		e.cexpr(x.X)
	}
	w.cstr(x.Sel.Name)
	w.raw(selectionKind(sel))
	w.cnum(e.object(obj))
	w.raw(",[")
	indirect := false
	if sel != nil {
		for i, index := range sel.Index() {
			if i > 0 {
				w.comma()
			}
			w.num(index)
		}
		indirect = sel.Indirect()
	}
	w.raw("]")
	w.cbool(indirect)
	w.raw("]")
	if generic {
		e.closeInstance(inst)
	}
}

func selectionKind(sel *types.Selection) string {
	switch {
	case sel == nil:
		return `,"pkg"`
	case sel.Kind() == types.FieldVal:
		return `,"field"`
	case sel.Kind() == types.MethodVal:
		return `,"method"`
	}
	return `,"methodexpr"`
}

func (e *emitter) typeAssert(x *ast.TypeAssertExpr, tv types.TypeAndValue) {
	e.exprHead("TypeAssertExpr", x.X.End(), tv)
	e.cexpr(x.X)
	if x.Type == nil {
		e.w.raw(",null]")
		return
	}
	e.spell(x.X.End(), e.info.Types[x.Type].Type)
	e.w.cnum(e.types.id(e.info.Types[x.Type].Type))
	e.w.raw("]")
}

func (e *emitter) call(x *ast.CallExpr, tv types.TypeAndValue) {
	w := e.w
	e.exprHead("CallExpr", x.Lparen, tv)
	fun := ast.Unparen(x.Fun)
	funTV := e.info.Types[fun]
	switch {
	case funTV.IsType():
		if len(x.Args) == 1 && e.info.Types[x.Args[0]].Value != nil && isRuneSlice(tv.Type) {
			// A constant converted to runes is a literal, to which Go's compiler gives the operand's position.
			e.spell(nodePos(ast.Unparen(x.Args[0])), tv.Type)
		}
		w.raw(`,"conversion"`)
		e.cexpr(fun)
	case funTV.IsBuiltin():
		w.raw(`,"builtin"`)
		switch fun := fun.(type) {
		case *ast.Ident:
			w.cstr(e.info.Uses[fun].Name())
		case *ast.SelectorExpr:
			w.cstr(fun.Sel.Name)
		}
	default:
		w.raw(`,"call"`)
		e.cexpr(fun)
	}
	w.comma()
	e.exprs(x.Args)
	w.cbool(x.Ellipsis.IsValid())
	w.cpos(x.Rparen)
	w.raw("]")
}
