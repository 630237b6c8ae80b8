// Reports no features of the processor. Go's assembly, which would use them, is not part of the program; LLVM's code generator is.

package cpu

// CacheLinePadSize is the size of a cache line in bytes.
const CacheLinePadSize = 64

func doinit() {}

// Name returns no name.
func Name() string { return "" }
