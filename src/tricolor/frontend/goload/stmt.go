package main

import (
	"go/ast"
	"go/token"
	"go/types"
)

// This file writes statements: [KIND, pos, ...fields], see docs/typed-program.md.

func (e *emitter) stmts(list []ast.Stmt) { writeList(e.w, list, e.stmt) }

func (e *emitter) cstmt(s ast.Stmt) { e.w.comma(); e.stmt(s) }

// stmt writes a statement, null if it is absent.
func (e *emitter) stmt(s ast.Stmt) {
	w := e.w
	switch s := s.(type) {
	case nil:
		w.null()
		return
	case *ast.DeclStmt:
		e.declStmt(s)
		return
	case *ast.EmptyStmt:
		e.head("EmptyStmt", s.Pos())
	case *ast.LabeledStmt:
		e.head("LabeledStmt", s.Pos())
		w.cstr(s.Label.Name)
		e.cstmt(s.Stmt)
	case *ast.ExprStmt:
		e.head("ExprStmt", nodePos(s.X))
		e.cexpr(s.X)
	case *ast.SendStmt:
		e.head("SendStmt", s.Arrow)
		e.cexpr(s.Chan)
		e.cexpr(s.Value)
	case *ast.IncDecStmt:
		e.head("IncDecStmt", s.TokPos)
		e.cexpr(s.X)
		w.cstr(s.Tok.String())
	case *ast.AssignStmt:
		if len(s.Lhs) > len(s.Rhs) {
			// Messages may show a conversion of the first result to the type of its variable.
			e.spell(s.TokPos, e.info.TypeOf(s.Lhs[0]))
		}
		e.head("AssignStmt", s.TokPos)
		w.comma()
		e.exprs(s.Lhs)
		w.cstr(s.Tok.String())
		w.comma()
		e.exprs(s.Rhs)
	case *ast.GoStmt:
		e.head("GoStmt", s.Go)
		e.cexpr(s.Call)
	case *ast.DeferStmt:
		e.head("DeferStmt", s.Defer)
		e.cexpr(s.Call)
	case *ast.ReturnStmt:
		e.head("ReturnStmt", s.Return)
		w.comma()
		e.exprs(s.Results)
	case *ast.BranchStmt:
		e.head("BranchStmt", s.TokPos)
		w.cstr(s.Tok.String())
		w.comma()
		if s.Label != nil {
			w.str(s.Label.Name)
		} else {
			w.null()
		}
	case *ast.BlockStmt:
		e.head("BlockStmt", s.Lbrace)
		w.comma()
		e.stmts(s.List)
		w.cpos(s.Rbrace)
	default:
		e.controlStmt(s)
		return
	}
	w.raw("]")
}

// controlStmt writes statements that contain clauses or bodies.
func (e *emitter) controlStmt(s ast.Stmt) {
	w := e.w
	switch s := s.(type) {
	case *ast.IfStmt:
		e.head("IfStmt", s.If)
		e.cstmt(s.Init)
		e.cexpr(s.Cond)
		e.cstmt(s.Body)
		e.cstmt(s.Else)
	case *ast.SwitchStmt:
		e.head("SwitchStmt", s.Switch)
		e.cstmt(s.Init)
		e.cexpr(s.Tag)
		w.comma()
		e.stmts(s.Body.List)
	case *ast.TypeSwitchStmt:
		e.typeSwitch(s)
	case *ast.CaseClause:
		e.caseClause(s)
	case *ast.SelectStmt:
		e.head("SelectStmt", s.Select)
		w.comma()
		e.stmts(s.Body.List)
	case *ast.CommClause:
		e.head("CommClause", s.Case)
		e.cstmt(s.Comm)
		w.comma()
		e.stmts(s.Body)
	case *ast.ForStmt:
		e.head("ForStmt", s.For)
		e.cstmt(s.Init)
		e.cexpr(s.Cond)
		e.cstmt(s.Post)
		e.cstmt(s.Body)
	case *ast.RangeStmt:
		e.head("RangeStmt", s.For)
		e.cexpr(s.Key)
		e.cexpr(s.Value)
		op := ""
		if s.Tok != token.ILLEGAL {
			op = s.Tok.String()
		}
		w.cstr(op)
		e.cexpr(s.X)
		e.cstmt(s.Body)
		w.cpos(s.Range)
	default:
		fail("%s: statement of unknown kind %T", e.fset.Position(s.Pos()), s)
	}
	w.raw("]")
}

func (e *emitter) typeSwitch(s *ast.TypeSwitchStmt) {
	w := e.w
	e.head("TypeSwitchStmt", s.Switch)
	e.cstmt(s.Init)
	w.comma()
	var operand ast.Expr
	switch guard := s.Assign.(type) {
	case *ast.AssignStmt:
		w.str(guard.Lhs[0].(*ast.Ident).Name)
		operand = guard.Rhs[0]
	case *ast.ExprStmt:
		w.null()
		operand = guard.X
	}
	e.cexpr(ast.Unparen(operand).(*ast.TypeAssertExpr).X)
	w.comma()
	e.stmts(s.Body.List)
}

func (e *emitter) caseClause(s *ast.CaseClause) {
	w := e.w
	e.head("CaseClause", s.Case)
	w.comma()
	if s.List == nil {
		w.null()
	} else {
		e.exprs(s.List)
		for _, x := range s.List {
			if tv := e.info.Types[x]; tv.IsType() {
				e.spell(nodePos(ast.Unparen(x)), tv.Type)
			}
		}
	}
	w.comma()
	e.stmts(s.Body)
	w.comma()
	if obj := e.info.Implicits[s]; obj != nil {
		w.num(e.object(obj))
	} else {
		w.num(0)
	}
}

// declStmt writes variables only. Uses of constants have their values, and types are in the type table.
func (e *emitter) declStmt(s *ast.DeclStmt) {
	w := e.w
	e.head("DeclStmt", s.Pos())
	w.raw(",[")
	gen := s.Decl.(*ast.GenDecl)
	first := true
	for _, spec := range gen.Specs {
		spec, ok := spec.(*ast.ValueSpec)
		if !ok || gen.Tok != token.VAR {
			continue
		}
		if !first {
			w.comma()
		}
		first = false
		e.head("ValueSpec", spec.Pos())
		w.comma()
		writeList(w, spec.Names, func(name *ast.Ident) { w.num(e.declared(name)) })
		w.comma()
		e.exprs(spec.Values)
		w.comma()
		if spec.Type != nil {
			w.num(e.types.id(e.info.Types[spec.Type].Type))
		} else {
			w.num(0)
		}
		w.raw("]")
	}
	w.raw("]]")
}

// declared returns the object that an identifier defines, 0 for a blank one.
func (e *emitter) declared(name *ast.Ident) int {
	if name.Name == "_" {
		return 0
	}
	return e.object(e.info.Defs[name])
}

// object returns the number of an object that the current function mentions.
func (e *emitter) object(obj types.Object) int { return e.objects.id(obj, e.owner) }
