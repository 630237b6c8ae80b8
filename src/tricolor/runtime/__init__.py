"""The memory tower: Go's run-time system, written in the kernel language (docs/kernel-language.md)."""
