// Random numbers: a ChaCha8 generator and a fast generator of the wyrand family, seeded by the system. All goroutines share them.

package runtime

import (
	"internal/chacha8rand"
	"internal/runtime/atomic"
	"math/bits"
	"unsafe"
)

var random struct {
	lock  uint32
	state chacha8rand.State
	quick uint64
}

// seedRandom must be called before any other function of this file.
func seedRandom() {
	var seed [32]byte
	if !fillrandom(unsafe.Pointer(&seed), len(seed)) {
		now := uint64(nanotime())
		for i := range seed {
			now = now*0x9e3779b97f4a7c15 + 1
			seed[i] = byte(now >> 56)
		}
	}
	random.state.Init(seed)
	random.quick = rand()
}

// rand returns 64 random bits of the ChaCha8 generator, whose output cannot be predicted.
func rand() uint64 {
	lock(&random.lock)
	for {
		x, ok := random.state.Next()
		if ok {
			unlock(&random.lock)
			return x
		}
		random.state.Refill()
	}
}

func bootstrapRand() uint64 {
	return rand()
}

//go:linkname maps_rand internal/runtime/maps.rand
func maps_rand() uint64 {
	return rand()
}

func rand32() uint32 {
	return uint32(rand())
}

func randn(n uint32) uint32 {
	return uint32(uint64(rand32()) * uint64(n) >> 32)
}

// cheaprandu64 returns 64 bits of the fast generator, which is not for secrets. Two goroutines may get the same number.
func cheaprandu64() uint64 {
	x := atomic.Load64(&random.quick) + 0xa0761d6478bd642f
	atomic.Store64(&random.quick, x)
	high, low := bits.Mul64(x, x^0xe7037ed1a0b428db)
	return high ^ low
}

func cheaprand() uint32 {
	return uint32(cheaprandu64())
}

func cheaprandn(n uint32) uint32 {
	return uint32(uint64(cheaprand()) * uint64(n) >> 32)
}

func cheaprand64() int64 {
	return int64(cheaprandu64() >> 1)
}

//go:linkname fastrand runtime.fastrand
func fastrand() uint32 { return rand32() }

//go:linkname fastrandn runtime.fastrandn
func fastrandn(n uint32) uint32 { return randn(n) }

//go:linkname fastrand64 runtime.fastrand64
func fastrand64() uint64 { return rand() }

// vgetrandom reports that it is not supported, so the caller makes a system call.
func vgetrandom(_ []byte, _ uint32) (int, bool) {
	return -1, false
}
