package sig

// BoringCrypto, FIPSOnly and StandardCrypto leave marks in Go's executables; here they do nothing.
func BoringCrypto() {}

// FIPSOnly does nothing.
func FIPSOnly() {}

// StandardCrypto does nothing.
func StandardCrypto() {}
