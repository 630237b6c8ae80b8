package main

import "go/types"

// typeHash returns a hash of a type. Identical types (types.Identical) have equal hashes.
//
// Parts below the depth do not influence the hash. Type parameters count by their index, since
// go/types treats type parameters of generic signatures as identical up to renaming.
func typeHash(t types.Type, depth int) uint32 {
	if depth == 0 {
		return 7
	}
	depth--
	switch t := t.(type) {
	case *types.Basic:
		return uint32(t.Kind()) + 11
	case *types.Pointer:
		return 3*typeHash(t.Elem(), depth) + 101
	case *types.Slice:
		return 5*typeHash(t.Elem(), depth) + 103
	case *types.Array:
		return 7*typeHash(t.Elem(), depth) + 107 + uint32(t.Len())
	case *types.Map:
		return 11*typeHash(t.Key(), depth) + 13*typeHash(t.Elem(), depth) + 109
	case *types.Chan:
		return 17*typeHash(t.Elem(), depth) + uint32(t.Dir()) + 113
	case *types.Struct:
		h := uint32(127) + uint32(t.NumFields())
		for i := range t.NumFields() {
			h = h*31 + stringHash(t.Field(i).Name()) + typeHash(t.Field(i).Type(), depth)
		}
		return h
	case *types.Signature:
		if t.TypeParams().Len() > 0 {
			return 131
		}
		return tupleHash(t.Params(), depth)*37 + tupleHash(t.Results(), depth) + 137
	case *types.Tuple:
		return tupleHash(t, depth) + 139
	case *types.Interface:
		h := uint32(149)
		for i := range t.NumMethods() {
			h = h*41 + stringHash(t.Method(i).Name())
		}
		return h
	case *types.Union:
		return 151 + uint32(t.Len())
	case *types.TypeParam:
		return 157 + uint32(t.Index())
	case *types.Named:
		h := stringHash(t.Obj().Name()) + 163
		args := t.TypeArgs()
		for i := range args.Len() {
			h = h*43 + typeHash(types.Unalias(args.At(i)), depth)
		}
		return h
	case *types.Alias:
		return typeHash(types.Unalias(t), depth+1)
	}
	return 1
}

func tupleHash(t *types.Tuple, depth int) uint32 {
	h := uint32(t.Len())
	for i := range t.Len() {
		h = h*47 + typeHash(t.At(i).Type(), depth)
	}
	return h
}

// stringHash is FNV-1a.
func stringHash(s string) uint32 {
	h := uint32(2166136261)
	for i := range len(s) {
		h = (h ^ uint32(s[i])) * 16777619
	}
	return h
}
