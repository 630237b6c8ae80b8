package main

import (
	"go/constant"
	"go/types"
	"math/big"
)

// writeConst appends ["i", n], ["f", "num/den"], ["c", real, imag], ["s", bytes] or ["b", bool]. The
// type decides the form (a float64 constant 1 is "f"); if it is not basic, the value's own kind does.
func writeConst(w *jsonWriter, t types.Type, v constant.Value) {
	kind := v.Kind()
	if basic, ok := types.Unalias(t).Underlying().(*types.Basic); ok {
		switch info := basic.Info(); {
		case info&types.IsInteger != 0:
			kind = constant.Int
		case info&types.IsFloat != 0:
			kind = constant.Float
		case info&types.IsComplex != 0:
			kind = constant.Complex
		}
	}
	switch kind {
	case constant.Int:
		w.raw(`["i",`)
		w.raw(constant.ToInt(v).ExactString())
	case constant.Float:
		w.raw(`["f",`)
		writeRational(w, v)
	case constant.Complex:
		w.raw(`["c",`)
		writeRational(w, constant.Real(v))
		w.comma()
		writeRational(w, constant.Imag(v))
	case constant.String:
		w.raw(`["s",`)
		w.bytes(constant.StringVal(v))
	case constant.Bool:
		w.raw(`["b",`)
		w.boolean(constant.BoolVal(v))
	default:
		fail("constant %s of type %s has no kind", v, t)
	}
	w.raw("]")
}

// writeRational appends the exact value of a real constant as "numerator/denominator".
func writeRational(w *jsonWriter, v constant.Value) {
	var exact *big.Rat
	switch x := constant.Val(constant.ToFloat(v)).(type) {
	case int64:
		exact = new(big.Rat).SetInt64(x)
	case *big.Int:
		exact = new(big.Rat).SetInt(x)
	case *big.Rat:
		exact = x
	case *big.Float:
		exact, _ = x.Rat(nil)
	}
	if exact == nil {
		fail("constant %s has no exact value", v)
	}
	w.str(exact.Num().String() + "/" + exact.Denom().String())
}
