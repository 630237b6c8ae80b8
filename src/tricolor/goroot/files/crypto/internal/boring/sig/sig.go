package sig

// BoringCrypto, FIPSOnly and StandardCrypto mark executables that Go builds. Here they do nothing.
func BoringCrypto() {}

// FIPSOnly does nothing.
func FIPSOnly() {}

// StandardCrypto does nothing.
func StandardCrypto() {}
