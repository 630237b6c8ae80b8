// AES by the processor's instructions. Keys are stored as the instructions read them: the bytes of each word in the order of the text.

package aes

import (
	"crypto/internal/fips140deps/byteorder"
	"crypto/internal/fips140deps/cpu"
	"math/bits"
	"unsafe"
)

func vector(p unsafe.Pointer, at int) *cpu.Vector {
	return (*cpu.Vector)(unsafe.Add(p, at))
}

func encryptBlockAsm(nr int, xk *uint32, dst, src *byte) {
	key := unsafe.Pointer(xk)
	var x cpu.Vector
	cpu.VectorXor(&x, vector(unsafe.Pointer(src), 0), vector(key, 0))
	for range nr - 1 {
		key = unsafe.Add(key, BlockSize)
		cpu.AESEncrypt(&x, &x, vector(key, 0))
	}
	cpu.AESEncryptLast(&x, &x, vector(key, BlockSize))
	cpu.VectorCopy(vector(unsafe.Pointer(dst), 0), &x)
}

func decryptBlockAsm(nr int, xk *uint32, dst, src *byte) {
	key := unsafe.Pointer(xk)
	var x cpu.Vector
	cpu.VectorXor(&x, vector(unsafe.Pointer(src), 0), vector(key, 0))
	for range nr - 1 {
		key = unsafe.Add(key, BlockSize)
		cpu.AESDecrypt(&x, &x, vector(key, 0))
	}
	cpu.AESDecryptLast(&x, &x, vector(key, BlockSize))
	cpu.VectorCopy(vector(unsafe.Pointer(dst), 0), &x)
}

// substitute applies the S-box to each byte of a word. The last round does so, and moves bytes between words that are equal here.
func substitute(w uint32) uint32 {
	both := uint64(w) | uint64(w)<<32
	x, zero := cpu.Vector{Low: both, High: both}, cpu.Vector{}
	cpu.AESEncryptLast(&x, &x, &zero)
	return uint32(x.Low)
}

func expandKeyAsm(nr int, key *byte, enc *uint32, dec *uint32) {
	words := 4 * (nr + 1)
	length := nr - 6 // of the key, in words
	w := unsafe.Slice(enc, words)
	text := unsafe.Slice(key, 4*length)
	for i := range length {
		w[i] = bits.ReverseBytes32(byteorder.BEUint32(text[4*i:]))
	}
	for i := length; i < words; i++ {
		t := w[i-1]
		if i%length == 0 {
			t = bits.RotateLeft32(substitute(t), -8) ^ uint32(powx[i/length-1])
		} else if length > 6 && i%length == 4 {
			t = substitute(t)
		}
		w[i] = w[i-length] ^ t
	}
	from, to := unsafe.Pointer(enc), unsafe.Pointer(dec)
	cpu.VectorCopy(vector(to, 0), vector(from, nr*BlockSize))
	for i := 1; i < nr; i++ {
		cpu.AESInverseMixColumns(vector(to, i*BlockSize), vector(from, (nr-i)*BlockSize))
	}
	cpu.VectorCopy(vector(to, nr*BlockSize), vector(from, 0))
}

// counterBlock returns the counter after n blocks, as a block.
func counterBlock(low, high, n uint64) cpu.Vector {
	low, carry := bits.Add64(low, n, 0)
	return cpu.Vector{Low: bits.ReverseBytes64(high + carry), High: bits.ReverseBytes64(low)}
}

func ctrBlock(nr int, key, dst, src unsafe.Pointer, x cpu.Vector) {
	cpu.VectorXor(&x, &x, vector(key, 0))
	for range nr - 1 {
		key = unsafe.Add(key, BlockSize)
		cpu.AESEncrypt(&x, &x, vector(key, 0))
	}
	cpu.AESEncryptLast(&x, &x, vector(key, BlockSize))
	cpu.VectorXor(vector(dst, 0), &x, vector(src, 0))
}

func ctrFew(n, nr int, xk *[60]uint32, dst, src unsafe.Pointer, ivlo, ivhi uint64) {
	for i := range n {
		ctrBlock(nr, unsafe.Pointer(xk), unsafe.Add(dst, i*BlockSize), unsafe.Add(src, i*BlockSize), counterBlock(ivlo, ivhi, uint64(i)))
	}
}

