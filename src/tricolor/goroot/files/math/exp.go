package math

// Computes Exp exactly as Go does on this machine, to the last bit: it subtracts a multiple of ln 2 in
// fused steps, evaluates a series for a 16th of the rest, and squares the result four times.

const (
	haveArchExp = true

	expLn2High  = 0.69314718055966295651160180568695068359375
	expLn2Low   = 0.28235290563031577122588448175013436025525412068e-12
	expOverflow = 7.09782712893384e+02
)

// 1/2!, 1/3!, ... 1/9!, rounded.
var expSeries = [...]float64{
	0.5, 1.6666666666666666667e-1, 4.1666666666666666667e-2, 8.3333333333333333333e-3,
	1.3888888888888888889e-3, 1.9841269841269841270e-4, 2.4801587301587301587e-5,
}

func archExp(x float64) float64 {
	switch {
	case IsNaN(x) || IsInf(x, 1):
		return x
	case IsInf(x, -1):
		return 0
	case x > expOverflow:
		return Inf(1)
	case x < -800:
		return 0
	}
	scale := RoundToEven(x * Log2E)
	r := FMA(-scale, expLn2High, x)
	r = FMA(-scale, expLn2Low, r) * 0.0625
	sum := expSeries[len(expSeries)-1]
	for i := len(expSeries) - 2; i >= 0; i-- {
		sum = FMA(sum, r, expSeries[i])
	}
	y := r * FMA(sum, r, 1)
	for range 3 {
		y *= y + 2
	}
	return expScaled(FMA(y, y+2, 1), int(scale))
}

// expScaled returns y * 2**n, and 0 if that is less than half the smallest positive number.
func expScaled(y float64, n int) float64 {
	const bias, infinite = 1023, 2047
	e := n + bias
	switch {
	case e >= infinite:
		return Inf(1)
	case e > 0:
		return y * Float64frombits(uint64(e)<<52)
	case e < -52:
		return 0
	}
	return y * Float64frombits(uint64(e+bias-1)<<52) * Float64frombits(1<<52)
}
