"""Read and write label files: CSV or JSONL by their ending. They stay raw: text is as it was scraped."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from labels.queue import COLUMNS, QueueItem
from study.errors import UserError

ANSWERS = ("decision", "relation", "topics", "approaches", "depth", "flags", "note", "seconds")


class LabelFileError(UserError):
    """A label file cannot be read or written; the text names it."""


def write_queue(path: Path, items: Iterable[QueueItem]) -> int:
    """Write a queue with empty columns for the answers; return how many items it holds."""
    count = 0
    try:
        with path.open("w", encoding="utf-8-sig" if path.suffix == ".csv" else "utf-8", newline="") as file:
            writer = csv.writer(file) if path.suffix == ".csv" else None
            if writer:
                writer.writerow([*COLUMNS, *ANSWERS])
            for item in items:
                row = {column: getattr(item, column) for column in COLUMNS} | {"evidence": " … ".join(item.evidence)}
                if writer:
                    writer.writerow([row[column] for column in COLUMNS] + [""] * len(ANSWERS))
                else:
                    file.write(json.dumps(row | dict.fromkeys(ANSWERS, ""), ensure_ascii=False) + "\n")
                count += 1
    except OSError as problem:
        raise LabelFileError(f"{path}: cannot be written: {problem}") from problem
    return count


def read_decisions(path: Path) -> Iterator[tuple[int, Mapping[str, Any]]]:
    """Yield (row number, row) of a CSV or JSONL file; rows without a decision are left out: they were not reached."""
    try:
        content = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as problem:
        raise LabelFileError(f"{path}: cannot be read: {problem}") from problem
    rows = _csv_rows(path, content) if path.suffix == ".csv" else _json_rows(path, content)
    for number, row in rows:
        if str(row.get("decision") or "").strip():
            yield number, row


def _csv_rows(path: Path, content: str) -> Iterator[tuple[int, Mapping[str, Any]]]:
    csv.field_size_limit(10_000_000)
    reader = csv.DictReader(content.splitlines(keepends=True))
    missing = {"text_hash", "decision"} - set(reader.fieldnames or ())
    if missing:
        raise LabelFileError(
            f"{path}: column {' and '.join(sorted(missing))} missing; `mentorwatch labels queue` writes the form"
        )
    yield from enumerate(reader, start=2)


def _json_rows(path: Path, content: str) -> Iterator[tuple[int, Mapping[str, Any]]]:
    for number, line in enumerate(content.split("\n"), start=1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
        except json.JSONDecodeError as problem:
            raise LabelFileError(f"{path}, line {number}: not JSON: {problem}") from problem
        if not isinstance(row, dict):
            raise LabelFileError(f"{path}, line {number}: expected an object, found {type(row).__name__}")
        yield number, row
