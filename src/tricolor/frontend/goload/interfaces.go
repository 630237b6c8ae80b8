package main

import (
	"go/ast"
	"go/types"
)

// interfaceLiteral is an unnamed interface type at one place in source. Identical types have one number,
// but each place has its own names and positions of parameters.
type interfaceLiteral struct {
	syntax *ast.InterfaceType
	typ    *types.Interface
}

// interfaceLiterals writes [[position, type, [methods]], ...] in source order: if a pattern names the
// package, for all unnamed interface types with methods, else for those in generic functions, since the
// packages that use these compile them. It writes an empty list without the option -spellings.
func (e *emitter) interfaceLiterals(w *jsonWriter, p *listed) {
	var found []interfaceLiteral
	for _, f := range p.parsed {
		for _, decl := range f.syntax.Decls {
			fn, isFunc := decl.(*ast.FuncDecl)
			if e.spellings != nil && (!p.DepOnly || (isFunc && isGeneric(fn))) {
				found = e.appendInterfaces(found, decl)
			}
		}
	}
	writeList(w, found, func(literal interfaceLiteral) {
		w.raw("[")
		w.pos(literal.syntax.Pos())
		w.cnum(e.types.id(literal.typ))
		w.raw(",[")
		for i := range literal.typ.NumMethods() {
			if i > 0 {
				w.comma()
			}
			w.num(e.objects.id(literal.typ.Method(i), 0))
		}
		w.raw("]]")
	})
}

func (e *emitter) appendInterfaces(found []interfaceLiteral, decl ast.Decl) []interfaceLiteral {
	named := map[ast.Expr]bool{}
	ast.Inspect(decl, func(node ast.Node) bool {
		switch node := node.(type) {
		case *ast.TypeSpec:
			named[node.Type] = !node.Assign.IsValid()
		case *ast.InterfaceType:
			typ, ok := e.info.Types[node].Type.(*types.Interface)
			if ok && !named[node] && typ.NumMethods() > 0 && typ.IsMethodSet() {
				found = append(found, interfaceLiteral{node, typ})
			}
		}
		return true
	})
	return found
}
