package abi

// EscapeNonString makes v escape to the heap. Unlike Go's, it makes strings in v escape too.
func EscapeNonString[T any](v T) {
	if alwaysFalse {
		escapeSink = v
	}
}

// EscapeToResultNonString makes v escape to the heap and returns it.
func EscapeToResultNonString[T any](v T) T {
	EscapeNonString(v)
	return v
}
