// Blocks of SHA-1, by the processor's SHA instructions if it has them.

package sha1

import (
	"crypto/internal/impl"
	"internal/cpu"
	"internal/runtime/sys"
	"unsafe"
)

var useSHANI = cpu.X86.HasAVX && cpu.X86.HasSHA && cpu.X86.HasSSE41 && cpu.X86.HasSSSE3

func init() {
	impl.Register("sha1", "SHA-NI", &useSHANI)
}

func block(dig *digest, p []byte) {
	if useSHANI {
		blockSHANI(&dig.h, p)
	} else {
		blockGeneric(dig, p)
	}
}

// extend replaces the oldest four words of the schedule by the next four.
func extend(w0, w1, w2, w3 *sys.Vector) {
	sys.SHA1Schedule1(w0, w0, w1)
	sys.VectorXor(w0, w0, w2)
	sys.SHA1Schedule2(w0, w0, w3)
}

func blockSHANI(h *[5]uint32, p []byte) {
	dcba := sys.Vector{Low: uint64(h[3]) | uint64(h[2])<<32, High: uint64(h[1]) | uint64(h[0])<<32}
	e := sys.Vector{High: uint64(h[4]) << 32}
	for at := unsafe.Pointer(unsafe.SliceData(p)); len(p) >= chunk; at, p = unsafe.Add(at, chunk), p[chunk:] {
		oldDCBA, oldE := dcba, e
		// In each step, e or f is added to four words and then takes the variables, of which the next step needs the first.
		var w0, w1, w2, w3, f sys.Vector
		sys.VectorReverseBytes(&w0, (*sys.Vector)(at))
		sys.VectorReverseBytes(&w1, (*sys.Vector)(unsafe.Add(at, 16)))
		sys.VectorReverseBytes(&w2, (*sys.Vector)(unsafe.Add(at, 32)))
		sys.VectorReverseBytes(&w3, (*sys.Vector)(unsafe.Add(at, 48)))
		sys.VectorAdd32(&e, &e, &w0)
		f = dcba
		sys.SHA1Rounds0(&dcba, &dcba, &e)
		sys.SHA1NextE(&f, &f, &w1)
		e = dcba
		sys.SHA1Rounds0(&dcba, &dcba, &f)
		sys.SHA1NextE(&e, &e, &w2)
		f = dcba
		sys.SHA1Rounds0(&dcba, &dcba, &e)
		sys.SHA1NextE(&f, &f, &w3)
		e = dcba
		sys.SHA1Rounds0(&dcba, &dcba, &f)
		extend(&w0, &w1, &w2, &w3)
		sys.SHA1NextE(&e, &e, &w0)
		f = dcba
		sys.SHA1Rounds0(&dcba, &dcba, &e)
		extend(&w1, &w2, &w3, &w0)
		sys.SHA1NextE(&f, &f, &w1)
		e = dcba
		sys.SHA1Rounds1(&dcba, &dcba, &f)
		extend(&w2, &w3, &w0, &w1)
		sys.SHA1NextE(&e, &e, &w2)
		f = dcba
		sys.SHA1Rounds1(&dcba, &dcba, &e)
		extend(&w3, &w0, &w1, &w2)
		sys.SHA1NextE(&f, &f, &w3)
		e = dcba
		sys.SHA1Rounds1(&dcba, &dcba, &f)
		extend(&w0, &w1, &w2, &w3)
		sys.SHA1NextE(&e, &e, &w0)
		f = dcba
		sys.SHA1Rounds1(&dcba, &dcba, &e)
		extend(&w1, &w2, &w3, &w0)
		sys.SHA1NextE(&f, &f, &w1)
		e = dcba
		sys.SHA1Rounds1(&dcba, &dcba, &f)
		extend(&w2, &w3, &w0, &w1)
		sys.SHA1NextE(&e, &e, &w2)
		f = dcba
		sys.SHA1Rounds2(&dcba, &dcba, &e)
		extend(&w3, &w0, &w1, &w2)
		sys.SHA1NextE(&f, &f, &w3)
		e = dcba
		sys.SHA1Rounds2(&dcba, &dcba, &f)
		extend(&w0, &w1, &w2, &w3)
		sys.SHA1NextE(&e, &e, &w0)
		f = dcba
		sys.SHA1Rounds2(&dcba, &dcba, &e)
		extend(&w1, &w2, &w3, &w0)
		sys.SHA1NextE(&f, &f, &w1)
		e = dcba
		sys.SHA1Rounds2(&dcba, &dcba, &f)
		extend(&w2, &w3, &w0, &w1)
		sys.SHA1NextE(&e, &e, &w2)
		f = dcba
		sys.SHA1Rounds2(&dcba, &dcba, &e)
		extend(&w3, &w0, &w1, &w2)
		sys.SHA1NextE(&f, &f, &w3)
		e = dcba
		sys.SHA1Rounds3(&dcba, &dcba, &f)
		extend(&w0, &w1, &w2, &w3)
		sys.SHA1NextE(&e, &e, &w0)
		f = dcba
		sys.SHA1Rounds3(&dcba, &dcba, &e)
		extend(&w1, &w2, &w3, &w0)
		sys.SHA1NextE(&f, &f, &w1)
		e = dcba
		sys.SHA1Rounds3(&dcba, &dcba, &f)
		extend(&w2, &w3, &w0, &w1)
		sys.SHA1NextE(&e, &e, &w2)
		f = dcba
		sys.SHA1Rounds3(&dcba, &dcba, &e)
		extend(&w3, &w0, &w1, &w2)
		sys.SHA1NextE(&f, &f, &w3)
		e = dcba
		sys.SHA1Rounds3(&dcba, &dcba, &f)
		sys.SHA1NextE(&e, &e, &oldE)
		sys.VectorAdd32(&dcba, &dcba, &oldDCBA)
	}
	h[0], h[1] = uint32(dcba.High>>32), uint32(dcba.High)
	h[2], h[3] = uint32(dcba.Low>>32), uint32(dcba.Low)
	h[4] = uint32(e.High >> 32)
}
