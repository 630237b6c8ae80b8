"""``tricolor version``."""

from __future__ import annotations

from importlib.metadata import version as package_version

from tricolor.frontend.toolchain import GO_VERSION


def version() -> int:
    """Print the versions of Tricolor, of Go and of llvmlite, the binding to LLVM."""
    print(f"tricolor {package_version('tricolor')} {GO_VERSION} linux/amd64 llvmlite {package_version('llvmlite')}")
    return 0
