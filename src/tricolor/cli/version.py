"""``tricolor version``."""

from __future__ import annotations

from importlib.metadata import version as package_version

from tricolor.frontend.toolchain import GO_VERSION


def version() -> int:
    """Print this compiler's version, that of the language and of LLVM's binding."""
    print(f"tricolor {package_version('tricolor')} {GO_VERSION} linux/amd64 llvmlite {package_version('llvmlite')}")
    return 0
