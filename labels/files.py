"""Read and write label files: CSV or JSONL by their ending. They stay raw: text is as it was scraped."""

from __future__ import annotations

import csv
import io
import json
from codecs import BOM_UTF16_BE, BOM_UTF16_LE
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

from study.errors import UserError

LIST_SEPARATOR = ";"
_LARGEST_CELL = 10_000_000
_BETWEEN_CELLS = ",;\t"  # where the comma is the decimal sign, a spreadsheet puts ; between cells, and tabs into UTF-16

Rows = Iterator[tuple[int, Mapping[str, Any]]]


class LabelFileError(UserError):
    """A label file cannot be read or written; the text names it."""


def write_cells(
    path: Path, header: Sequence[str], rows: Iterable[Sequence[Any]], *, encoding: str = "utf-8-sig"
) -> int:
    """Write a CSV file, by default one that Excel opens; lists are joined with ';'. Returns the number of rows."""
    count = 0
    with writing(path, encoding=encoding) as file:
        writer = csv.writer(file)
        writer.writerow(header)
        for row in rows:
            writer.writerow([_cell(value) for value in row])
            count += 1
    return count


def write_lines(path: Path, objects: Iterable[Mapping[str, Any]]) -> int:
    """Write one JSON object a line; return the number of lines."""
    count = 0
    with writing(path) as file:
        for one in objects:
            file.write(json.dumps(one, ensure_ascii=False) + "\n")
            count += 1
    return count


@contextmanager
def writing(path: Path, encoding: str = "utf-8") -> Iterator[IO[str]]:
    """Open a label file to write, line ends as given; raises LabelFileError where that cannot be done."""
    try:
        with path.open("w", encoding=encoding, newline="") as file:
            yield file
    except OSError as problem:
        raise LabelFileError(f"{path}: cannot be written: {problem}") from problem


def read_decisions(path: Path) -> Rows:
    """Yield (row number, row) of a CSV or JSONL file of ours; rows without a decision are left out: they were not reached."""
    rows = (
        read_cells(path, content_of(path), "decision", form="labels queue")
        if path.suffix.lower() == ".csv"
        else _lines_of_ours(path)
    )
    for number, row in rows:
        said = row.get("decision")
        if "problem" in row or (said.strip() if isinstance(said, str) else said is not None):
            yield number, row


def _lines_of_ours(path: Path) -> Rows:
    """Yield what :func:`read_lines` does; raises LabelFileError where no line has a decision's place: another tool's, all would be lost."""
    rows = list(read_lines(content_of(path)))
    objects = [row for _, row in rows if "problem" not in row]
    if objects and not any("decision" in row for row in objects):
        raise LabelFileError(
            f"{path}: no line has a `decision`; is it a file of Prodigy, doccano or Label Studio? "
            "Then name it: --format prodigy, doccano or label-studio"
        )
    yield from rows


def read_cells(path: Path, content: str, *needed: str, form: str) -> Rows:
    """Yield (row number as a spreadsheet has it, row), whichever of , ; and tab a spreadsheet put between cells.

    Raises LabelFileError where text_hash or a ``needed`` column is missing; ``form`` is the command that writes all columns.
    """
    csv.field_size_limit(_LARGEST_CELL)

    def missing(reader: csv.DictReader[str]) -> set[str]:
        return {"text_hash", *needed} - set(reader.fieldnames or ())

    readers = [csv.DictReader(io.StringIO(content, newline=""), delimiter=sign) for sign in _BETWEEN_CELLS]
    try:
        reader = min(readers, key=lambda each: len(missing(each)))
        absent = missing(reader)
    except csv.Error as problem:
        raise LabelFileError(f"{path}: cannot be read: {problem}") from problem
    if absent:
        raise LabelFileError(
            f"{path}: column {' and '.join(sorted(absent))} missing; `mentorwatch {form}` writes a file that has all"
        )
    number = 1
    while True:
        number += 1
        try:
            row = next(reader)
        except StopIteration:
            return
        except csv.Error as problem:
            yield number, {"problem": str(problem)}
            return
        yield number, row


def read_lines(content: str) -> Rows:
    """Yield (line number, object) of JSON lines; a line that is none has ``problem``."""
    for number, line in enumerate(content.split("\n"), start=1):
        if not line.strip():
            continue
        try:
            one = json.loads(line)
        except (ValueError, RecursionError) as problem:
            one = {"problem": f"not JSON: {problem}"}
        if not isinstance(one, dict):
            one = {"problem": f"expected an object, found {type(one).__name__}"}
        yield number, one


def content_of(path: Path) -> str:
    """Return a file's content, UTF-8 or (by its byte order mark) UTF-16, line ends as they are. Raises LabelFileError."""
    try:
        content = path.read_bytes()
        return content.decode("utf-16" if content.startswith((BOM_UTF16_LE, BOM_UTF16_BE)) else "utf-8-sig")
    except UnicodeDecodeError as problem:
        # Other encodings cannot be told apart, and a wrong guess would change the texts.
        how = "; in the spreadsheet, save it as “CSV UTF-8”" if path.suffix.lower() == ".csv" else ""
        raise LabelFileError(f"{path}: cannot be read: it is not UTF-8 (byte {problem.start + 1}){how}") from problem
    except OSError as problem:
        raise LabelFileError(f"{path}: cannot be read: {problem}") from problem


def _cell(value: Any) -> Any:
    if isinstance(value, list | tuple):
        return LIST_SEPARATOR.join(value)
    return "" if value is None else value
