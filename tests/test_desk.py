"""The desk: two people never hold one text, what is decided is saved once, and several processes may work on one record."""

import threading
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import delete, select, update

from labels.adjudication import Adjudication
from labels.desk import Desk
from labels.importing import take
from labels.leases import LEASE
from labels.work import Given
from study import record as r
from study.decisions import decisions
from study.record import Record
from tests.labelling import KENT, fill, labels, passage, study_record
from tests.small_record import SmallCrawl


@pytest.fixture
def crawl(record: Record) -> SmallCrawl:
    return study_record(record)


def desk(crawl: SmallCrawl, **options: Any) -> Desk:
    made = Desk(crawl.record, crawl.protocol, crawl.id, **options)
    made.refresh()
    return made


def given(desk: Desk, annotator: str) -> Given:
    text = desk.give(annotator)
    assert text is not None
    return text


def decide(desk: Desk | Adjudication, annotator: str, text: Given, decision: str = "off-topic", **said: Any) -> bool:
    row = {"relation": "none", "topics": [], "approaches": [], "depth": None, "flags": [], "note": "", **said}
    return desk.decide(annotator, text, uuid4().hex, {"decision": decision, **row})


def leases(record: Record) -> list[Any]:
    with record.begin() as db:
        return list(db.execute(select(r.assignment).order_by(r.assignment.c.given_at)))


def expire(record: Record) -> None:
    with record.begin() as db:
        past = datetime.now(UTC) - timedelta(seconds=1)
        db.execute(update(r.assignment).where(r.assignment.c.until.is_not(None)).values(until=past))


def test_a_text_in_somebodys_hands_is_given_to_nobody_else_and_stays_theirs(crawl: SmallCrawl) -> None:
    kept = fill(crawl, 3)
    ours = desk(crawl)
    assert [given(ours, who).text_hash for who in ("heron", "wren", "owl")] == kept
    assert ours.give("tern") is None
    assert [given(ours, who).text_hash for who in ("owl", "heron", "wren")] == [kept[2], kept[0], kept[1]]
    assert given(ours, "heron").given_at == leases(crawl.record)[0].given_at


def test_a_lease_that_ran_out_passes_on_and_the_late_decision_is_taken_all_the_same(crawl: SmallCrawl) -> None:
    (kept,) = fill(crawl, 1)
    ours = desk(crawl)
    late = given(ours, "heron")
    assert ours.give("wren") is None
    expire(crawl.record)
    assert given(ours, "wren").text_hash == kept
    assert ours.give("heron") is None
    assert decide(ours, "heron", late)
    assert decide(ours, "wren", given(ours, "wren"), "relevant")
    assert decisions(crawl.record, "nfer-2008")[kept].disputed


def test_a_lease_is_renewed_while_its_holder_comes_back(crawl: SmallCrawl) -> None:
    fill(crawl, 1)
    ours = desk(crawl)
    first = given(ours, "heron")
    with crawl.record.begin() as db:
        db.execute(update(r.assignment).values(until=datetime.now(UTC) + LEASE / 3))
    assert given(ours, "heron") == first
    assert leases(crawl.record)[0].until - datetime.now(UTC) > LEASE / 2


def test_a_share_is_read_by_two_who_do_not_hear_of_each_other(crawl: SmallCrawl) -> None:
    fill(crawl, 40)
    ours = desk(crawl, overlap=0.5)
    read: dict[str, list[str]] = {"heron": [], "wren": []}
    for _ in range(40):
        for who, texts in read.items():
            text = ours.give(who)
            if text is not None:
                texts.append(text.text_hash)
                decide(ours, who, text)
    both = set(read["heron"]) & set(read["wren"])
    assert set(read["heron"]) | set(read["wren"]) == {row.text_hash for row in labels(crawl.record)}
    assert both == {row.text_hash for row in labels(crawl.record) if ours.readers(row.text_hash) == 2}
    assert 10 <= len(both) <= 30
    assert len(labels(crawl.record)) == 40 + len(both)


