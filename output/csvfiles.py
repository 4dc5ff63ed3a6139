"""CSV as UK government statistics want it: RFC 4180, CRLF, UTF-8 without BOM, one header row; and safe to open in a
spreadsheet.

Scraped text may begin like a formula (CWE-1236): such a cell gets a leading apostrophe. Numbers are left alone.
"""

from __future__ import annotations

import os
from pathlib import Path

import pandas as pd

from study.errors import UserError

_FORMULA = ("=", "+", "-", "@", "\t", "\r")


class ReportError(UserError):
    """A report cannot be written; the text names the file or folder and what is wrong with it."""


def formula_safe(value: object) -> object:
    """Return a text that a spreadsheet would run as a formula with ' before it, anything else as it is."""
    return f"'{value}" if isinstance(value, str) and value.startswith(_FORMULA) else value


def write_csv(path: Path, table: pd.DataFrame, *, excel: bool = False) -> list[Path]:
    """Write ``table`` to ``path``; with ``excel`` also to NAME_excel.csv with the BOM that Excel on Windows looks for.

    Each file is written whole beside its place and then moved there; an older NAME_excel.csv that is not asked for again
    is removed, since it would tell another story. Returns the files; raises :class:`ReportError`.
    """
    safe = pd.DataFrame({name: [formula_safe(value) for value in table[name]] for name in table.columns}, dtype=object)
    for_excel = path.with_name(f"{path.stem}_excel.csv")
    written = [_write(path, safe, "utf-8")]
    if excel:
        return [*written, _write(for_excel, safe, "utf-8-sig")]
    _remove(for_excel)
    return written


def remove_csv(path: Path) -> None:
    """Remove a table that an earlier report wrote and this one does not have; raises :class:`ReportError`."""
    _remove(path)
    _remove(path.with_name(f"{path.stem}_excel.csv"))


def _remove(path: Path) -> None:
    try:
        path.unlink(missing_ok=True)
    except OSError as problem:
        raise ReportError(f"{path}: is out of date and cannot be removed: {problem.strerror}") from problem


def _write(path: Path, table: pd.DataFrame, encoding: str) -> Path:
    unfinished = path.with_name(f".{path.name}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        table.to_csv(unfinished, index=False, lineterminator="\r\n", encoding=encoding)
        os.replace(unfinished, path)
    except OSError as problem:
        raise ReportError(
            f"{path}: cannot be written: {problem.strerror or problem}; is it open elsewhere?"
        ) from problem
    return path
