"""Why tests that real Go passes do not pass here. A table of results names each such test with its reason."""

from __future__ import annotations

from typing import Final

REASONS: Final[dict[str, str]] = {
    "crypto/internal/boring/bcache": "the package registers its caches with Go's own collector, by a function of package runtime for BoringCrypto",
    "regexp/syntax": "with a collection at every 100th allocation the tests take longer than their limit of 60 s; one at every 500th takes 12 s",
}
"""By package, or by package and test with a point between them."""


def reason_for(package: str, test: str) -> str:
    """The reason; ``not known yet`` if there is none."""
    return REASONS.get(f"{package}.{test}") or REASONS.get(package) or "not known yet"