def test_all_may_be_read_by_three(crawl: SmallCrawl) -> None:
    fill(crawl, 2)
    ours = desk(crawl, overlap=1.0, readers=3)
    for who in ("heron", "wren", "owl"):
        for _ in range(2):
            decide(ours, who, given(ours, who))
        assert ours.give(who) is None
    assert ours.give("tern") is None


@pytest.mark.parametrize("readers", [1, 2])
def test_many_who_ask_in_one_instant_of_two_servers_never_share_a_place(crawl: SmallCrawl, readers: int) -> None:
    fill(crawl, 12)
    desks = [desk(crawl, overlap=float(readers == 2)) for _ in range(2)]
    start = threading.Barrier(8)
    problems: list[BaseException] = []

    def read(number: int) -> None:
        try:
            start.wait(timeout=20)
            while (text := desks[number % 2].give(f"annotator {number}")) is not None:
                decide(desks[number % 2], f"annotator {number}", text)
        except BaseException as problem:
            problems.append(problem)
            raise

    threads = [threading.Thread(target=read, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    assert problems == []
    said = [(row.text_hash, row.annotator) for row in labels(crawl.record)]
    assert len(said) == len(set(said)) == 12 * readers
    assert sorted(text for text, _ in said) == sorted(text for text, _ in set(said))


def test_a_form_sent_twice_is_saved_once_even_in_one_instant(crawl: SmallCrawl) -> None:
    fill(crawl, 1)
    ours = desk(crawl)
    text = given(ours, "heron")
    said = {"relation": "none", "topics": [], "approaches": [], "depth": None, "flags": [], "note": ""}
    start = threading.Barrier(6)
    saved: list[bool] = []

    def send(decision: str) -> None:
        start.wait(timeout=20)
        saved.append(ours.decide("heron", text, "one form", {**said, "decision": decision}))

    threads = [threading.Thread(target=send, args=(("relevant", "off-topic")[k % 2],)) for k in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    assert sorted(saved) == [False] * 5 + [True]
    assert len(labels(crawl.record)) == 1


def test_what_is_skipped_comes_back_when_the_rest_is_read(crawl: SmallCrawl) -> None:
    kept = fill(crawl, 3)
    ours = desk(crawl)
    decide(ours, "heron", given(ours, "heron"), "skip")
    assert given(ours, "wren").text_hash == kept[0]  # put off by one, free for another
    expire(crawl.record)
    for expected in kept[1:]:
        assert given(ours, "heron").text_hash == expected
        decide(ours, "heron", given(ours, "heron"))
    assert (ours.progress("heron").skipped, ours.progress("heron").left) == (1, 1)
    assert given(ours, "heron").text_hash == kept[0]


def test_what_is_taken_back_is_in_its_readers_hands_again(crawl: SmallCrawl) -> None:
    kept = fill(crawl, 3)
    ours = desk(crawl)
    decide(ours, "heron", given(ours, "heron"), "relevant")
    assert given(ours, "heron").text_hash == kept[1]
    (last,) = ours.recent("heron")
    row, holds = ours.take_back("heron", last.id)
    assert (row.text_hash, holds) == (kept[0], None)
    assert given(ours, "heron").text_hash == kept[0]
    assert given(desk(crawl), "heron").text_hash == kept[0]  # after a restart as well
    assert given(ours, "wren").text_hash == kept[2]
    assert ours.give("owl") is None
    assert ours.take_back("heron", last.id) == (None, None)
    assert ours.take_back("wren", labels(crawl.record)[0].id) == (None, None)
    assert [row.decision for row in labels(crawl.record)] == ["relevant", "undone"]
    decide(ours, "heron", given(ours, "heron"))
    assert given(ours, "heron").text_hash == kept[1]  # what was in hand before is there again, and no third text
    assert sum(row.until is not None for row in leases(crawl.record)) == 2


def test_undo_walks_back_past_a_changed_decision_to_the_one_before_and_never_brings_the_change_back(
    crawl: SmallCrawl,
) -> None:
    kept = fill(crawl, 4)
    ours = desk(crawl)
    texts = [given(ours, "heron")]
    decide(ours, "heron", texts[0])
    for _ in range(2):
        texts.append(given(ours, "heron"))
        decide(ours, "heron", texts[-1])
    for said in ("relevant", "ambiguous"):  # twice in another mind about the first of three
        decide(ours, "heron", texts[0], said)
    taken_back = []
    while (found := ours.recent("heron")) and len(taken_back) < 9:
        row, holds = ours.take_back("heron", found[0].id)
        assert ours.take_back("heron", found[0].id) == (None, None)  # a double click
        taken_back.append((kept.index(row.text_hash), row.decision, holds))
    assert taken_back == [
        (0, "ambiguous", "relevant"),
        (0, "relevant", "off-topic"),
        (2, "off-topic", None),
        (1, "off-topic", None),
        (0, "off-topic", None),
    ]
    assert decisions(crawl.record, "nfer-2008") == {}
    assert len(labels(crawl.record)) == 10  # each undo is a row


def test_a_decision_brought_back_stands_in_its_old_place_and_a_new_one_on_it_is_a_decision(crawl: SmallCrawl) -> None:
    kept = fill(crawl, 3)
    ours = desk(crawl)
    texts = []
    for _ in range(2):
        texts.append(given(ours, "heron"))
        decide(ours, "heron", texts[-1])
    decide(ours, "heron", texts[0], "relevant")
    ours.take_back("heron", ours.recent("heron")[0].id)
    assert [row.text_hash for row in ours.recent("heron")] == [kept[1], kept[0]]
    decide(ours, "heron", texts[0], "relevant")
    assert [(row.text_hash, row.decision) for row in ours.recent("heron")] == [
        (kept[0], "relevant"),
        (kept[1], "off-topic"),
    ]


def test_the_last_ten_are_found_however_many_were_taken_back_after_them(crawl: SmallCrawl) -> None:
    kept = fill(crawl, 2)
    ours = desk(crawl)
    decide(ours, "heron", given(ours, "heron"))
    for _ in range(60):
        decide(ours, "heron", given(ours, "heron"))
        ours.take_back("heron", ours.recent("heron")[0].id)
    assert [row.text_hash for row in ours.recent("heron")] == [kept[0]]


def test_what_another_process_decides_is_not_asked_any_more(crawl: SmallCrawl) -> None:
    kept = fill(crawl, 3)
    ours = desk(crawl)
    assert given(ours, "heron").text_hash == kept[0]
    rows = [(n, {"text_hash": kept[n], "decision": "off-topic"}) for n in (0, 1)]
    assert take(crawl.record, crawl.protocol, rows, annotator="heron").added == 2
    assert given(ours, "heron").text_hash == kept[2]
    assert ours.progress("heron").decided == 2


def test_pages_fetched_and_judged_meanwhile_join_when_the_order_is_made_anew(crawl: SmallCrawl) -> None:
    kept = fill(crawl, 2)
    ours = desk(crawl)
    assert not ours.outdated()
    new = crawl.fetched(KENT, "new.html", passage(99), "relevant", probability=0.9)
    assert ours.outdated()
    ours.refresh()
    assert not ours.outdated()
    assert [given(ours, who).text_hash for who in ("heron", "wren", "owl")] == [new, *kept]


class Failing:
    """An order that cannot be moved."""

    failed = 0

    def hold(self, hashes: Sequence[str]) -> None:
        self.held = list(hashes)

    def likelihood(self) -> dict[str, float]:
        self.failed += 1
        raise ArithmeticError("singular")


def test_a_decision_is_saved_where_the_order_cannot_follow_it(crawl: SmallCrawl) -> None:
    kept, following = fill(crawl, 3), Failing()
    made = desk(crawl, following=following)
    assert following.held == kept
    for text in kept:
        assert given(made, "heron").text_hash == text
        assert decide(made, "heron", given(made, "heron"))
    assert following.failed == 4
    assert len(labels(crawl.record)) == 3


def test_near_duplicates_are_in_one_hand(crawl: SmallCrawl) -> None:
    kept = {crawl.fetched(KENT, f"n{n}", f"In 200{n}. {passage(1)}", "ambiguous", probability=0.4) for n in range(3)}
    ours = desk(crawl)
    text = given(ours, "heron")
    assert ours.give("wren") is None
    decide(ours, "heron", text, "relevant", relation="mentoring")
    assert {row.text_hash for row in labels(crawl.record)} == kept
    assert ours.give("heron") is None
    assert ours.progress("heron").decided == 1
    assert len(ours.recent("heron")) == 1


def test_seconds_are_measured_and_a_pause_is_not_counted_as_reading(crawl: SmallCrawl) -> None:
    fill(crawl, 6)
    ours = desk(crawl)
    for minutes in (45.0, 0.5, 1.0, 0.5, 0.2, 2.0):
        assert ours.progress("heron").pace is None  # five are needed to speak of a pace
        text = given(ours, "heron")
        ago = datetime.now(UTC) - timedelta(minutes=minutes)
        decide(ours, "heron", Given(text.text_hash, text.group, text.source, ago))
    measured = [row.seconds for row in labels(crawl.record)]
    assert measured[0] is None
    assert measured[1:] == [pytest.approx(60 * minutes, abs=3) for minutes in (0.5, 1.0, 0.5, 0.2, 2.0)]
    assert ours.progress("heron").pace == pytest.approx(30, abs=3)


def said(crawl: SmallCrawl, text: str, decision: str, annotator: str, **more: str) -> None:
    row = {"text_hash": text, "decision": decision, **more}
    assert not take(crawl.record, crawl.protocol, [(1, row)], annotator=annotator).problems


def test_the_adjudicator_gets_what_people_differ_on_and_nothing_else(crawl: SmallCrawl) -> None:
    differ, unsure, relation, approaches, agreed, alone = fill(crawl, 6)
    said(crawl, differ, "relevant", "heron", relation="mentoring", note="staff")
    said(crawl, differ, "off-topic", "wren")
    said(crawl, unsure, "ambiguous", "heron")
    for who, what in (("heron", "mentoring"), ("wren", "both")):
        said(crawl, relation, "relevant", who, relation=what)
        said(crawl, agreed, "off-topic", who, topics="other", relation=what)
    for who, what in (("heron", "headteacher;strategy"), ("wren", "headteacher")):
        said(crawl, approaches, "relevant", who, relation="mentoring", approaches=what)
    said(crawl, alone, "relevant", "heron")
    ours = Adjudication(crawl.record, crawl.protocol, crawl.id)
    asked = []
    while (text := ours.give("owl")) is not None:
        found = ours.disagreement(text.text_hash)
        assert found is not None
        asked.append((text.text_hash, found.why, [row.annotator for row in found.rows]))
        decide(ours, "owl", text, "relevant", relation="mentoring")
    assert asked == [
        (differ, "differ", ["heron", "wren"]),
        (unsure, "unsure", ["heron"]),
        (relation, "relation", ["heron", "wren"]),
        (approaches, "approaches", ["heron", "wren"]),
    ]
    standing = decisions(crawl.record, "nfer-2008")
    assert [standing[text].relevance for text in (differ, unsure, relation)] == ["relevant"] * 3
    assert standing[relation].relations == ("mentoring",)
    assert [row.role for row in labels(crawl.record)][-4:] == ["adjudicator"] * 4
    assert (ours.progress("owl").decided, ours.progress("owl").left) == (4, 0)


def test_an_adjudicators_decision_can_be_put_off_and_taken_back(crawl: SmallCrawl) -> None:
    first, second = fill(crawl, 2)
    for text in (first, second):
        said(crawl, text, "relevant", "heron")
        said(crawl, text, "off-topic", "wren")
    ours = Adjudication(crawl.record, crawl.protocol, crawl.id)
    text = ours.give("owl")
    assert text is not None
    assert text.text_hash == first
    decide(ours, "owl", text, "skip")
    text = ours.give("owl")
    assert text is not None
    assert text.text_hash == second
    decide(ours, "owl", text, "off-topic")
    row, holds = ours.take_back("owl", ours.recent("owl")[0].id)
    assert (row.text_hash, holds) == (second, None)
    assert decisions(crawl.record, "nfer-2008")[second].disputed
    assert ours.progress("owl").left == 2


def test_what_only_followed_an_adjudicated_text_is_still_open(crawl: SmallCrawl) -> None:
    """As when near-duplicates part under another protocol: the row that followed settles nothing by itself."""
    first, second = fill(crawl, 2)
    for text in (first, second):
        said(crawl, text, "relevant", "heron")
        said(crawl, text, "off-topic", "wren")
    crawl.decided(second, "relevant", annotator="owl", role="adjudicator", follows=1)
    ours = Adjudication(crawl.record, crawl.protocol, crawl.id)
    given = []
    while (text := ours.give("owl")) is not None:
        given.append(text.text_hash)
        decide(ours, "owl", text)
    assert given == [first, second]


def test_two_who_adjudicate_hold_different_texts(crawl: SmallCrawl) -> None:
    kept = fill(crawl, 3)
    for text in kept:
        said(crawl, text, "relevant", "heron")
        said(crawl, text, "off-topic", "wren")
    owls, terns = (Adjudication(crawl.record, crawl.protocol, crawl.id) for _ in range(2))  # two servers
    first, second = owls.give("owl"), terns.give("tern")
    assert first is not None
    assert second is not None
    assert [first.text_hash, second.text_hash] == kept[:2]
    assert owls.give("owl") == first, "a reload changes nothing, not even since when"
    assert decide(owls, "owl", first)
    last = owls.give("owl")
    assert last is not None
    assert last.text_hash == kept[2]
    row, holds = owls.take_back("owl", owls.recent("owl")[0].id)
    assert (row.text_hash, holds) == (kept[0], None)
    assert owls.give("owl").text_hash == kept[0], "here it is again"  # type: ignore[union-attr]
    assert decide(terns, "tern", second)
    assert terns.give("tern") is None, "both that are left are in the owl's hands"
    expire(crawl.record)
    assert terns.give("tern").text_hash == kept[0]  # type: ignore[union-attr]


def test_what_another_settled_in_this_instant_is_given_to_nobody(
    crawl: SmallCrawl, monkeypatch: pytest.MonkeyPatch
) -> None:
    (kept,) = fill(crawl, 1)
    said(crawl, kept, "ambiguous", "heron")
    owls, terns = (Adjudication(crawl.record, crawl.protocol, crawl.id) for _ in range(2))
    seen = terns._open()
    text = owls.give("owl")
    assert text is not None
    decide(owls, "owl", text)
    monkeypatch.setattr(terns, "_open", lambda **_: list(seen))
    assert terns.give("tern") is None
    assert leases(crawl.record) == []


def test_who_annotates_and_adjudicates_is_given_no_text_of_the_other_by_mistake(crawl: SmallCrawl) -> None:
    differ, fresh = fill(crawl, 2)
    said(crawl, differ, "relevant", "heron")
    said(crawl, differ, "off-topic", "wren")
    settling, reading = Adjudication(crawl.record, crawl.protocol, crawl.id), desk(crawl, overlap=1, readers=3)
    text = settling.give("owl")
    assert text is not None
    assert text.text_hash == differ
    own = given(reading, "owl")
    decide(reading, "owl", own)
    assert given(reading, "owl").text_hash in {differ, fresh} - {own.text_hash}
    assert settling.give("owl") == text


def test_what_is_not_kept_any_more_is_settled_by_nobody(crawl: SmallCrawl) -> None:
    gone, here = fill(crawl, 2)
    for text in (gone, here):
        said(crawl, text, "ambiguous", "heron")
    with crawl.record.begin() as db:
        db.execute(delete(r.text).where(r.text.c.text_hash == gone))
    ours = Adjudication(crawl.record, crawl.protocol, crawl.id)
    assert ours.progress("owl").left == 1
    assert ours.give("owl").text_hash == here  # type: ignore[union-attr]
