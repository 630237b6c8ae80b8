"""Shared by ``run`` and ``build``: the compile request and the cache key."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from tricolor.cache.programs import Form, program_key
from tricolor.cli.common import check_level, gcflags, tags
from tricolor.cli.flags import Parsed

if TYPE_CHECKING:
    # Imported where it is used: a remembered program must not pay for the compiler.
    from tricolor.pipeline import CompileRequest


def record_key(parsed: Parsed, patterns: tuple[str, ...], form: Form, account: bool) -> str:
    """Key of the record about what this command line compiles to."""
    options = (*tags(parsed), f"report={_accounts(account)}", f"check={parsed.text('check')}", f"O={_level(parsed)}", form.value)
    return program_key(patterns, Path.cwd(), options)


def compile_request(parsed: Parsed, patterns: tuple[str, ...], form: Form, account: bool) -> CompileRequest:
    """The compile request of this command line. ``account``: the program counts what each of its sites allocates."""
    from tricolor.pipeline import CompileRequest

    return CompileRequest(patterns, Path.cwd(), tags(parsed), _accounts(account), _level(parsed), check_level(parsed), form)


def _accounts(account: bool) -> bool:
    # Only code with accounting tells the allocator the types of small values.
    return account or "allocfreetrace=" in os.environ.get("GODEBUG", "")


def _level(parsed: Parsed) -> int:
    return 2 if gcflags(parsed).optimise else 0
