package main

import "go/types"

// typeTable numbers types. Identical types have one number in the whole program. Number 0 means "no type".
type typeTable struct {
	e       *emitter
	ids     map[types.Type]int
	buckets map[uint32][]int
	list    []types.Type // by id; list[0] is nil
}

func newTypeTable(e *emitter) *typeTable {
	return &typeTable{e: e, ids: map[types.Type]int{}, buckets: map[uint32][]int{}, list: []types.Type{nil}}
}

// id returns the number of a type.
func (tt *typeTable) id(t types.Type) int {
	if t == nil {
		return 0
	}
	if id, ok := tt.ids[t]; ok {
		return id
	}
	plain := types.Unalias(t)
	if tuple, ok := plain.(*types.Tuple); ok && tuple == nil {
		plain = types.NewTuple()
	}
	// A generic signature contains its own type parameters. If two signatures that are identical up to
	// renaming shared a number, one would contain the type parameters of another function. A type
	// parameter is identical only to itself.
	shared := true
	switch plain := plain.(type) {
	case *types.Signature:
		shared = plain.TypeParams().Len() == 0
	case *types.TypeParam:
		shared = false
	}
	if !shared {
		if id, ok := tt.ids[plain]; ok {
			return id
		}
		return tt.add(t, plain)
	}
	hash := typeHash(plain, 4)
	for _, id := range tt.buckets[hash] {
		if types.Identical(tt.list[id], plain) {
			tt.ids[t] = id
			return id
		}
	}
	id := tt.add(t, plain)
	tt.buckets[hash] = append(tt.buckets[hash], id)
	return id
}

func (tt *typeTable) add(t, plain types.Type) int {
	id := len(tt.list)
	tt.list = append(tt.list, plain)
	tt.ids[t] = id
	tt.ids[plain] = id
	return id
}

// write appends the record of one type, and may number further types.
func (tt *typeTable) write(w *jsonWriter, t types.Type) {
	switch t := t.(type) {
	case *types.Basic:
		w.raw(`["basic"`)
		w.cstr(types.Typ[t.Kind()].Name())
	case *types.Named:
		tt.writeNamed(w, t)
	case *types.Pointer:
		w.raw(`["pointer"`)
		w.cnum(tt.id(t.Elem()))
	case *types.Slice:
		w.raw(`["slice"`)
		w.cnum(tt.id(t.Elem()))
	case *types.Array:
		w.raw(`["array"`)
		w.cnum(int(t.Len()))
		w.cnum(tt.id(t.Elem()))
	case *types.Map:
		w.raw(`["map"`)
		w.cnum(tt.id(t.Key()))
		w.cnum(tt.id(t.Elem()))
	case *types.Chan:
		w.raw(`["chan"`)
		w.cnum(int(t.Dir()))
		w.cnum(tt.id(t.Elem()))
	case *types.Struct:
		tt.writeStruct(w, t)
	case *types.Signature:
		w.raw(`["signature",`)
		tt.writeTuple(w, t.Params())
		w.comma()
		tt.writeTuple(w, t.Results())
		w.cbool(t.Variadic())
		w.comma()
		tt.writeTypeParams(w, t.TypeParams())
	case *types.Interface:
		tt.writeInterface(w, t)
	case *types.Tuple:
		w.raw(`["tuple",`)
		tt.writeTuple(w, t)
	case *types.TypeParam:
		w.raw(`["typeparam"`)
		w.cstr(t.Obj().Name())
		w.cnum(t.Index())
		w.cnum(tt.id(t.Constraint()))
		w.cbool(tt.e.receiverParams[t])
	case *types.Union:
		w.raw(`["union",`)
		writeTerms(w, tt, unionTerms(t))
	default:
		fail("type %s has an unknown kind %T", t, t)
	}
	w.raw("]")
}

func (tt *typeTable) writeTuple(w *jsonWriter, tuple *types.Tuple) {
	w.raw("[")
	for i := range tuple.Len() {
		if i > 0 {
			w.comma()
		}
		w.num(tt.id(tuple.At(i).Type()))
	}
	w.raw("]")
}

func (tt *typeTable) writeTypeParams(w *jsonWriter, params *types.TypeParamList) {
	w.raw("[")
	for i := range params.Len() {
		if i > 0 {
			w.comma()
		}
		w.num(tt.id(params.At(i)))
	}
	w.raw("]")
}

