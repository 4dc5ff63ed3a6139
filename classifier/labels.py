"""What the model learns from: seed passages written for the protocol, and what researchers decided since.

Both become :class:`Example`. Where people differ and nobody has settled it the text is an example of the ambiguous; a skip
teaches nothing.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Iterable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import select

from study.decisions import decisions
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
    examples = []
    for path in seed_files(protocol):
        for number, line in enumerate(path.read_text(encoding="utf-8-sig").splitlines(), 1):
            if line.strip():
                examples.append(_seed(path, number, line))
    return examples


def seed_files(protocol: Protocol) -> list[Path]:
    """Return the files of the protocol's seeds in their order; none where it names no seeds.

    Raises :class:`LabelError` where it names a folder in which there are none.
    """
    if protocol.seeds is None:
        return []
    files = sorted((_LABELS / protocol.seeds).glob("*.jsonl"))
    if not files:
        raise LabelError(
            f"protocol {protocol.name}: seeds names the folder {_LABELS / protocol.seeds}, and there are no seed files (*.jsonl) in it "
            "or no such folder; add it, or leave seeds out: see labels/seed/README.md"
        )
    return files


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


def decided(record: Record, protocol: Protocol, texts: Collection[str] | None = None) -> list[Example]:
    """Return one example a decided text of ``protocol`` in the record, or of some ``texts`` (hashes), in the order of these hashes.

    What counts as the decision is said in one place for all stages: study/decisions.py. Near-duplicates teach once: a text
    that nobody read, because the decision on its like holds for it, is left out.
    """
    standing = decisions(record, protocol.name, texts)
    query = select(label.c.text_hash, label.c.title, label.c.text).where(label.c.protocol == protocol.name)
    if texts is not None:
        query = query.where(label.c.text_hash.in_(texts))
    with record.begin() as db:
        shown = {row.text_hash: row for row in db.execute(query.order_by(label.c.id))}
    return [
        Example(
            id=f"text:{key[:12]}",
            idea=f"text:{key}",
            era="",
            title=shown[key].title,
            text=shown[key].text,
            relevance=decision.relevance,
            relation="" if decision.disputed else next(iter(decision.relations), ""),
            topics=() if decision.disputed else decision.topics,
            approaches=() if decision.disputed else decision.approaches,
            depth=decision.depth or "",
            flags=decision.flags,
        )
        for key, decision in sorted(standing.items())
        if not decision.follows and shown[key].text  # a purged text teaches nothing
    ]


def labels_hash(examples: Iterable[Example]) -> str:
    """Return the identity of a set of examples: SHA-256 over all that they say."""
    digest = hashlib.sha256()
    for example in examples:
        digest.update(json.dumps(asdict(example), sort_keys=True, ensure_ascii=False).encode())
        digest.update(b"\n")
    return digest.hexdigest()
