"""The classifier as a stage: judge what the record holds, once a distinct text, and write what was found.

Work is committed in batches; killed at any instant, the next run goes on with the texts that have no judgement by this protocol and
model yet. The model is trained when there is none for these labels, this protocol, this code and these libraries.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from sqlalchemy import bindparam, delete, exists, insert, or_, select, update
from sqlalchemy.engine import Connection

from classifier import blocks
from classifier.identity import model_id, versions
from classifier.labels import Example, decided, labels_hash, seeds
from study import record as tables
from study.judging import RULES
from study.protocol import Protocol
from study.record import Record, insert_new, text_hash
from study.text import CUT, EXTRACTOR

if TYPE_CHECKING:
    from classifier.judge import Judge, Judgement
    from classifier.model import Model

log = logging.getLogger(__name__)

BATCH = 500  # texts a transaction
# Of captures joined to extractions: those with a text to judge.
_WITH_TEXT = (
    tables.capture.c.state == "done",
    tables.capture.c.outcome == "ok",
    tables.extraction.c.extractor == EXTRACTOR,
    # What there is of a text that was cut is judged: a PDF with a damaged page, a document beyond the bound.
    or_(tables.extraction.c.error.is_(None), tables.extraction.c.error.startswith(CUT)),
)
_Item = TypeVar("_Item")
Progress = Callable[[int, int], None]  # texts judged, texts to judge


@dataclass(frozen=True, slots=True)
class Summary:
    """What one run of the stage did."""

    model_id: str
    captures: int  # captures with a text
    texts: int  # distinct texts among them
    judged: int  # texts judged by this run; the rest were judged before
    relevance: dict[str, int]  # of the texts judged by this run


def examples_of(record: Record | None, protocol: Protocol) -> list[Example]:
    """Return all that a model for ``protocol`` learns from: its seeds and the record's labels."""
    return seeds(protocol) + (decided(record, protocol) if record is not None else [])


def ensure_model(record: Record | None, protocol: Protocol, directory: Path) -> Model | None:
    """Return the model for ``protocol`` as its labels stand: read from ``directory``, or trained and kept there.

    None where there are no labels at all. With a record its labels are learnt too and the model's row is written.
    Raises ``TrainingError`` where there are labels, but too few.
    """
    began = datetime.now(UTC)  # what is decided from here on, this model has not learnt
    examples = examples_of(record, protocol)
    return _learnt(record, protocol, directory, examples, began) if examples else None


def _learnt(
    record: Record | None, protocol: Protocol, directory: Path, examples: list[Example], began: datetime
) -> Model:
    # Imported where there is something to judge: after a crawl without news there is not, and scikit-learn takes seconds.
    from classifier.model import ModelError, load, save
    from classifier.train import train

    identity = model_id(protocol.hash, labels_hash(examples))
    path = directory / f"model-{protocol.name}-{identity[:12]}.skops"
    model: Model | None = None
    if path.exists():
        try:
            model = load(path, identity)
        except ModelError as problem:
            log.warning("%s", problem)
    if model is None:
        log.info("training a model for %s on %d labelled texts", protocol.name, len(examples))
        model = train(protocol, examples)
        save(model, path)
    if record is not None:
        with record.begin() as db:
            insert_new(db, tables.model, [_model_row(model, protocol, labels_hash(examples), path, began)])
    return model


def judge_record(
    record: Record,
    protocol: Protocol,
    crawl_id: int | None = None,
    progress: Progress | None = None,
    directory: Path | None = None,
) -> Summary:
    """Judge every text of a crawl (the newest of ``protocol`` if none is named) that this protocol and model have not judged.

    ``progress`` is told after every batch; models are kept in ``directory`` (beside the record if none is named).
    Raises :class:`study.record.RecordError` where there is no such crawl of ``protocol``.
    """
    crawl_id = record.crawl_of(protocol.name, crawl_id)
    began = datetime.now(UTC)
    examples = examples_of(record, protocol)
    identity = model_id(protocol.hash, labels_hash(examples)) if examples else RULES
    captures = _give_texts(record, crawl_id)
    waiting, texts = _waiting(record, crawl_id, protocol, identity)
    counts = {"relevant": 0, "ambiguous": 0, "off-topic": 0}
    done = 0
    if progress is not None:
        progress(0, len(waiting))
    if waiting:
        from classifier.judge import Judge  # see _learnt

        place = directory or record.directory / "models"
        model = _learnt(record, protocol, place, examples, began) if examples else None
        judge = Judge(protocol, model)
        for batch in _batches(waiting):
            for relevance in _judge_batch(record, protocol, judge, batch):
                counts[relevance] += 1
            done += len(batch)
            if progress is not None:
                progress(done, len(waiting))
    return Summary(identity, captures, texts, done, counts)


def left_unjudged(record: Record, protocol: Protocol) -> list[int]:
    """Return the crawls of this very protocol with a text that it has never judged, as a run leaves that was killed too early."""
    capture, judgement = tables.capture.c, tables.judgement.c
    judged = exists().where(judgement.text_hash == capture.text_hash, judgement.protocol_hash == protocol.hash)
    query = (
        select(capture.crawl_id)
        .join(tables.crawl, tables.crawl.c.id == capture.crawl_id)
        .join(tables.extraction, tables.extraction.c.raw_hash == capture.raw_hash)
        .where(tables.crawl.c.protocol_hash == protocol.hash, ~judged, *_WITH_TEXT)
        .distinct()
        .order_by(capture.crawl_id)
    )
    with record.begin() as db:
        return list(db.execute(query).scalars())


