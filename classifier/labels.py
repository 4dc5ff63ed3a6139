"""What the model learns from: seed passages written for the protocol, and what researchers decided since.

Both become :class:`Example`. Of the record's label rows the latest of each person counts, an adjudicator's outweighs the rest,
and where people differ and nobody has settled it the text is an example of the ambiguous. ``skip`` teaches nothing.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import select

from study.errors import UserError
from study.protocol import Protocol
from study.record import Record, label

_LABELS = Path(__file__).parent.parent / "labels"
_DECISIONS = ("relevant", "off-topic", "ambiguous")


class LabelError(UserError):
    """A seed file cannot be used; the text names file, line and what was expected."""


@dataclass(frozen=True, slots=True)
class Example:
    """One labelled text."""

    id: str
    idea: str  # examples of one idea never stand on both sides of a split
    era: str  # then | now | '' where unknown
    title: str
    text: str
    relevance: str  # relevant | off-topic | ambiguous
    relation: str
    topics: tuple[str, ...]
    approaches: tuple[str, ...]
    depth: str
    flags: tuple[str, ...]


def seeds(protocol: Protocol) -> list[Example]:
    """Return the seed examples of ``protocol`` in the order of files and lines; none where it names no seeds."""
    if protocol.seeds is None:
        return []
    examples = []
    for path in sorted((_LABELS / protocol.seeds).glob("*.jsonl")):
        for number, line in enumerate(path.read_text(encoding="utf-8-sig").splitlines(), 1):
            if line.strip():
                examples.append(_seed(path, number, line))
    return examples


def _seed(path: Path, number: int, line: str) -> Example:
    try:
        row: dict[str, Any] = json.loads(line)
        example = Example(
            id=row["id"],
            idea=row["idea"],
            era=row["era"],
            title=row["title"],
            text=row["text"],
            relevance=row["relevance"],
            relation=row["relation"],
            topics=tuple(row["topics"]),
            approaches=tuple(row["approaches"]),
            depth=row["depth"],
            flags=tuple(row["flags"]),
        )
    except (ValueError, KeyError, TypeError) as problem:
        raise LabelError(
            f"{path.name}, line {number}: not a seed line ({problem!r}); see labels/seed/README.md"
        ) from problem
    if example.relevance not in _DECISIONS:
        raise LabelError(
            f"{path.name}, line {number}: relevance is {example.relevance!r}; expected one of {', '.join(_DECISIONS)}"
        )
    return example


def decided(record: Record, protocol: Protocol) -> list[Example]:
    """Return one example a labelled text of ``protocol`` in the record, in the order of the texts' hashes."""
    query = select(label).where(label.c.protocol == protocol.name).order_by(label.c.id)
    with record.begin() as db:
        rows = [dict(row) for row in db.execute(query).mappings()]
    superseded = {row["supersedes"] for row in rows if row["supersedes"] is not None}
    texts: dict[str, dict[tuple[str, str], dict[str, Any]]] = {}
    for row in rows:
        if row["id"] not in superseded:
            texts.setdefault(row["text_hash"], {})[(row["role"], row["annotator"])] = row
    examples = []
    for text_hash in sorted(texts):
        settled = _settle(text_hash, list(texts[text_hash].values()))
        if settled is not None:
            examples.append(settled)
    return examples


def _settle(text_hash: str, rows: list[dict[str, Any]]) -> Example | None:
    rows = [row for row in rows if row["decision"] != "skip"]
    rows = [row for row in rows if row["role"] == "adjudicator"] or rows
    if not rows:
        return None
    last = max(rows, key=lambda row: int(row["id"]))
    agreed = len({row["decision"] for row in rows}) == 1 or last["role"] == "adjudicator"
    return Example(
        id=f"text:{text_hash[:12]}",
        idea=f"text:{text_hash}",
        era="",
        title=last["title"],
        text=last["text"],
        relevance=last["decision"] if agreed else "ambiguous",
        relation=last["relation"] or "",
        topics=tuple(last["topics"]) if agreed else (),
        approaches=tuple(last["approaches"]) if agreed else (),
        depth=last["depth"] or "",
        flags=tuple(last["flags"]),
    )


def labels_hash(examples: Iterable[Example]) -> str:
    """Return the identity of a set of examples: SHA-256 over all that they say."""
    digest = hashlib.sha256()
    for example in examples:
        digest.update(json.dumps(asdict(example), sort_keys=True, ensure_ascii=False).encode())
        digest.update(b"\n")
    return digest.hexdigest()
