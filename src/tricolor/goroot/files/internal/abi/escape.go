package abi

// EscapeNonString keeps v, strings in it too, on the heap.
func EscapeNonString[T any](v T) {
	if alwaysFalse {
		escapeSink = v
	}
}

// EscapeToResultNonString returns v, which is kept on the heap.
func EscapeToResultNonString[T any](v T) T {
	EscapeNonString(v)
	return v
}
