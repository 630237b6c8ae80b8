// No feature is announced: the code generator, not Go's assembly, uses what the processor has.

package cpu

// CacheLinePadSize is the size of a cache line in bytes.
const CacheLinePadSize = 64

func doinit() {}

// Name says nothing.
func Name() string { return "" }
