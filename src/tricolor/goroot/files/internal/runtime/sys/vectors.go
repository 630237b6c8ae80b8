package sys

// Vector is 16 bytes that vector instructions work on. The code generator expands the functions below at each call. Each stores its result
// in dst; operands may have any alignment, and may be the same variable as dst.
type Vector struct{ Low, High uint64 }

//go:noescape
func VectorCopy(dst, x *Vector)

//go:noescape
func VectorXor(dst, x, y *Vector)

// VectorAdd32 adds four words of 32 bits.
//
//go:noescape
func VectorAdd32(dst, x, y *Vector)

//go:noescape
func VectorSwapHalves(dst, x *Vector)

//go:noescape
func VectorReverseBytes(dst, x *Vector)

// VectorReverseBytes32 reverses the bytes of each word of 32 bits.
//
//go:noescape
func VectorReverseBytes32(dst, x *Vector)

// VectorMultiplyLow multiplies polynomials over GF(2): the low halves of x and y. It needs PCLMULQDQ.
//
//go:noescape
func VectorMultiplyLow(dst, x, y *Vector)

// VectorMultiplyHigh multiplies the high halves.
//
//go:noescape
func VectorMultiplyHigh(dst, x, y *Vector)

// VectorMultiplyLowHigh multiplies the low half of x and the high half of y.
//
//go:noescape
func VectorMultiplyLowHigh(dst, x, y *Vector)

// AESEncrypt is one round of AES. It and the next four need AES.
//
//go:noescape
func AESEncrypt(dst, x, key *Vector)

//go:noescape
func AESEncryptLast(dst, x, key *Vector)

//go:noescape
func AESDecrypt(dst, x, key *Vector)

//go:noescape
func AESDecryptLast(dst, x, key *Vector)

//go:noescape
func AESInverseMixColumns(dst, x *Vector)

// SHA256Rounds makes two rounds: from {H, G, D, C}, {F, E, B, A}, and two sums of a word and a constant to the next {F, E, B, A}. What was
// {F, E, B, A} is the next {H, G, D, C}. It needs SHA, as all functions below but the last two.
//
//go:noescape
func SHA256Rounds(dst, hgdc, feba, sums *Vector)

// SHA256Schedule computes the next four words of the schedule from the last sixteen.
//
//go:noescape
func SHA256Schedule(dst, w0, w1, w2, w3 *Vector)

//go:noescape
func SHA1NextE(dst, dcba, words *Vector)

//go:noescape
func SHA1Schedule1(dst, w0, w1 *Vector)

//go:noescape
func SHA1Schedule2(dst, x, w3 *Vector)

// SHA1Rounds0 makes four rounds with the function of the first twenty rounds.
//
//go:noescape
func SHA1Rounds0(dst, dcba, words *Vector)

//go:noescape
func SHA1Rounds1(dst, dcba, words *Vector)

//go:noescape
func SHA1Rounds2(dst, dcba, words *Vector)

//go:noescape
func SHA1Rounds3(dst, dcba, words *Vector)

// CRC32Castagnoli8 goes on with a checksum, by one byte.
func CRC32Castagnoli8(crc uint32, next byte) uint32

// CRC32Castagnoli64 goes on with a checksum, by eight bytes.
func CRC32Castagnoli64(crc, next uint64) uint64
