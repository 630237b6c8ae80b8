// Functions that the compiler replaces by instructions.
package main

import (
	"crypto/hmac"
	"crypto/subtle"
	"fmt"
	"math/big"
	"math/bits"
)

//go:noinline
func divide(hi, lo, y uint64) (quo, rem uint64, text any) {
	defer func() { text = recover() }()
	quo, rem = bits.Div64(hi, lo, y)
	return
}

func main() {
	a, b := []byte("ab"), []byte("ac")
	fmt.Println(subtle.ConstantTimeCompare(a, a), subtle.ConstantTimeCompare(a, b), subtle.ConstantTimeCompare(a, a[:1]))
	fmt.Println(subtle.ConstantTimeByteEq(3, 3), subtle.ConstantTimeByteEq(3, 4), subtle.ConstantTimeEq(-1, -1), subtle.ConstantTimeEq(1, -1))
	fmt.Println(subtle.ConstantTimeLessOrEq(1, 2), subtle.ConstantTimeLessOrEq(2, 1), subtle.ConstantTimeSelect(1, 7, 8), subtle.ConstantTimeSelect(0, 7, 8))
	fmt.Println(hmac.Equal(a, a), hmac.Equal(a, b))
	for _, in := range [][3]uint64{{1, 0, 2}, {0, 17, 5}, {1 << 62, 12345, 1<<63 + 1}, {2, 0, 2}, {3, 0, 2}, {0, 1, 0}} {
		fmt.Println(divide(in[0], in[1], in[2]))
	}
	quo, rem := bits.Div(1, 1, 3)
	fmt.Println(quo, rem, bits.Rem64(5, 6, 7))
	x, _ := new(big.Int).SetString("123456789012345678901234567890123456789", 10)
	y := big.NewInt(987654321)
	fmt.Println(new(big.Int).Mul(x, x), new(big.Int).Div(x, y), new(big.Int).Exp(x, y, big.NewInt(1000000007)))
}
