"""Labelled sets: seeds, what researchers decided, and any CSV or JSONL file with a text and a decision.

Each text belongs to a group that never stands on both sides of a split: its idea where it is a seed, its authority where it is a
page of a site. A file's rows may say either; else the site's host is its group, else the text itself.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from sqlalchemy import select

from classifier.files import READ_ERRORS, Pages, form_of
from classifier.labels import Example, decided, seed_files
from classifier.model import AMBIGUOUS, OFF_TOPIC, RELEVANT
from study import record as r
from study.errors import UserError
from study.protocol import Protocol
from study.record import Record

CALLS = (RELEVANT, AMBIGUOUS, OFF_TOPIC)
_WORDS = re.compile(r"\w+")
# Columns that may hold the decision, and what other tools write there (ASReview: 1, 0, empty or -1 for not read).
_DECISIONS = ("relevance", "decision", "included", "label_included")
_SAID = {"1": RELEVANT, "1.0": RELEVANT, "0": OFF_TOPIC, "0.0": OFF_TOPIC, "irrelevant": OFF_TOPIC, "unsure": AMBIGUOUS}
_UNREAD = ("", "skip", "-1", "-1.0", "none", "nan")


class LabelledSetError(UserError):
    """A labelled set cannot be used; the text names it and what was expected."""


@dataclass(frozen=True, slots=True)
class Labelled:
    """One labelled text, the group it is held out with, and the names that stand in it (None: nobody said)."""

    example: Example
    group: str
    names: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True)
class LabelledSet:
    """Labelled texts of one origin; ``bad`` holds (file, line, what is wrong) of rows left out."""

    name: str
    by: str  # what a group is: idea | authority | page
    rows: tuple[Labelled, ...]
    bad: tuple[tuple[str, int, str], ...] = ()


def from_seeds(protocol: Protocol) -> LabelledSet:
    """Return the protocol's seeds, grouped by idea."""
    files = seed_files(protocol)
    if not files:
        raise LabelledSetError(f"{protocol.name} names no seeds; give a file of labelled texts, or --labels")
    return replace(from_files(files), name="seed texts")


def from_record(record: Record, protocol: Protocol) -> LabelledSet:
    """Return the texts decided in the record, grouped by authority."""
    where = (
        select(r.capture.c.text_hash, r.page.c.authority)
        .join(r.page, r.page.c.id == r.capture.c.page_id)
        .where(r.capture.c.text_hash.is_not(None))
        .order_by(r.page.c.authority.desc())
    )
    with record.begin() as db:
        authorities = {row.text_hash: row.authority for row in db.execute(where)}
    rows = []
    for example in decided(record, protocol):
        text = example.idea.removeprefix("text:")
        rows.append(Labelled(example, f"authority:{authorities[text]}" if text in authorities else example.idea))
    if not rows:
        raise LabelledSetError("the record holds no decisions yet; `mentorwatch labels` takes them in")
    return LabelledSet("the record's decisions", "authority", tuple(rows))


def from_rows(name: str, rows: Iterable[Mapping[str, Any]]) -> LabelledSet:
    """Return rows that are in memory already, such as a key's; a bad one raises."""
    return _set(name, [_labelled(row, f"{number}") for number, row in enumerate(rows, 1)], ())


def from_files(paths: Sequence[Path]) -> LabelledSet:
    """Read CSV and JSONL files with ``text`` and a decision; rows without one were not read and are left out.

    Known columns: id, idea or authority or url (the group), era, title, text, relevance (or decision, or ASReview's included),
    relation, topics, approaches, depth, flags (lists, or joined by ``;``).
    """
    rows: list[Labelled] = []
    bad: list[tuple[str, int, str]] = []
    for path in paths:
        form = form_of(path.name)
        if form not in ("csv", "jsonl"):
            raise LabelledSetError(f"{path}: expected a .csv or .jsonl file")
        try:
            source = path.open(encoding="utf-8", errors=READ_ERRORS, newline="")
        except OSError as problem:
            raise LabelledSetError(f"{path}: cannot be read: {problem.strerror}") from problem
        with source:
            pages = Pages(source, form, str(path))
            for line in pages:
                try:
                    if (found := _labelled(line.values, f"{path.stem}:{line.number}")) is not None:
                        rows.append(found)
                except LabelledSetError as problem:
                    bad.append((str(path), line.number, str(problem)))
        bad += [(str(path), number, problem) for number, problem in pages.bad]
    return _set(", ".join(path.name for path in paths), rows, tuple(bad))


def _set(name: str, found: Iterable[Labelled | None], bad: tuple[tuple[str, int, str], ...]) -> LabelledSet:
    rows = tuple(row for row in found if row is not None)
    counts = [sum(row.example.relevance == call for row in rows) for call in (RELEVANT, OFF_TOPIC)]
    if not all(counts):
        raise LabelledSetError(
            f"{name}: {counts[0]} relevant and {counts[1]} off-topic texts; at least one of each is needed "
            f"(decision in a column {', '.join(_DECISIONS[:-1])} or {_DECISIONS[-1]})"
        )
    kinds = {row.group.partition(":")[0] for row in rows}
    return LabelledSet(name, kinds.pop() if len(kinds) == 1 else "group", rows, bad)


def _labelled(row: Mapping[str, Any], where: str) -> Labelled | None:
    said = next((row[name] for name in _DECISIONS if row.get(name) is not None), "")
    relevance = _SAID.get(str(said).strip().lower(), str(said).strip().lower())
    if relevance in _UNREAD:
        return None
    if relevance not in CALLS:
        raise LabelledSetError(f"its decision is {str(said)[:40]!r}; expected one of {', '.join(CALLS)}, or 1 and 0")
    text = str(row.get("text") or row.get("abstract") or "")
    identity = str(row.get("id") or row.get("text_hash") or where)
    example = Example(
        id=identity[:60],
        idea=str(row.get("idea") or f"text:{same_text(str(row.get('title') or ''), text)}"),
        era=str(row.get("era") or ""),
        title=str(row.get("title") or ""),
        text=text,
        relevance=relevance,
        relation=str(row.get("relation") or ""),
        topics=_codes(row.get("topics")),
        approaches=_codes(row.get("approaches")),
        depth=str(row.get("depth") or ""),
        flags=_codes(row.get("flags")),
    )
    names = row.get("mentions")
    # A file that `classify` wrote holds found mentions as objects: those are no label.
    named = tuple(names) if isinstance(names, list) and all(isinstance(name, str) for name in names) else None
    return Labelled(example, _group(row, example), named)


def _group(row: Mapping[str, Any], example: Example) -> str:
    if row.get("idea"):
        return f"idea:{row['idea']}"
    if row.get("authority"):
        return f"authority:{row['authority']}"
    host = urlsplit(str(row.get("url") or "")).netloc
    return f"authority:{host}" if host else f"page:{example.idea}"


def _codes(value: object) -> tuple[str, ...]:
    if isinstance(value, str):
        try:
            value = json.loads(value) if value.startswith("[") else value.split(";")
        except ValueError as problem:
            raise LabelledSetError(f"{value[:40]!r} is no list of codes: {problem}") from problem
    return tuple(str(code).strip() for code in value if str(code).strip()) if isinstance(value, list) else ()


def same_text(title: str, text: str) -> str:
    """Return what two texts share that differ in white space, case and punctuation alone."""
    return " ".join(_WORDS.findall(f"{title} {text}".lower()))
