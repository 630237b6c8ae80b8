package main

import (
	"go/ast"
	"go/types"
)

// interfaceLiteral is an interface type without a name where it is written. All identical types have one number,
// but each has names and positions of parameters of its own.
type interfaceLiteral struct {
	syntax *ast.InterfaceType
	typ    *types.Interface
}

// interfaceLiterals writes [[position, type, [methods]], ...] in source order: of a package that the patterns named all
// interface types with methods, of another those in generic functions, which are compiled where they are used. Nothing without
// the option -spellings.
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
