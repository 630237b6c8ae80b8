// Blocks of SHA-256, by the processor's SHA instructions if it has them.

package sha256

import (
	"crypto/internal/fips140deps/cpu"
	"crypto/internal/impl"
	"unsafe"
)

var useSHANI = cpu.X86HasAVX && cpu.X86HasSHA && cpu.X86HasSSE41 && cpu.X86HasSSSE3

func init() {
	impl.Register("sha256", "SHA-NI", &useSHANI)
}

func block(dig *Digest, p []byte) {
	if useSHANI {
		blockSHANI(&dig.h, p)
	} else {
		blockGeneric(dig, p)
	}
}

func pair(low, high uint32) uint64 { return uint64(low) | uint64(high)<<32 }

// fourRounds makes rounds with four words of the schedule, whose constants begin at k.
func fourRounds(hgdc, feba, words *cpu.Vector, k int) {
	var sums cpu.Vector
	cpu.VectorAdd32(&sums, words, (*cpu.Vector)(unsafe.Pointer(&_K[k&63])))
	cpu.SHA256Rounds(hgdc, hgdc, feba, &sums)
	cpu.VectorSwapHalves(&sums, &sums)
	cpu.SHA256Rounds(feba, feba, hgdc, &sums)
}

func blockSHANI(h *[8]uint32, p []byte) {
	feba := cpu.Vector{Low: pair(h[5], h[4]), High: pair(h[1], h[0])}
	hgdc := cpu.Vector{Low: pair(h[7], h[6]), High: pair(h[3], h[2])}
	for at := unsafe.Pointer(unsafe.SliceData(p)); len(p) >= chunk; at, p = unsafe.Add(at, chunk), p[chunk:] {
		oldFEBA, oldHGDC := feba, hgdc
		var w0, w1, w2, w3 cpu.Vector
		cpu.VectorReverseBytes32(&w0, (*cpu.Vector)(at))
		cpu.VectorReverseBytes32(&w1, (*cpu.Vector)(unsafe.Add(at, 16)))
		cpu.VectorReverseBytes32(&w2, (*cpu.Vector)(unsafe.Add(at, 32)))
		cpu.VectorReverseBytes32(&w3, (*cpu.Vector)(unsafe.Add(at, 48)))
		for k := 0; ; k += 16 {
			fourRounds(&hgdc, &feba, &w0, k)
			fourRounds(&hgdc, &feba, &w1, k+4)
			fourRounds(&hgdc, &feba, &w2, k+8)
			fourRounds(&hgdc, &feba, &w3, k+12)
			if k == 48 {
				break
			}
			cpu.SHA256Schedule(&w0, &w0, &w1, &w2, &w3)
			cpu.SHA256Schedule(&w1, &w1, &w2, &w3, &w0)
			cpu.SHA256Schedule(&w2, &w2, &w3, &w0, &w1)
			cpu.SHA256Schedule(&w3, &w3, &w0, &w1, &w2)
		}
		cpu.VectorAdd32(&feba, &feba, &oldFEBA)
		cpu.VectorAdd32(&hgdc, &hgdc, &oldHGDC)
	}
	h[0], h[1] = uint32(feba.High>>32), uint32(feba.High)
	h[2], h[3] = uint32(hgdc.High>>32), uint32(hgdc.High)
	h[4], h[5] = uint32(feba.Low>>32), uint32(feba.Low)
	h[6], h[7] = uint32(hgdc.Low>>32), uint32(hgdc.Low)
}