// writeNamed writes: object, origin (0 if the type is not an instance), type arguments, underlying type
// (0 for instances), declared methods, type parameters, [running number, enclosing function, whether that
// is generic] for a local type or null, and for an interface type the objects of its methods in the order
// of Selection.Index (empty without the option -spellings). Identical interface types have one number, but
// only these objects have the names and positions of parameters in this declaration.
func (tt *typeTable) writeNamed(w *jsonWriter, t *types.Named) {
	e := tt.e
	w.raw(`["named"`)
	w.cnum(e.objects.id(t.Obj(), 0))
	if t.Origin() != t {
		w.cnum(tt.id(t.Origin()))
		w.raw(",[")
		for i := range t.TypeArgs().Len() {
			if i > 0 {
				w.comma()
			}
			w.num(tt.id(t.TypeArgs().At(i)))
		}
		w.raw("],0,[],[],null,[]")
		return
	}
	w.raw(",0,[]")
	w.cnum(tt.id(t.Underlying()))
	w.raw(",[")
	for i := range t.NumMethods() {
		if i > 0 {
			w.comma()
		}
		w.num(e.objects.id(t.Method(i), 0))
	}
	w.raw("],")
	tt.writeTypeParams(w, t.TypeParams())
	w.comma()
	if local, ok := e.localTypes[t.Obj()]; ok {
		w.raw("[")
		w.num(local.number)
		w.cnum(local.owner)
		w.cbool(local.generic)
		w.raw("]")
	} else {
		w.null()
	}
	w.raw(",[")
	if iface, ok := t.Underlying().(*types.Interface); ok && e.spellings != nil {
		for i := range iface.NumMethods() {
			if i > 0 {
				w.comma()
			}
			w.num(e.objects.id(iface.Method(i), 0))
		}
	}
	w.raw("]")
}

func (tt *typeTable) writeStruct(w *jsonWriter, t *types.Struct) {
	w.raw(`["struct",[`)
	for i := range t.NumFields() {
		field := t.Field(i)
		if i > 0 {
			w.comma()
		}
		w.raw("[")
		w.str(field.Name())
		w.cnum(tt.id(field.Type()))
		w.cbool(field.Embedded())
		w.comma()
		w.bytes(t.Tag(i))
		w.cstr(packageOfName(field))
		w.raw("]")
	}
	w.raw("]")
}

// packageOfName returns the import path that qualifies an unexported name, "" for an exported one.
func packageOfName(obj types.Object) string {
	if obj.Exported() || obj.Pkg() == nil {
		return ""
	}
	return obj.Pkg().Path()
}

// writeInterface writes: methods [name, package of the name, signature, object] in the order of
// Selection.Index; terms [[tilde, type], ...], or null if the type set is not restricted; whether the
// interface is comparable.
func (tt *typeTable) writeInterface(w *jsonWriter, t *types.Interface) {
	w.raw(`["interface",[`)
	for i := range t.NumMethods() {
		method := t.Method(i)
		if i > 0 {
			w.comma()
		}
		w.raw("[")
		w.str(method.Name())
		w.cstr(packageOfName(method))
		w.cnum(tt.id(method.Type()))
		w.cnum(tt.e.objects.id(method, 0))
		w.raw("]")
	}
	w.raw("],")
	if terms, limited := termsOf(t); limited {
		writeTerms(w, tt, terms)
	} else {
		w.null()
	}
	w.cbool(t.IsComparable())
}

func writeTerms(w *jsonWriter, tt *typeTable, terms []*types.Term) {
	writeList(w, terms, func(term *types.Term) {
		w.raw("[")
		w.boolean(term.Tilde())
		w.cnum(tt.id(term.Type()))
		w.raw("]")
	})
}

// termsOf returns the type terms of a constraint. limited is false if the constraint admits every type.
func termsOf(t types.Type) (terms []*types.Term, limited bool) {
	switch u := t.Underlying().(type) {
	case *types.Interface:
		for i := range u.NumEmbeddeds() {
			more, ok := termsOf(u.EmbeddedType(i))
			switch {
			case !ok:
			case !limited:
				terms, limited = more, true
			default:
				terms = intersectTerms(terms, more)
			}
		}
		return terms, limited
	case *types.Union:
		return unionTerms(u), !unlimited(u)
	default:
		return []*types.Term{types.NewTerm(false, t)}, true
	}
}

func unlimited(u *types.Union) bool {
	for term := range u.Terms() {
		if types.IsInterface(term.Type()) {
			if _, ok := termsOf(term.Type()); !ok {
				return true
			}
		}
	}
	return false
}

func unionTerms(u *types.Union) []*types.Term {
	var terms []*types.Term
	for term := range u.Terms() {
		if types.IsInterface(term.Type()) {
			more, _ := termsOf(term.Type())
			terms = append(terms, more...)
		} else {
			terms = append(terms, term)
		}
	}
	return terms
}

func intersectTerms(a, b []*types.Term) []*types.Term {
	var common []*types.Term
	for _, x := range a {
		for _, y := range b {
			switch {
			case types.Identical(x.Type(), y.Type()):
				common = append(common, types.NewTerm(x.Tilde() && y.Tilde(), x.Type()))
			case x.Tilde() && types.Identical(x.Type(), y.Type().Underlying()):
				common = append(common, y)
			case y.Tilde() && types.Identical(y.Type(), x.Type().Underlying()):
				common = append(common, x)
			}
		}
	}
	return common
}
