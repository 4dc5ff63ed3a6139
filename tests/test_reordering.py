"""What people decide moves what waits at once: its like goes down or comes up, and nobody waits for a training."""

import logging
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import uuid4

import numpy as np
import pytest

from classifier.features import Vectoriser, take_apart
from classifier.labels import Example, seeds
from classifier.model import RELEVANT, Linear, Readings
from classifier.passages import Cut
from classifier.reordering import Reordering, Waiting
from classifier.stage import judge_record
from classifier.train import order
from labels.desk import Desk
from labels.work import Given
from study import record as r
from study.protocol import Protocol, load
from study.record import Record
from tests.small_record import SmallCrawl

KENT = "E10000016"
PLACES = ("Ashdown", "Birchwood", "Calder", "Denholme", "Elmfield", "Farleigh")


def leaders(place: str) -> tuple[str, str]:
    """Coaching of people who might be staff."""
    return (
        f"Play leaders: {place}",
        f"Play leaders in {place} meet their coach each month. The coach watches a session and talks it over with them afterwards.",
    )


def heads(place: str) -> tuple[str, str]:
    """Mentors for headteachers."""
    return (
        f"New headteachers: {place}",
        f"A new headteacher in {place} is given a mentor, a serving head. They meet twice a term during the first year.",
    )


TEXTS = [*map(leaders, PLACES), *map(heads, PLACES)]


def decided(text: tuple[str, str], relevance: str) -> Example:
    title, words = text
    return Example(title, title, "", title, words, relevance, "", (), (), "", ())


@pytest.fixture(scope="module")
def study() -> Protocol:
    return load("nfer-2008")


@pytest.fixture(scope="module")
def waiting(study: Protocol) -> Waiting:
    return Waiting(study, *order(study, seeds(study)[::4]), TEXTS)


def test_the_kin_of_what_was_read_moves_most_and_its_way(waiting: Waiting) -> None:
    before = waiting.scores()
    for relevance, way in (("off-topic", -1), ("ambiguous", -1), ("relevant", 1)):
        moved = (waiting.scores([decided(leaders("Ashdown"), relevance)]) - before) * way
        assert moved[:6].min() > 0.1
        assert moved[:6].min() > 2 * np.abs(moved[6:]).max()
    assert waiting.scores().tolist() == before.tolist()


def test_much_that_was_not_wanted_weighs_no_more_than_what_was(waiting: Waiting) -> None:
    found = decided(heads("Ashdown"), "relevant")
    dry = decided(leaders("Ashdown"), "off-topic")
    once, often = waiting.scores([found, dry]), waiting.scores([found, *[dry] * 12])
    assert often == pytest.approx(once, abs=1e-9)
    twice = waiting.scores([found, found, dry])
    assert twice[6:].min() > once[6:].min()


def test_a_text_without_a_keyword_stays_last_and_teaches_all_the_same(study: Protocol) -> None:
    waiting = Waiting(
        study, *order(study, seeds(study)[::8]), [leaders("Calder"), ("Bins", "Bins are emptied on Monday.")]
    )
    assert waiting.scores([decided(("Bins", "Bins are emptied on Tuesday."), "off-topic")])[1] == -np.inf


# In a record


@pytest.fixture
def crawl(tmp_path: Path, study: Protocol, models: Path) -> Iterator[SmallCrawl]:
    with Record.open(f"sqlite:///{tmp_path / 'record.db'}") as record:
        crawl = SmallCrawl(record, study, [KENT])
        for number, (title, text) in enumerate(TEXTS):
            crawl.fetched(KENT, f"p{number}", text, None, title=title)
        judge_record(record, study, crawl.id, directory=models)
        yield crawl


def hashes(crawl: SmallCrawl) -> dict[str, str]:
    """Title -> hash."""
    with crawl.record.begin() as db:
        return {row.title: row.text_hash for row in db.execute(r.text.select())}


def held(crawl: SmallCrawl, models: Path) -> Reordering:
    made = Reordering(crawl.record, crawl.protocol, models)
    made.hold(list(hashes(crawl).values()))
    return made


