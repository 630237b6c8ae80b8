"""Size classes of small objects: the sizes that Go's allocator rounds to.

Units: bytes; a page is 8 KiB. Class 0 is for large objects (over 32 KiB), which get spans of their own.

Source: Go 1.27.3 internal/runtime/gc/sizeclasses.go.
"""

from __future__ import annotations

PAGE_BYTES = 8192
MAX_SMALL_BYTES = 32768

CLASS_BYTES: tuple[int, ...] = (
    0, 8, 16, 24, 32, 48, 64, 80, 96, 112, 128, 144, 160, 176, 192, 208, 224, 240, 256, 288, 320, 352, 384, 416,
    448, 480, 512, 576, 640, 704, 768, 896, 1024, 1152, 1280, 1408, 1536, 1792, 2048, 2304, 2688, 3072, 3200, 3456,
    4096, 4864, 5376, 6144, 6528, 6784, 6912, 8192, 9472, 9728, 10240, 10880, 12288, 13568, 14336, 16384, 18432,
    19072, 20480, 21760, 24576, 27264, 28672, 32768,
)  # fmt: skip
"""Size in bytes of each class."""

CLASS_PAGES: tuple[int, ...] = (
    0, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 2, 1, 2,
    1, 2, 1, 3, 2, 3, 1, 3, 2, 3, 4, 5, 6, 1, 7, 6, 5, 4, 3, 5, 7, 2, 9, 7, 5, 8, 3, 10, 7, 4,
)  # fmt: skip
"""Pages of one span of each class."""


def _class_by_eighths() -> tuple[int, ...]:
    out: list[int] = []
    size_class = 0
    for eighths in range(MAX_SMALL_BYTES // 8 + 1):
        while CLASS_BYTES[size_class] < eighths * 8:
            size_class += 1
        out.append(size_class)
    return tuple(out)


CLASS_OF_EIGHTHS: tuple[int, ...] = _class_by_eighths()
"""Size class by size in 8-byte units, rounded up (4097 entries)."""


def size_class(size_bytes: int) -> int:
    """The smallest class that holds ``size_bytes``; 0 if it is large (or zero)."""
    return CLASS_OF_EIGHTHS[(size_bytes + 7) // 8] if size_bytes <= MAX_SMALL_BYTES else 0


def rounded_bytes(size_bytes: int) -> int:
    """Bytes that an object of ``size_bytes`` occupies: the class's size, or whole pages for large objects."""
    if size_bytes <= MAX_SMALL_BYTES:
        return CLASS_BYTES[size_class(size_bytes)]
    return (size_bytes + PAGE_BYTES - 1) // PAGE_BYTES * PAGE_BYTES
