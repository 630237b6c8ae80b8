package main

import "math"

//go:noinline
func id[T any](x T) T { return x }

func ints() {
	minInt := id(math.MinInt64)
	println(minInt/id(-1), minInt%id(-1), -minInt, id(7)/id(-2), id(7)%id(-2), id(-7)/2, id(-7)%2)
	var i8 int8 = -128
	println(id(i8)/id(int8(-1)), id(i8)%id(int8(-1)), -id(i8), id(i8)-1, ^id(i8), id(i8)*id(i8))
	var u8 uint8 = 200
	println(id(u8)+100, id(u8)<<1, id(u8)>>3, ^id(u8), id(u8)&^0x0f, id(u8)^0xff, -id(u8))
	for _, s := range []uint{0, 1, 7, 8, 31, 32, 63, 64, 65, 1 << 40} {
		println(id(u8)<<s, id(u8)>>s, id(i8)>>s, id(-5)>>s, id(int32(-5))<<s, id(uint64(1))<<s, id(minInt)>>s)
	}
	for _, s := range []int8{0, 5, 127} {
		println(id(1)<<s, id(int8(-1))>>s, id(uint16(0xffff))>>s)
	}
	println(id(uint32(1<<31))/id(uint32(3)), id(uint64(math.MaxUint64))/10, id(uint64(math.MaxUint64))%10)
	x := 5
	x += 3
	x -= 1
	x *= 6
	x /= 4
	x %= 7
	x <<= 3
	x |= 5
	x &= 0x1d
	x ^= 0x70
	x &^= 0x40
	x >>= 1
	println(x)
	x++
	x--
	println(min(id(3), 1, 2), max(id(uint8(3)), 200), min(id("b"), "a"), max(id(2.5), 1))
}

func floats() {
	zero := id(0.0)
	inf := 1 / zero
	nan := zero / zero
	neg := -zero
	println(inf, -inf, nan, 1/neg, nan == nan, nan != nan, nan < 1, nan >= 1, !(nan < 1), zero == neg)
	println(min(nan, 1), max(1, nan), 1/min(zero, neg), 1/max(neg, zero), min(inf, 3), max(-inf, 3))
	for _, f := range []float64{-1, -1.5, 1e10, 3e9, 1e19, 1e20, -1e20, nan, inf, -inf, 2147483648, 0.99} {
		println(int64(f), int32(f), int16(f), int8(f), uint64(f), uint32(f), uint16(f), uint8(f), uint(f), int(float32(f)), uint64(float32(f)))
	}
	println(float32(id(0.1)), float64(float32(id(0.1))), float32(id(1e300)), id(float32(1))/3)
	println(float64(id(uint64(math.MaxUint64))), float32(id(uint64(1<<63+1))), float64(id(int64(-1<<63))), float32(id(uint8(255))))
	println(math.Sqrt(id(2.0)), math.Floor(id(-1.5)), math.Ceil(id(-1.5)), math.Trunc(id(-1.5)), math.Abs(id(-2.0)), math.Copysign(3, neg), math.RoundToEven(id(2.5)))
	println(math.Float64bits(id(1.5)), math.Float32bits(id(float32(1.5))), math.Float64frombits(id(uint64(0x4000000000000000))))
}

func complexes() {
	a, b := id(complex(1, 2)), id(complex(-3, 0.5))
	println(a+b, a-b, a*b, a/b, -a, a == b, a != b, real(a), imag(b))
	var c complex64 = complex64(a)
	println(c*c, c/complex64(b), complex128(c), real(c))
	zero := id(complex(0, 0))
	println(a/zero, zero/zero, id(complex(math.Inf(1), 0))/a)
}

func conversions() {
	u := id(uint8(0xf0))
	println(int8(u), int(int8(u)), uint32(int8(u)), uint16(u), int64(id(uint32(0xffffffff))), int32(id(int64(0x1_8000_0001))))
	println(string(rune(id(65))), string(rune(id(-1))), string(rune(id(0x1F600))), len(string(rune(id(0xD800)))))
	println(uintptr(id(5))+1, byte(id(300)), uint16(id(-1)))
}

func main() {
	ints()
	floats()
	complexes()
	conversions()
}
