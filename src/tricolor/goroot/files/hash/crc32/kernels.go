// Checksums by the processor's instructions: Castagnoli's polynomial by CRC32, IEEE's by carry-less multiplication.
//
// Source: Gopal and others, Fast CRC Computation for Generic Polynomials Using PCLMULQDQ Instruction, Intel, 2009.

package crc32

import (
	"internal/runtime/sys"
	"unsafe"
)

func castagnoliSSE42(crc uint32, p []byte) uint32 {
	sum := uint64(crc)
	at := unsafe.Pointer(unsafe.SliceData(p))
	n := len(p)
	for ; n >= 8; n -= 8 {
		sum = sys.CRC32Castagnoli64(sum, *(*uint64)(at))
		at = unsafe.Add(at, 8)
	}
	crc = uint32(sum)
	for _, b := range p[len(p)-n:] {
		crc = sys.CRC32Castagnoli8(crc, b)
	}
	return crc
}

// castagnoliSSE42Triple goes on with three checksums at the same time, by 24 bytes in each round.
func castagnoliSSE42Triple(crcA, crcB, crcC uint32, a, b, c []byte, rounds uint32) (retA uint32, retB uint32, retC uint32) {
	x, y, z := uint64(crcA), uint64(crcB), uint64(crcC)
	p, q, r := unsafe.Pointer(unsafe.SliceData(a)), unsafe.Pointer(unsafe.SliceData(b)), unsafe.Pointer(unsafe.SliceData(c))
	for at := uint32(0); at < 24*rounds; at += 8 {
		x = sys.CRC32Castagnoli64(x, *(*uint64)(unsafe.Add(p, at)))
		y = sys.CRC32Castagnoli64(y, *(*uint64)(unsafe.Add(q, at)))
		z = sys.CRC32Castagnoli64(z, *(*uint64)(unsafe.Add(r, at)))
	}
	return uint32(x), uint32(y), uint32(z)
}

// Powers of x modulo the polynomial, with their bits reversed: what moves 16 bytes over the next 64, over the next 16, and over 8.
const (
	over64Low, over64High = 0x154442bd4, 0x1c6e41596
	over16Low, over16High = 0x1751997d0, 0x0ccaa009e
	over8                 = 0x163cd6124
	polynomial, quotient  = 0x1db710641, 0x1f7011641
)

// fold moves x over the bytes between it and next, and adds next.
func fold(x, constants, next *sys.Vector) {
	var low sys.Vector
	sys.VectorMultiplyLow(&low, x, constants)
	sys.VectorMultiplyHigh(x, x, constants)
	sys.VectorXor(x, x, &low)
	sys.VectorXor(x, x, next)
}

// ieeeCLMUL goes on with a checksum. The length is at least 64, and a multiple of 16.
func ieeeCLMUL(crc uint32, p []byte) uint32 {
	at := unsafe.Pointer(unsafe.SliceData(p))
	var x0, x1, x2, x3 sys.Vector
	first := sys.Vector{Low: uint64(crc)}
	sys.VectorXor(&x0, &first, (*sys.Vector)(at))
	sys.VectorCopy(&x1, (*sys.Vector)(unsafe.Add(at, 16)))
	sys.VectorCopy(&x2, (*sys.Vector)(unsafe.Add(at, 32)))
	sys.VectorCopy(&x3, (*sys.Vector)(unsafe.Add(at, 48)))
	n := len(p) - 64
	constants := sys.Vector{Low: over64Low, High: over64High}
	for ; n >= 64; n -= 64 {
		at = unsafe.Add(at, 64)
		fold(&x0, &constants, (*sys.Vector)(at))
		fold(&x1, &constants, (*sys.Vector)(unsafe.Add(at, 16)))
		fold(&x2, &constants, (*sys.Vector)(unsafe.Add(at, 32)))
		fold(&x3, &constants, (*sys.Vector)(unsafe.Add(at, 48)))
	}
	constants = sys.Vector{Low: over16Low, High: over16High}
	fold(&x0, &constants, &x1)
	fold(&x0, &constants, &x2)
	fold(&x0, &constants, &x3)
	for at = unsafe.Add(at, 48); n >= 16; n -= 16 {
		at = unsafe.Add(at, 16)
		fold(&x0, &constants, (*sys.Vector)(at))
	}
	return reduce(x0, constants)
}

// reduce divides 16 bytes by the polynomial and returns the rest.
func reduce(x, constants sys.Vector) uint32 {
	var product sys.Vector
	sys.VectorMultiplyLowHigh(&product, &x, &constants)
	low, high := x.High^product.Low, product.High

	factor := sys.Vector{Low: over8}
	x = sys.Vector{Low: low & 0xffffffff}
	sys.VectorMultiplyLow(&product, &x, &factor)
	rest := low>>32 | high<<32
	rest ^= product.Low

	factor = sys.Vector{Low: polynomial, High: quotient}
	x = sys.Vector{Low: rest & 0xffffffff}
	sys.VectorMultiplyLowHigh(&product, &x, &factor)
	x = sys.Vector{Low: product.Low & 0xffffffff}
	sys.VectorMultiplyLow(&product, &x, &factor)
	return uint32((rest ^ product.Low) >> 32)
}
