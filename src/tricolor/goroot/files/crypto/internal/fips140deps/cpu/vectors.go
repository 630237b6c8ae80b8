// The vector instructions of internal/runtime/sys. Package fips140 may import other internal packages through fips140deps only.

package cpu

import (
	"internal/runtime/sys"
	_ "unsafe" // for linkname
)

// Vector is 16 bytes that vector instructions work on.
type Vector = sys.Vector

//go:linkname VectorCopy internal/runtime/sys.VectorCopy
//go:noescape
func VectorCopy(dst, x *Vector)

//go:linkname VectorXor internal/runtime/sys.VectorXor
//go:noescape
func VectorXor(dst, x, y *Vector)

//go:linkname VectorAdd32 internal/runtime/sys.VectorAdd32
//go:noescape
func VectorAdd32(dst, x, y *Vector)

//go:linkname VectorSwapHalves internal/runtime/sys.VectorSwapHalves
//go:noescape
func VectorSwapHalves(dst, x *Vector)

//go:linkname VectorReverseBytes internal/runtime/sys.VectorReverseBytes
//go:noescape
func VectorReverseBytes(dst, x *Vector)

//go:linkname VectorReverseBytes32 internal/runtime/sys.VectorReverseBytes32
//go:noescape
func VectorReverseBytes32(dst, x *Vector)

//go:linkname VectorMultiplyLow internal/runtime/sys.VectorMultiplyLow
//go:noescape
func VectorMultiplyLow(dst, x, y *Vector)

//go:linkname VectorMultiplyHigh internal/runtime/sys.VectorMultiplyHigh
//go:noescape
func VectorMultiplyHigh(dst, x, y *Vector)

//go:linkname VectorMultiplyLowHigh internal/runtime/sys.VectorMultiplyLowHigh
//go:noescape
func VectorMultiplyLowHigh(dst, x, y *Vector)

//go:linkname AESEncrypt internal/runtime/sys.AESEncrypt
//go:noescape
func AESEncrypt(dst, x, key *Vector)

//go:linkname AESEncryptLast internal/runtime/sys.AESEncryptLast
//go:noescape
func AESEncryptLast(dst, x, key *Vector)

//go:linkname AESDecrypt internal/runtime/sys.AESDecrypt
//go:noescape
func AESDecrypt(dst, x, key *Vector)

//go:linkname AESDecryptLast internal/runtime/sys.AESDecryptLast
//go:noescape
func AESDecryptLast(dst, x, key *Vector)

//go:linkname AESInverseMixColumns internal/runtime/sys.AESInverseMixColumns
//go:noescape
func AESInverseMixColumns(dst, x *Vector)

//go:linkname SHA256Rounds internal/runtime/sys.SHA256Rounds
//go:noescape
func SHA256Rounds(dst, hgdc, feba, sums *Vector)

//go:linkname SHA256Schedule internal/runtime/sys.SHA256Schedule
//go:noescape
func SHA256Schedule(dst, w0, w1, w2, w3 *Vector)

//go:linkname SHA1NextE internal/runtime/sys.SHA1NextE
//go:noescape
func SHA1NextE(dst, dcba, words *Vector)

//go:linkname SHA1Schedule1 internal/runtime/sys.SHA1Schedule1
//go:noescape
func SHA1Schedule1(dst, w0, w1 *Vector)

//go:linkname SHA1Schedule2 internal/runtime/sys.SHA1Schedule2
//go:noescape
func SHA1Schedule2(dst, x, w3 *Vector)

//go:linkname SHA1Rounds0 internal/runtime/sys.SHA1Rounds0
//go:noescape
func SHA1Rounds0(dst, dcba, words *Vector)

//go:linkname SHA1Rounds1 internal/runtime/sys.SHA1Rounds1
//go:noescape
func SHA1Rounds1(dst, dcba, words *Vector)

//go:linkname SHA1Rounds2 internal/runtime/sys.SHA1Rounds2
//go:noescape
func SHA1Rounds2(dst, dcba, words *Vector)

//go:linkname SHA1Rounds3 internal/runtime/sys.SHA1Rounds3
//go:noescape
func SHA1Rounds3(dst, dcba, words *Vector)
