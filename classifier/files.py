"""Texts from elsewhere: read a CSV or JSONL file of pages, write it back with what was judged.

Reading goes on past bad lines and names each by its number; a file in another encoding than UTF-8 is refused. JSON
Lines keep every value as it was and hold real lists; a CSV cell holds codes joined by ``;`` and, where there is structure, JSON.
CSV is meant for a spreadsheet, so a cell of text that would run as a formula there gets a leading apostrophe (OWASP ASVS 1.2.10).
"""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any, TextIO

from classifier.judge import Judgement
from study.errors import UserError

ADDED = ("relevance", "probability", "relation", "topics", "approaches", "mentions", "evidence")  # columns added
# How a file of pages is opened: a byte that is not UTF-8 comes as half of a surrogate pair, as no UTF-8 does, so its line can be named.
READ_ERRORS = "surrogateescape"
_NOT_UTF8 = re.compile("[\udc80-\udcff]")
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


class PagesError(UserError):
    """A file of pages cannot be read; the text names it, its line and what to do."""


@dataclass(frozen=True, slots=True)
class Line:
    """One page as it stood in the file."""

    number: int  # of the line in the file, from 1
    values: dict[str, Any]

    @property
    def title(self) -> str:
        """Its title; '' where it has none."""
        return str(self.values.get("title") or "")

    @property
    def text(self) -> str:
        """Its text."""
        return str(self.values.get("text") or "")


@dataclass(slots=True)
class Pages:
    """A file of pages being read: iterate it; ``bad`` fills with (line number, what is wrong) as it goes.

    Raises :class:`PagesError` at a line that is not UTF-8.
    """

    source: TextIO  # UTF-8, opened with READ_ERRORS
    form: str  # jsonl | csv
    name: str = "standard input"
    columns: list[str] = field(default_factory=list)  # of a CSV file, once its first line is read
    bad: list[tuple[int, str]] = field(default_factory=list)

    def __iter__(self) -> Iterator[Line]:
        return self._csv() if self.form == "csv" else self._jsonl()

    def _lines(self) -> Iterator[str]:
        for number, line in enumerate(self.source, 1):
            if _NOT_UTF8.search(line):
                # Other encodings cannot be told apart, and a wrong guess would change the texts.
                how = "; in the spreadsheet, save it as “CSV UTF-8”" if self.form == "csv" else ""
                raise PagesError(f"{self.name}: cannot be read: line {number} is not UTF-8{how}")
            yield line

    def _jsonl(self) -> Iterator[Line]:
        for number, raw in enumerate(self._lines(), 1):
            line = raw.lstrip("\ufeff") if number == 1 else raw
            if not line.strip():
                continue
            try:
                values = json.loads(line)
            except (ValueError, RecursionError) as problem:
                self.bad.append((number, f"not JSON: {problem}"))
                continue
            if not isinstance(values, dict):
                self.bad.append((number, "expected a JSON object with at least 'text'"))
            elif not isinstance(values.get("text"), str):
                self.bad.append((number, "has no 'text' that is a string"))
            elif not isinstance(values.get("title", ""), str | None):
                self.bad.append((number, "its 'title' is not a string"))
            else:
                yield Line(number, values)

    def _csv(self) -> Iterator[Line]:
        # A page's text may be larger than the csv module's 128 KiB; a field of 64 MiB is a mistake, not a page.
        csv.field_size_limit(64 * 1024 * 1024)
        rows = csv.reader(_without_nul(self._lines()), strict=True)
        try:
            first = next(rows, [])
        except csv.Error as problem:
            self.bad.append((rows.line_num, f"not CSV: {problem}"))
            return
        header = [name.lstrip("\ufeff").strip() for name in first]
        if "text" not in header:
            self.bad.append(
                (1, f"expected a header line with at least the column 'text', found {', '.join(header)[:80]!r}")
            )
            return
        self.columns = header
        while True:
            before = rows.line_num + 1
            try:
                row = next(rows, None)
            except csv.Error as problem:
                self.bad.append((before, f"not CSV: {problem}"))
                continue
            if row is None:
                return
            if not row:
                continue
            if len(row) != len(header):
                self.bad.append((before, f"has {len(row)} fields where the header has {len(header)}"))
                continue
            yield Line(before, dict(zip(header, row, strict=True)))


def _without_nul(source: Iterable[str]) -> Iterator[str]:
    for line in source:
        yield line.replace("\0", "\N{REPLACEMENT CHARACTER}")


class Judged:
    """A file of judged pages being written: the columns that came in, then :data:`ADDED`."""

    def __init__(self, target: TextIO, form: str) -> None:
        self._target = target
        self._form = form
        self._csv: csv.DictWriter[str] | None = None

    def write(self, line: Line, columns: list[str], verdict: Judgement) -> None:
        """Write one page; ``columns`` are those of a CSV input, in order ([]: those of the first line)."""
        added = _added(verdict)
        if self._form != "csv":
            self._target.write(json.dumps({**line.values, **added}, ensure_ascii=False) + "\n")
            return
        if self._csv is None:
            kept = [name for name in columns or list(line.values) if name not in ADDED]
            self._csv = csv.DictWriter(self._target, [*kept, *ADDED], extrasaction="ignore", restval="")
            self._csv.writeheader()
        self._csv.writerow({name: _cell(value) for name, value in {**line.values, **added}.items()})


def _added(verdict: Judgement) -> dict[str, Any]:
    return {
        "relevance": verdict.relevance,
        "probability": None if verdict.probability is None else float(f"{verdict.probability:.6g}"),
        "relation": verdict.relation,
        "topics": list(verdict.topics),
        "approaches": list(verdict.approaches),
        "mentions": [{"what": m.what, "quote": m.quote} for m in verdict.mentions if m.counts],
        "evidence": list(verdict.evidence),
    }


def _cell(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, list | dict):
        codes = isinstance(value, list) and all(isinstance(v, str) and ";" not in v and " " not in v for v in value)
        return ";".join(value) if codes else json.dumps(value, ensure_ascii=False)
    if isinstance(value, str):
        return f"'{value}" if value.startswith(_FORMULA) else value
    return json.dumps(value)


def form_of(name: str, given: str | None = None) -> str:
    """Return jsonl or csv for a file's name: ``given`` if it is, else by the ending; '' where neither tells."""
    if given:
        return given
    ending = name.lower().rpartition(".")[2]
    return {"csv": "csv", "jsonl": "jsonl", "ndjson": "jsonl", "json": "jsonl"}.get(ending, "")
