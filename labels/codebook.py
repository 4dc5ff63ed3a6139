"""The codebook: the rulings people label by, and the version that every label carries."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from study.errors import UserError

PATH = Path(__file__).parent / "CODEBOOK.md"


class CodebookError(UserError):
    """The codebook cannot be read or says no version; the text names the file and what is missing."""


@dataclass(frozen=True)
class Codebook:
    """``text`` is Markdown; ``version`` is its 'Version N.' and the beginning of its SHA-256, so that no edit goes unseen."""

    version: str
    text: str


@cache
def codebook(path: Path = PATH) -> Codebook:
    """Read the codebook; raise :class:`CodebookError` where it is missing or does not say 'Version N.'."""
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as problem:
        raise CodebookError(f"{path}: cannot be read: {problem}") from problem
    said = re.search(r"^Version (\d[\w.-]{0,20}?)\.(?:\s|$)", text, re.MULTILINE)
    if said is None:
        raise CodebookError(f"{path}: says no version; expected a line that begins 'Version 1.'")
    return Codebook(f"{said[1]}-{hashlib.sha256(text.encode()).hexdigest()[:12]}", text)
