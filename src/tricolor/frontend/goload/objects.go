package main

import (
	"go/types"
	"slices"
)

// objectTable numbers objects. Number 0 means "no object" and stands for every blank name.
type objectTable struct {
	e      *emitter
	ids    map[types.Object]int
	list   []types.Object // by id; list[0] is nil
	owners []int          // by id: the declared function that contains a local object, else 0
}

func newObjectTable(e *emitter) *objectTable {
	return &objectTable{e: e, ids: map[types.Object]int{}, list: []types.Object{nil}, owners: []int{0}}
}

// id returns the number of an object. A field or method of an instance has the number of the generic
// type's field or method. The owner is the function whose declaration is being written.
func (ot *objectTable) id(obj types.Object, owner int) int {
	if obj == nil {
		return 0
	}
	switch o := obj.(type) {
	case *types.Var:
		obj = o.Origin()
	case *types.Func:
		obj = o.Origin()
	}
	if id, ok := ot.ids[obj]; ok {
		return id
	}
	id := len(ot.list)
	ot.ids[obj] = id
	ot.list = append(ot.list, obj)
	if !isLocal(obj) {
		owner = 0
	}
	ot.owners = append(ot.owners, owner)
	return id
}

// isLocal reports whether an object is declared inside a function.
func isLocal(obj types.Object) bool {
	switch o := obj.(type) {
	case *types.Func:
		return false
	case *types.Var:
		if o.IsField() {
			return false
		}
	}
	return obj.Pkg() != nil && obj.Parent() != obj.Pkg().Scope()
}

// write appends the record of one object: kind, name, package, type, position, owner, and a last field:
// for a function the index of its declaration, for a method of an interface its parameters [[name,
// position], ...], for a constant its value, for a variable or field whether it is an embedded field.
func (ot *objectTable) write(w *jsonWriter, id int) {
	obj := ot.list[id]
	w.raw(`["`)
	w.raw(objectKind(obj))
	w.raw(`"`)
	w.cstr(obj.Name())
	w.comma()
	if index, ok := ot.e.packageIndex[obj.Pkg()]; ok {
		w.num(index)
	} else {
		w.null()
	}
	w.cnum(ot.e.types.id(obj.Type()))
	w.cpos(obj.Pos())
	w.cnum(ot.owners[id])
	w.comma()
	switch o := obj.(type) {
	case *types.Func:
		if index, ok := ot.e.functionIndex[o]; ok {
			w.num(index)
		} else {
			writeList(w, slices.Collect(o.Signature().Params().Variables()), func(param *types.Var) {
				w.raw("[")
				w.str(param.Name())
				w.cpos(param.Pos())
				w.raw("]")
			})
		}
	case *types.Const:
		writeConst(w, o.Type(), o.Val())
	case *types.Var:
		w.boolean(o.IsField() && o.Embedded())
	default:
		w.null()
	}
	w.raw("]")
}

func objectKind(obj types.Object) string {
	switch o := obj.(type) {
	case *types.Var:
		if o.IsField() {
			return "field"
		}
		return "var"
	case *types.Const:
		return "const"
	case *types.Func:
		return "func"
	case *types.TypeName:
		return "type"
	case *types.PkgName:
		return "package"
	case *types.Builtin:
		return "builtin"
	case *types.Nil:
		return "nil"
	case *types.Label:
		return "label"
	}
	fail("object %s has an unknown kind %T", obj, obj)
	return ""
}