def test_what_was_decided_before_the_model_learnt_or_is_taken_back_moves_nothing(
    crawl: SmallCrawl, models: Path
) -> None:
    known, following = hashes(crawl), held(crawl, models)
    read = known[leaders("Ashdown")[0]]
    now = datetime.now(UTC)
    assert following.likelihood() == {}
    crawl.decided(read, "relevant", decided_at=now - timedelta(days=1))
    assert following.likelihood() == {}
    crawl.decided(read, "off-topic", decided_at=now)
    down = following.likelihood()
    assert set(down) == set(known.values())
    crawl.decided(read, "relevant", decided_at=now)
    up = following.likelihood()
    assert all(up[known[leaders(place)[0]]] > down[known[leaders(place)[0]]] for place in PLACES)
    crawl.decided(read, "undone", decided_at=now)
    assert following.likelihood() == {}


def test_a_model_that_cannot_be_read_leaves_the_order_as_it_is(
    crawl: SmallCrawl, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    crawl.decided(hashes(crawl)[TEXTS[0][0]], "relevant", decided_at=datetime.now(UTC))
    with caplog.at_level(logging.WARNING):
        assert held(crawl, tmp_path / "elsewhere").likelihood() == {}
    assert "decisions move nothing" in caplog.text


def test_the_next_text_is_chosen_by_the_last_decision(crawl: SmallCrawl, models: Path) -> None:
    following = Reordering(crawl.record, crawl.protocol, models)
    desk = Desk(crawl.record, crawl.protocol, crawl.id, following=following)
    desk.refresh()
    read: list[Given] = []
    likelihood: list[dict[str, float]] = []
    row = {"relation": "none", "topics": [], "approaches": [], "depth": None, "flags": [], "note": ""}
    while (text := desk.give("heron")) is not None:
        read.append(text)
        began = time.monotonic()
        decision = "off-topic" if len(read) % 2 else "relevant"
        assert desk.decide("heron", text, uuid4().hex, {"decision": decision, **row})
        assert time.monotonic() - began < 5  # a tenth of a second where the machine is free
        likelihood.append(following.likelihood())
    assert len(read) > 6
    for number, text in enumerate(read[1:], 1):
        like = [later.text_hash for later in read[number:] if later.source == text.source]
        assert text.text_hash == max(like, key=lambda key: likelihood[number - 1][key])
    first, last = likelihood[0], likelihood[-1]
    assert sorted(first, key=lambda key: first[key]) != sorted(first, key=lambda key: last[key])


def test_a_decision_taken_back_moves_the_rest_back(crawl: SmallCrawl, models: Path) -> None:
    desk = Desk(crawl.record, crawl.protocol, crawl.id, following=Reordering(crawl.record, crawl.protocol, models))
    desk.refresh()

    def order_of(reader: str) -> list[str]:
        return [entry.text_hash for entry in desk._candidates(reader, {})]

    row = {"relation": "none", "topics": [], "approaches": [], "depth": None, "flags": [], "note": ""}
    first = desk.give("heron")
    assert first is not None
    before = order_of("wren")
    assert desk.decide("heron", first, uuid4().hex, {"decision": "off-topic", **row})
    moved = order_of("wren")
    assert moved != [text for text in before if text != first.text_hash]
    undone, _ = desk.take_back("heron", desk.recent("heron")[0].id)
    assert undone is not None
    assert order_of("wren") == before


def test_of_a_long_text_the_likeliest_passages_are_held_and_its_score_stays(study: Protocol) -> None:
    learnt = order(study, seeds(study)[::4])
    sections = [
        f"{text} {'Nothing else is said here. ' * 40}" for _, text in [*map(heads, PLACES), *map(leaders, PLACES)]
    ]
    long = ("Minutes", "\n\n".join(sections * 3))
    waiting = Waiting(study, *learnt, [long, *TEXTS])
    assert np.bincount(waiting._owner)[0] == 10
    whole = order_score(study, learnt, long)
    assert waiting.scores()[0] == pytest.approx(whole)


def order_score(study: Protocol, learnt: tuple[Vectoriser, Linear], text: tuple[str, str]) -> float:
    """The best of all its passages, as a judgement has it."""
    vectoriser, linear = learnt
    scores = Readings(vectoriser, take_apart(Cut.of(*text, study.core))).score(linear)
    return float(scores[:, linear.outputs.index(RELEVANT)].max())