def _give_texts(record: Record, crawl_id: int) -> int:
    """Mask each authority's repeated lines, keep the texts as they will be judged, and point the captures at them."""
    query = (
        select(tables.page.c.authority)
        .join(tables.capture, tables.capture.c.page_id == tables.page.c.id)
        .where(tables.capture.c.crawl_id == crawl_id)
        .distinct()
        .order_by(tables.page.c.authority)
    )
    with record.begin() as db:
        authorities = list(db.execute(query).scalars())
    count = 0
    for authority in authorities:
        with record.begin() as db:
            count += _give_authority_texts(db, crawl_id, authority)
    return count


def _give_authority_texts(db: Connection, crawl_id: int, authority: str) -> int:
    query = (
        select(
            tables.capture.c.id,
            tables.capture.c.text_hash,
            tables.extraction.c.title,
            tables.extraction.c.text,
            tables.capture.c.raw_hash,
        )
        .join(tables.page, tables.capture.c.page_id == tables.page.c.id)
        .join(tables.extraction, tables.extraction.c.raw_hash == tables.capture.c.raw_hash)
        .where(
            tables.capture.c.crawl_id == crawl_id,
            tables.page.c.authority == authority,
            *_WITH_TEXT,
        )
        .order_by(
            tables.page.c.id, tables.capture.c.id
        )  # a sentence that repeats stays on the page that is known longest
    )
    rows = db.execute(query).all()
    # Distinct bodies: one document that the search lists under ten addresses is one page's worth of repetition.
    bodies = {row.raw_hash: row.text for row in rows}
    lines = blocks.repeated(bodies.values())
    blocks.keep(db, authority, lines)
    masked = blocks.mask(bodies, frozenset(lines))
    texts: dict[str, dict[str, str]] = {}
    moved: list[dict[str, object]] = []
    for row in rows:
        text = masked[row.raw_hash]
        identity = text_hash(row.title, text)
        texts.setdefault(identity, {"text_hash": identity, "title": row.title, "text": text})
        if row.text_hash != identity:
            moved.append({"capture": row.id, "hash": identity})
    for batch in _batches(list(texts.values())):
        insert_new(db, tables.text, batch)
    if moved:
        change = (
            update(tables.capture)
            .where(tables.capture.c.id == bindparam("capture"))
            .values(text_hash=bindparam("hash"))
        )
        db.execute(change, moved)
    return len(rows)


def _waiting(record: Record, crawl_id: int, protocol: Protocol, identity: str) -> tuple[list[str], int]:
    """Return the crawl's texts without a judgement, in a fixed order, and how many texts it has in all."""
    every = select(tables.capture.c.text_hash).where(
        tables.capture.c.crawl_id == crawl_id, tables.capture.c.text_hash.is_not(None)
    )
    judged = select(tables.judgement.c.text_hash).where(
        tables.judgement.c.protocol_hash == protocol.hash, tables.judgement.c.model_id == identity
    )
    with record.begin() as db:
        texts = set(db.execute(every.distinct()).scalars())
        return sorted(texts - set(db.execute(judged).scalars())), len(texts)


def _batches(items: list[_Item]) -> Iterator[list[_Item]]:
    source = iter(items)
    while batch := list(islice(source, BATCH)):
        yield batch


def _judge_batch(record: Record, protocol: Protocol, judge: Judge, hashes: list[str]) -> list[str]:
    query = select(tables.text.c.text_hash, tables.text.c.title, tables.text.c.text)
    with record.begin() as db:
        rows = {row.text_hash: row for row in db.execute(query.where(tables.text.c.text_hash.in_(hashes)))}
    verdicts = list(judge.judge_many((rows[key].title, rows[key].text) for key in hashes))
    judgements = [
        _judgement_row(key, protocol, judge.model_id, verdict) for key, verdict in zip(hashes, verdicts, strict=True)
    ]
    mentions = [
        _mention_row(key, protocol, verdict, k)
        for key, verdict in zip(hashes, verdicts, strict=True)
        for k in range(len(verdict.mentions))
    ]
    with record.begin() as db:
        insert_new(db, tables.judgement, judgements)
        # Names are a function of text and protocol; an older version of the rules may have left others.
        db.execute(
            delete(tables.mention).where(
                tables.mention.c.text_hash.in_(hashes), tables.mention.c.protocol_hash == protocol.hash
            )
        )
        if mentions:
            db.execute(insert(tables.mention), mentions)
    return [verdict.relevance for verdict in verdicts]


def _judgement_row(key: str, protocol: Protocol, identity: str, verdict: Judgement) -> dict[str, object]:
    return {
        "text_hash": key,
        "protocol_hash": protocol.hash,
        "model_id": identity,
        "relevance": verdict.relevance,
        "probability": verdict.probability,
        "relation": verdict.relation,
        "topics": list(verdict.topics),
        "approaches": list(verdict.approaches),
        "depth": verdict.depth,
        "flags": list(verdict.flags),
        "evidence": list(verdict.evidence),
    }


def _mention_row(key: str, protocol: Protocol, verdict: Judgement, index: int) -> dict[str, object]:
    mention = verdict.mentions[index]
    return {
        "text_hash": key,
        "protocol_hash": protocol.hash,
        "what": mention.what,
        "which": mention.which,
        "counts": mention.counts,
        "quote": mention.quote,
        "start": mention.start,
        "end": mention.end,
        "about": list(mention.about),
        "beside_keyword": mention.beside_keyword,
        "explained": mention.explained,
        "linked": mention.linked,
    }


def _model_row(model: Model, protocol: Protocol, labels: str, path: Path, began: datetime) -> dict[str, object]:
    return {
        "id": model.id,
        "protocol_hash": protocol.hash,
        "labels_hash": labels,
        "versions": versions(),
        "metrics": model.metrics,
        "file": path.name,
        "created_at": began,
    }
