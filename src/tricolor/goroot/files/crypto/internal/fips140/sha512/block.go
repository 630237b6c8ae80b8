// Blocks of SHA-512. Sixteen rounds are written out, so that the variables do not move between registers.

package sha512

import (
	"math/bits"
	"unsafe"
)

func block(dig *Digest, p []byte) {
	h := dig.h
	for at := unsafe.Pointer(unsafe.SliceData(p)); len(p) >= chunk; at, p = unsafe.Add(at, chunk), p[chunk:] {
		addBlock(&h, (*[16]uint64)(at))
	}
	dig.h = h
}

// mix returns what a round makes of d and h. x is the sum of the round's word and constant.
func mix(a, b, c, d, e, f, g, h, x uint64) (uint64, uint64) {
	h += x + (bits.RotateLeft64(e, -14) ^ bits.RotateLeft64(e, -18) ^ bits.RotateLeft64(e, -41)) + (g ^ e&(f^g))
	return d + h, h + (bits.RotateLeft64(a, -28) ^ bits.RotateLeft64(a, -34) ^ bits.RotateLeft64(a, -39)) + (a&b | c&(a|b))
}

// extend returns the word of the schedule sixteen after w0.
func extend(w0, w1, w9, w14 uint64) uint64 {
	low := bits.RotateLeft64(w1, -1) ^ bits.RotateLeft64(w1, -8) ^ w1>>7
	return w0 + w9 + low + (bits.RotateLeft64(w14, -19) ^ bits.RotateLeft64(w14, -61) ^ w14>>6)
}

func addBlock(dig *[8]uint64, p *[16]uint64) {
	var w [16]uint64
	for i := range w {
		w[i] = bits.ReverseBytes64(p[i])
	}
	a, b, c, d, e, f, g, h := dig[0], dig[1], dig[2], dig[3], dig[4], dig[5], dig[6], dig[7]
	for n := 0; ; n += 16 {
		k := (*[16]uint64)(unsafe.Pointer(&_K[n]))
		d, h = mix(a, b, c, d, e, f, g, h, w[0]+k[0])
		c, g = mix(h, a, b, c, d, e, f, g, w[1]+k[1])
		b, f = mix(g, h, a, b, c, d, e, f, w[2]+k[2])
		a, e = mix(f, g, h, a, b, c, d, e, w[3]+k[3])
		h, d = mix(e, f, g, h, a, b, c, d, w[4]+k[4])
		g, c = mix(d, e, f, g, h, a, b, c, w[5]+k[5])
		f, b = mix(c, d, e, f, g, h, a, b, w[6]+k[6])
		e, a = mix(b, c, d, e, f, g, h, a, w[7]+k[7])
		d, h = mix(a, b, c, d, e, f, g, h, w[8]+k[8])
		c, g = mix(h, a, b, c, d, e, f, g, w[9]+k[9])
		b, f = mix(g, h, a, b, c, d, e, f, w[10]+k[10])
		a, e = mix(f, g, h, a, b, c, d, e, w[11]+k[11])
		h, d = mix(e, f, g, h, a, b, c, d, w[12]+k[12])
		g, c = mix(d, e, f, g, h, a, b, c, w[13]+k[13])
		f, b = mix(c, d, e, f, g, h, a, b, w[14]+k[14])
		e, a = mix(b, c, d, e, f, g, h, a, w[15]+k[15])
		if n == 64 {
			break
		}
		w[0] = extend(w[0], w[1], w[9], w[14])
		w[1] = extend(w[1], w[2], w[10], w[15])
		w[2] = extend(w[2], w[3], w[11], w[0])
		w[3] = extend(w[3], w[4], w[12], w[1])
		w[4] = extend(w[4], w[5], w[13], w[2])
		w[5] = extend(w[5], w[6], w[14], w[3])
		w[6] = extend(w[6], w[7], w[15], w[4])
		w[7] = extend(w[7], w[8], w[0], w[5])
		w[8] = extend(w[8], w[9], w[1], w[6])
		w[9] = extend(w[9], w[10], w[2], w[7])
		w[10] = extend(w[10], w[11], w[3], w[8])
		w[11] = extend(w[11], w[12], w[4], w[9])
		w[12] = extend(w[12], w[13], w[5], w[10])
		w[13] = extend(w[13], w[14], w[6], w[11])
		w[14] = extend(w[14], w[15], w[7], w[12])
		w[15] = extend(w[15], w[0], w[8], w[13])
	}
	dig[0] += a
	dig[1] += b
	dig[2] += c
	dig[3] += d
	dig[4] += e
	dig[5] += f
	dig[6] += g
	dig[7] += h
}
