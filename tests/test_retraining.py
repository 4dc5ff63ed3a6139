"""Retraining while people label: a process of its own, after every so many decisions, and nobody waits for it."""

import json
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select

from labels.importing import take
from labels.queue import decided_groups, order
from study import record as r
from study.decisions import DEPTHS
from study.protocol import Protocol
from study.record import Record
from tests.labelling import KENT, Visitor, labels, record_at, served
from tests.running import ROOT
from tests.small_record import SmallCrawl, small_protocol

EACH = 12  # texts of each kind to learn from


def seeds(relevance: str) -> list[dict[str, Any]]:
    files = sorted((ROOT / "labels" / "seed").glob("*.jsonl"))
    lines = [line for path in files for line in path.read_text(encoding="utf-8").splitlines()]
    rows = [json.loads(line) for line in lines if line.strip()]
    return [row for row in rows if row["relevance"] == relevance and "mentor" in row["text"]]


@pytest.fixture
def study(tmp_path: Path) -> Protocol:
    return small_protocol(tmp_path)


@pytest.fixture
def crawl(tmp_path: Path, study: Protocol) -> Iterator[SmallCrawl]:
    with Record.open(record_at(tmp_path)) as record:
        yield SmallCrawl(record, study, [KENT])


def filled(crawl: SmallCrawl) -> list[tuple[str, str]]:
    """Fetch texts that rules alone leave undecided; return (text, what it is), relevant and off-topic by turns."""
    kept = []
    for number, pair in enumerate(zip(seeds("relevant")[: EACH + 3], seeds("off-topic")[: EACH + 3], strict=True)):
        for row in pair:
            said = {"title": row["title"], "probability": None, "model_id": "rules"}
            path = f"{number}-{row['relevance']}"
            kept.append((crawl.fetched(KENT, path, row["text"], "ambiguous", **said), row["relevance"]))
    return kept


def until(done: Callable[[], bool], seconds: float = 120) -> bool:
    deadline = time.monotonic() + seconds
    while not done():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.2)
    return True


def models(record: Record) -> int:
    with record.begin() as db:
        return int(db.execute(select(func.count()).select_from(r.model)).scalar() or 0)


def serve_small(tmp_path: Path, every: int) -> Any:
    study = ("--protocol", str(tmp_path / "small.toml"))
    options = ("--annotator", "heron", "--overlap", "0", "--retrain-every", str(every))
    return served(record_at(tmp_path), *options, *study)


@pytest.mark.slow
def test_the_model_learns_in_the_background_and_the_queue_follows_it(crawl: SmallCrawl, tmp_path: Path) -> None:
    kept = filled(crawl)
    known, left = kept[: 2 * EACH - 1], {text for text, _ in kept[2 * EACH - 1 :]}
    more = {"relevant": {"approaches": "strategy"}, "off-topic": {"topics": "other"}}
    rows = [
        (
            n,
            {
                "text_hash": text,
                "decision": decision,
                "relation": "mentoring",
                "depth": DEPTHS[n % 3],
                **more[decision],
            },
        )
        for n, (text, decision) in enumerate(known)
    ]
    assert take(crawl.record, crawl.protocol, rows, annotator="heron").added == len(known)
    with serve_small(tmp_path, 2 * EACH) as page:
        heron = Visitor(page.home)
        heron.sign_in(page.links["heron"])
        assert models(crawl.record) == 0
        began = time.monotonic()
        assert heron.ask("/decide", {"form": heron.form(), "decision": "ambiguous"})[0] == 303
        waits = []
        while "The model has learnt" not in (answer := heron.ask("/read"))[1]:
            waits.append(time.monotonic() - began)
            assert answer[0] == 200
            assert "could not learn" not in answer[1]
            assert waits[-1] < 120
            time.sleep(0.3)
            began_reading = time.monotonic()
            heron.ask("/read")
            assert time.monotonic() - began_reading < 5  # nobody waits, even on a busy machine
        assert waits
        assert models(crawl.record) == 1
        with crawl.record.begin() as db:
            judged = set(db.execute(select(r.judgement.c.text_hash).where(r.judgement.c.model_id != "rules")).scalars())
        assert left <= judged
        settled = decided_groups(crawl.record, crawl.protocol, crawl.id)
        queued = {
            entry.text_hash: entry.source for entry in order(crawl.record, crawl.protocol, crawl.id, without=settled)
        }
        already = len(labels(crawl.record))
        while 'action="/decide"' in heron.ask("/read")[1]:
            assert heron.ask("/decide", {"form": heron.form(), "decision": "off-topic"})[0] == 303
        held, *asked = labels(crawl.record)[already:]
        assert held.text_hash in left
        # What the new model made of them; their order follows each decision besides (tests/test_reordering.py).
        queued.pop(held.text_hash, None)
        assert {row.text_hash: row.source for row in asked} == queued
        assert len({row.source for row in asked} - {"random"}) > 0


def test_a_model_that_cannot_learn_says_why_and_labelling_goes_on(crawl: SmallCrawl, tmp_path: Path) -> None:
    filled(crawl)
    with serve_small(tmp_path, 1) as page:
        heron = Visitor(page.home)
        heron.sign_in(page.links["heron"])
        assert heron.ask("/decide", {"form": heron.form(), "decision": "relevant"})[0] == 303
        assert until(
            lambda: "The model could not learn: small: 1 relevant and 0 off-topic texts" in heron.ask("/read")[1]
        )
        assert heron.ask("/decide", {"form": heron.form(), "decision": "off-topic"})[0] == 303
        assert len(labels(crawl.record)) == 2
    assert page.process.returncode == 0


def test_a_server_that_is_told_to_stop_takes_its_learner_with_it(crawl: SmallCrawl, tmp_path: Path) -> None:
    kept = filled(crawl)
    rows = [(n, {"text_hash": text, "decision": decision}) for n, (text, decision) in enumerate(kept[: 2 * EACH - 1])]
    take(crawl.record, crawl.protocol, rows, annotator="heron")
    with serve_small(tmp_path, 2 * EACH) as page:
        heron = Visitor(page.home)
        heron.sign_in(page.links["heron"])
        heron.ask("/decide", {"form": heron.form(), "decision": "off-topic"})
        assert until(lambda: "is learning" in heron.ask("/read")[1], 20)
        children = [
            c for path in Path(f"/proc/{page.process.pid}/task").glob("*/children") for c in path.read_text().split()
        ]
        assert len(children) == 1
        page.process.terminate()
        assert page.process.wait(timeout=20) == 0
        assert until(lambda: not any(Path(f"/proc/{child}").exists() for child in children), 20)