func ctrBlocks1Asm(nr int, xk *[60]uint32, dst, src *[BlockSize]byte, ivlo, ivhi uint64) {
	ctrFew(1, nr, xk, unsafe.Pointer(dst), unsafe.Pointer(src), ivlo, ivhi)
}

func ctrBlocks2Asm(nr int, xk *[60]uint32, dst, src *[2 * BlockSize]byte, ivlo, ivhi uint64) {
	ctrFew(2, nr, xk, unsafe.Pointer(dst), unsafe.Pointer(src), ivlo, ivhi)
}

func ctrBlocks4Asm(nr int, xk *[60]uint32, dst, src *[4 * BlockSize]byte, ivlo, ivhi uint64) {
	ctrFew(4, nr, xk, unsafe.Pointer(dst), unsafe.Pointer(src), ivlo, ivhi)
}

func ctrBlocks8Asm(nr int, xk *[60]uint32, dst, src *[8 * BlockSize]byte, ivlo, ivhi uint64) {
	var counters [8]cpu.Vector
	for i := range counters {
		counters[i] = counterBlock(ivlo, ivhi, uint64(i))
	}
	CryptEight(unsafe.Pointer(xk), nr, unsafe.Pointer(dst), unsafe.Pointer(src), &counters)
}

// CryptEight encrypts the counters, and stores at to what they make of the eight blocks at from. Package gcm calls it too.
func CryptEight(key unsafe.Pointer, rounds int, to, from unsafe.Pointer, counters *[8]cpu.Vector) {
	b0, b1, b2, b3 := counters[0], counters[1], counters[2], counters[3]
	b4, b5, b6, b7 := counters[4], counters[5], counters[6], counters[7]
	cpu.VectorXor(&b0, &b0, vector(key, 0))
	cpu.VectorXor(&b1, &b1, vector(key, 0))
	cpu.VectorXor(&b2, &b2, vector(key, 0))
	cpu.VectorXor(&b3, &b3, vector(key, 0))
	cpu.VectorXor(&b4, &b4, vector(key, 0))
	cpu.VectorXor(&b5, &b5, vector(key, 0))
	cpu.VectorXor(&b6, &b6, vector(key, 0))
	cpu.VectorXor(&b7, &b7, vector(key, 0))
	for range rounds - 1 {
		key = unsafe.Add(key, BlockSize)
		cpu.AESEncrypt(&b0, &b0, vector(key, 0))
		cpu.AESEncrypt(&b1, &b1, vector(key, 0))
		cpu.AESEncrypt(&b2, &b2, vector(key, 0))
		cpu.AESEncrypt(&b3, &b3, vector(key, 0))
		cpu.AESEncrypt(&b4, &b4, vector(key, 0))
		cpu.AESEncrypt(&b5, &b5, vector(key, 0))
		cpu.AESEncrypt(&b6, &b6, vector(key, 0))
		cpu.AESEncrypt(&b7, &b7, vector(key, 0))
	}
	cpu.AESEncryptLast(&b0, &b0, vector(key, BlockSize))
	cpu.AESEncryptLast(&b1, &b1, vector(key, BlockSize))
	cpu.AESEncryptLast(&b2, &b2, vector(key, BlockSize))
	cpu.AESEncryptLast(&b3, &b3, vector(key, BlockSize))
	cpu.AESEncryptLast(&b4, &b4, vector(key, BlockSize))
	cpu.AESEncryptLast(&b5, &b5, vector(key, BlockSize))
	cpu.AESEncryptLast(&b6, &b6, vector(key, BlockSize))
	cpu.AESEncryptLast(&b7, &b7, vector(key, BlockSize))
	cpu.VectorXor(vector(to, 0), &b0, vector(from, 0))
	cpu.VectorXor(vector(to, BlockSize), &b1, vector(from, BlockSize))
	cpu.VectorXor(vector(to, 2*BlockSize), &b2, vector(from, 2*BlockSize))
	cpu.VectorXor(vector(to, 3*BlockSize), &b3, vector(from, 3*BlockSize))
	cpu.VectorXor(vector(to, 4*BlockSize), &b4, vector(from, 4*BlockSize))
	cpu.VectorXor(vector(to, 5*BlockSize), &b5, vector(from, 5*BlockSize))
	cpu.VectorXor(vector(to, 6*BlockSize), &b6, vector(from, 6*BlockSize))
	cpu.VectorXor(vector(to, 7*BlockSize), &b7, vector(from, 7*BlockSize))
}
