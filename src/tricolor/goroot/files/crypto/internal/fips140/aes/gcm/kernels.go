// GCM by the processor's instructions for AES and for carry-less multiplication.
//
// Terms: a block for the hash is a polynomial whose bits run from the highest to the lowest, so its bytes are reversed when it is loaded. The
// powers H to H⁸ of the hash's key are kept multiplied by x: this makes up for the product of two reversed polynomials, which lacks one shift.
// Product table: 16 bytes for each power, then 16 bytes whose low half is the sum of its halves.
//
// How it works: eight blocks are encrypted together, since a round has a latency of several clocks. Their eight products are added before the
// sum is reduced once.
//
// Source: Gueron and Kounavis, Intel Carry-Less Multiplication Instruction and its Usage for Computing the GCM Mode, 2010.

package gcm

import (
	"crypto/internal/fips140/aes"
	"crypto/internal/fips140deps/byteorder"
	"crypto/internal/fips140deps/cpu"
	"math/bits"
	"unsafe"
)

const (
	eightBlocks = 8 * gcmBlockSize
	reduction   = 0xc2 << 56
)

func vector(p unsafe.Pointer, at int) *cpu.Vector {
	return (*cpu.Vector)(unsafe.Add(p, at))
}

// product is a sum of products, not reduced: of the low halves, of the high halves, and of the sums of the halves.
type product struct{ low, high, middle cpu.Vector }

// add adds a block times a power.
func (p *product) add(block, power, powerSum *cpu.Vector) {
	var t, sum cpu.Vector
	cpu.VectorMultiplyLow(&t, block, power)
	cpu.VectorXor(&p.low, &p.low, &t)
	cpu.VectorMultiplyHigh(&t, block, power)
	cpu.VectorXor(&p.high, &p.high, &t)
	cpu.VectorSwapHalves(&sum, block)
	cpu.VectorXor(&sum, &sum, block)
	cpu.VectorMultiplyLow(&t, &sum, powerSum)
	cpu.VectorXor(&p.middle, &p.middle, &t)
}

// reduce stores the sum modulo the polynomial.
func (p *product) reduce(dst *cpu.Vector) {
	polynomial := cpu.Vector{Low: reduction}
	cpu.VectorXor(&p.middle, &p.middle, &p.low)
	cpu.VectorXor(&p.middle, &p.middle, &p.high)
	p.low.High ^= p.middle.Low
	p.high.Low ^= p.middle.High
	var t cpu.Vector
	cpu.VectorMultiplyLow(&t, &p.low, &polynomial)
	cpu.VectorSwapHalves(&p.low, &p.low)
	cpu.VectorXor(&p.low, &p.low, &t)
	cpu.VectorMultiplyLow(&t, &p.low, &polynomial)
	cpu.VectorSwapHalves(&p.low, &p.low)
	cpu.VectorXor(&p.low, &p.low, &t)
	cpu.VectorXor(dst, &p.low, &p.high)
}

// hashBlock goes on with a hash by one block.
func hashBlock(table unsafe.Pointer, hash, block *cpu.Vector) {
	var x cpu.Vector
	cpu.VectorReverseBytes(&x, block)
	cpu.VectorXor(&x, &x, hash)
	var p product
	p.add(&x, vector(table, 0), vector(table, gcmBlockSize))
	p.reduce(hash)
}

// hashEight goes on with a hash by eight blocks.
func hashEight(table unsafe.Pointer, hash *cpu.Vector, blocks unsafe.Pointer) {
	var x cpu.Vector
	cpu.VectorReverseBytes(&x, vector(blocks, 0))
	cpu.VectorXor(&x, &x, hash)
	var p product
	p.add(&x, vector(table, 14*gcmBlockSize), vector(table, 15*gcmBlockSize))
	for i := 1; i < 8; i++ {
		cpu.VectorReverseBytes(&x, vector(blocks, i*gcmBlockSize))
		p.add(&x, vector(table, (14-2*i)*gcmBlockSize), vector(table, (15-2*i)*gcmBlockSize))
	}
	p.reduce(hash)
}

// hashBytes goes on with a hash. The last block is filled up with zeros.
func hashBytes(table unsafe.Pointer, hash *cpu.Vector, data []byte) {
	at, n := unsafe.Pointer(unsafe.SliceData(data)), len(data)
	for ; n >= eightBlocks; n -= eightBlocks {
		hashEight(table, hash, at)
		at = unsafe.Add(at, eightBlocks)
	}
	for ; n >= gcmBlockSize; n -= gcmBlockSize {
		hashBlock(table, hash, vector(at, 0))
		at = unsafe.Add(at, gcmBlockSize)
	}
	if n > 0 {
		var last [gcmBlockSize]byte
		copy(last[:], data[len(data)-n:])
		hashBlock(table, hash, vector(unsafe.Pointer(&last), 0))
	}
}

func keep(table unsafe.Pointer, n int, power cpu.Vector) {
	*vector(table, 2*n*gcmBlockSize) = power
	*vector(table, (2*n+1)*gcmBlockSize) = cpu.Vector{Low: power.Low ^ power.High}
}

