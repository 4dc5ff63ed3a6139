"""Label files of other tools, both ways: each format writes items and reads rows that `labels.importing.take` understands.

A row has the columns of :data:`labels.exchange.items.COLUMNS`; one that cannot be understood has ``problem`` instead, so that it is
named by its number and nothing else is lost. What each format keeps is said in docs/exchange.md and held by tests/test_exchange.py.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from labels.exchange import asreview, doccano, labelstudio, prodigy, tabular
from labels.exchange.items import Item
from labels.files import LabelFileError, Rows
from study.protocol import Protocol


@dataclass(frozen=True)
class Format:
    """One tool's file: its name, what it calls a row, the ending it is known by, and how it is written and read."""

    name: str
    unit: str
    ending: str
    write: Callable[[Path, Iterable[Item], Protocol], int]
    read: Callable[[Path, Protocol], Rows]


FORMATS = {
    one.name: one
    for one in (
        Format("csv", "row", ".csv", tabular.write_csv, tabular.read),
        Format("jsonl", "line", ".jsonl", tabular.write_jsonl, tabular.read),
        Format("label-studio", "task", ".json", labelstudio.write, labelstudio.read),
        Format("doccano", "line", ".jsonl", doccano.write, doccano.read),
        Format("asreview", "row", ".csv", asreview.write, asreview.read),
        Format("prodigy", "line", ".jsonl", prodigy.write, prodigy.read),
    )
}


def fits(chosen: Format, path: Path) -> None:
    """Raise :class:`LabelFileError` where a file to write ends as another format's does: whoever reads it would take it for that."""
    if path.suffix and path.suffix.lower() != chosen.ending:
        raise LabelFileError(
            f"{path}: {chosen.name} is written as {chosen.ending}; "
            f"name it {path.with_suffix(chosen.ending).name}, or another --format"
        )


def named(name: str) -> Format:
    """Return a format by name; raises :class:`LabelFileError` that lists them."""
    if name not in FORMATS:
        raise LabelFileError(f"--format {name}: expected one of {', '.join(FORMATS)}")
    return FORMATS[name]


def by_ending(path: Path) -> Format:
    """Return the format that a file's ending stands for; those that share an ending with another must be named."""
    found = next((one for one in FORMATS.values() if one.ending == path.suffix.lower()), None)
    if found is None:
        endings = ", ".join(sorted({one.ending for one in FORMATS.values()}))
        raise LabelFileError(f"{path}: the ending says no format; name it with --format, or use one of {endings}")
    return found
