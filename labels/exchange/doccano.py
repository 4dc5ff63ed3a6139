"""doccano (text classification): JSON lines in, the zip of JSON lines that it exports (one file a member) or its lines out.

Its labels are a flat list, so a decision is spread over labels: `relevant`, `relation:mentoring`, `approach:itt`. Every other key comes
back as it was. doccano sorts labels; nothing here minds.
"""

from __future__ import annotations

import io
import zipfile
import zlib
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from labels.columns import plain, texts
from labels.exchange.items import Item, codes, of_codes
from labels.files import LabelFileError, Rows, content_of, read_lines, write_lines
from study.protocol import Protocol

_META = (
    "text_hash",
    "source",
    "authority",
    "url",
    "title",
    "annotator",
    "role",
    "note",
    "seconds",
    "decided_at",
    "codebook",
)
# RuntimeError: a password, or a way of packing that is not known
_BAD_ZIP = (OSError, EOFError, RuntimeError, UnicodeDecodeError, zipfile.BadZipFile, zlib.error)
_MOST = 200_000_000  # bytes of one file inside an export, decompressed
_SHARED = "all"  # the file of a project whose members share their labels


def write(path: Path, items: Iterable[Item], protocol: Protocol) -> int:
    """Write lines for doccano's import: `text`, `label` (a list) and our keys; one line a decision."""

    def lines() -> Iterator[dict[str, Any]]:
        for item in items:
            for said in item.said or (None,):
                row = item.row(said)
                meta = {name: row[name] for name in _META if row[name] not in (None, "")}
                yield {"text": item.text, "label": codes(said) if said else [], **meta}

    return write_lines(path, lines())


def read(path: Path, protocol: Protocol) -> Rows:
    """Yield decisions from doccano's export; in a zip a member's file names the annotator. Lines are numbered through."""
    number = 0
    for name, content in _files(path):
        for _, line in read_lines(content):
            number += 1
            row = _row(line)
            if row is not None:
                if name and name != _SHARED and "problem" not in row:
                    row["annotator"] = row.get("annotator") or name
                yield number, row


def _row(line: Mapping[str, Any]) -> dict[str, Any] | None:
    if "problem" in line:
        return dict(line)
    labels = line.get("label", line.get("labels"))
    if labels is None:
        return {"problem": "no `label`"}
    if labels == []:
        return None
    try:
        said = of_codes(texts(labels, "label"))
        # doccano's user of an older export; its comments are what a person wrote beside the text.
        note = " ".join([plain(line, "note"), *texts(line.get("Comments"), "Comments")]).strip()
    except ValueError as problem:
        return {"problem": str(problem)}
    return {**line, **said, "annotator": line.get("annotator") or line.get("username"), "note": note}


def _files(path: Path) -> Iterator[tuple[str, str]]:
    if path.suffix.lower() != ".zip":
        yield "", content_of(path)
        return
    try:
        with zipfile.ZipFile(path) as archive:
            for entry in archive.infolist():
                if not entry.filename.endswith(".jsonl"):
                    continue
                if entry.file_size > _MOST:
                    raise LabelFileError(f"{path}: {entry.filename} holds {entry.file_size:,} bytes; at most {_MOST:,}")
                with archive.open(entry) as file:
                    content = io.TextIOWrapper(file, encoding="utf-8-sig", newline="").read(_MOST)
                yield Path(entry.filename).stem, content
    except _BAD_ZIP as problem:
        raise LabelFileError(f"{path}: cannot be read: {problem}") from problem
