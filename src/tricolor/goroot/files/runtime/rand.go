// Random numbers: a ChaCha8 generator and a fast generator of the wyrand family, seeded by the system.
//
// Each of the first processors has generators of its own. A pinned goroutine uses them without a lock. All other processors share one
// ChaCha8 generator, which also seeds those of the first.

package runtime

import (
	"internal/chacha8rand"
	"math/bits"
	"unsafe"
)

// generator holds the generators of one processor. Its size is a multiple of a cache line.
type generator struct {
	state  chacha8rand.State
	quick  uint64
	seeded bool
	_      [64 - (unsafe.Sizeof(chacha8rand.State{})+16)%64]byte
}

// More processors than this share a generator.
const ownGenerators = 64

var generators [ownGenerators]generator

var random struct {
	lock  uint32
	state chacha8rand.State
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
}

// sharedRand returns 64 random bits of the shared generator.
func sharedRand() uint64 {
	lock(&random.lock, rankRandom)
	x := next(&random.state)
	unlock(&random.lock)
	return x
}

func next(state *chacha8rand.State) uint64 {
	for {
		if x, ok := state.Next(); ok {
			return x
		}
		state.Refill()
	}
}

// own returns the generators of the processor with a number. The caller is pinned to it.
func own(processor int32) *generator {
	g := &generators[processor&(ownGenerators-1)]
	if !g.seeded {
		g.seed()
	}
	return g
}

//go:noinline
func (g *generator) seed() {
	g.seeded = true
	var seed [4]uint64
	for i := range seed {
		seed[i] = sharedRand()
	}
	g.state.Init64(seed)
	g.quick = sharedRand()
}

// rand returns 64 random bits of a ChaCha8 generator, whose output cannot be predicted.
func rand() uint64 {
	processor := procpin()
	if processor >= ownGenerators {
		procunpin()
		return sharedRand()
	}
	x := next(&own(processor).state)
	procunpin()
	return x
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

// cheaprandu64 returns 64 bits of the fast generator, which is not for secrets.
func cheaprandu64() uint64 {
	processor := procpin()
	if processor >= ownGenerators {
		procunpin()
		return sharedRand()
	}
	g := own(processor)
	g.quick += 0xa0761d6478bd642f
	x := g.quick
	procunpin()
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