func gcmAesInit(productTable *[256]byte, ks []uint32) {
	table := unsafe.Pointer(productTable)
	var zero, key cpu.Vector
	encryptBlock(unsafe.Pointer(&ks[0]), len(ks)/4-1, &key, zero)
	cpu.VectorReverseBytes(&key, &key)
	carry := -(key.High >> 63)
	key = cpu.Vector{Low: key.Low<<1 ^ carry&1, High: (key.High<<1 | key.Low>>63) ^ carry&reduction}
	power := key
	keep(table, 0, key)
	for i := 1; i < 8; i++ {
		var p product
		p.add(&power, vector(table, 0), vector(table, gcmBlockSize))
		p.reduce(&power)
		keep(table, i, power)
	}
}

func gcmAesData(productTable *[256]byte, data []byte, T *[16]byte) {
	hash := *vector(unsafe.Pointer(T), 0)
	hashBytes(unsafe.Pointer(productTable), &hash, data)
	*vector(unsafe.Pointer(T), 0) = hash
}

func gcmAesFinish(productTable *[256]byte, tagMask, T *[16]byte, pLen, dLen uint64) {
	hash := *vector(unsafe.Pointer(T), 0)
	lengths := cpu.Vector{Low: bits.ReverseBytes64(8 * dLen), High: bits.ReverseBytes64(8 * pLen)}
	hashBlock(unsafe.Pointer(productTable), &hash, &lengths)
	cpu.VectorReverseBytes(&hash, &hash)
	cpu.VectorXor(vector(unsafe.Pointer(T), 0), &hash, vector(unsafe.Pointer(tagMask), 0))
}

func gcmAesEnc(productTable *[256]byte, dst, src []byte, ctr, T *[16]byte, ks []uint32) {
	crypt(unsafe.Pointer(productTable), dst, src, ctr, T, ks, true)
}

func gcmAesDec(productTable *[256]byte, dst, src []byte, ctr, T *[16]byte, ks []uint32) {
	crypt(unsafe.Pointer(productTable), dst, src, ctr, T, ks, false)
}

// crypt encrypts or decrypts, and goes on with the hash by the encrypted text. The counter is that of the block before the first.
func crypt(table unsafe.Pointer, dst, src []byte, ctr, T *[16]byte, ks []uint32, encrypts bool) {
	key, rounds := unsafe.Pointer(&ks[0]), len(ks)/4-1
	from, to, n := unsafe.Pointer(unsafe.SliceData(src)), unsafe.Pointer(unsafe.SliceData(dst)), len(src)
	hash := *vector(unsafe.Pointer(T), 0)
	counter := counters{*vector(unsafe.Pointer(ctr), 0), byteorder.BEUint32(ctr[12:])}
	for ; n >= eightBlocks; n -= eightBlocks {
		if !encrypts {
			hashEight(table, &hash, from)
		}
		var blocks [8]cpu.Vector
		for i := range blocks {
			blocks[i] = counter.next()
		}
		aes.CryptEight(key, rounds, to, from, &blocks)
		if encrypts {
			hashEight(table, &hash, to)
		}
		from, to = unsafe.Add(from, eightBlocks), unsafe.Add(to, eightBlocks)
	}
	for ; n >= gcmBlockSize; n -= gcmBlockSize {
		var x, mask cpu.Vector
		cpu.VectorCopy(&x, vector(from, 0))
		encryptBlock(key, rounds, &mask, counter.next())
		cpu.VectorXor(&mask, &mask, &x)
		cpu.VectorCopy(vector(to, 0), &mask)
		if encrypts {
			x = mask
		}
		hashBlock(table, &hash, &x)
		from, to = unsafe.Add(from, gcmBlockSize), unsafe.Add(to, gcmBlockSize)
	}
	if n > 0 {
		cryptRest(table, key, rounds, dst[len(src)-n:len(src)], src[len(src)-n:], counter.next(), &hash, encrypts)
	}
	*vector(unsafe.Pointer(T), 0) = hash
}

// cryptRest does what crypt does for less than a block.
func cryptRest(table, key unsafe.Pointer, rounds int, dst, src []byte, counter cpu.Vector, hash *cpu.Vector, encrypts bool) {
	var mask, last [gcmBlockSize]byte
	encryptBlock(key, rounds, vector(unsafe.Pointer(&mask), 0), counter)
	copy(last[:], src)
	for i := range src {
		dst[i] = last[i] ^ mask[i]
	}
	if encrypts {
		copy(last[:], dst)
	}
	hashBlock(table, hash, vector(unsafe.Pointer(&last), 0))
}

func encryptBlock(key unsafe.Pointer, rounds int, dst *cpu.Vector, x cpu.Vector) {
	cpu.VectorXor(&x, &x, vector(key, 0))
	for range rounds - 1 {
		key = unsafe.Add(key, gcmBlockSize)
		cpu.AESEncrypt(&x, &x, vector(key, 0))
	}
	cpu.AESEncryptLast(&x, &x, vector(key, gcmBlockSize))
	cpu.VectorCopy(dst, &x)
}

// counters makes counter blocks: the last four bytes of block count, wrapping around.
type counters struct {
	block cpu.Vector
	count uint32
}

func (c *counters) next() cpu.Vector {
	c.count++
	return cpu.Vector{Low: c.block.Low, High: c.block.High&0xffffffff | uint64(bits.ReverseBytes32(c.count))<<32}
}
