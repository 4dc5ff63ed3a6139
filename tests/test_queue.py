"""The queue: what a researcher reads next. Mixed, the same every time, near-duplicates once, and no decision is asked for twice."""

from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from labels import nearness
from labels.codebook import Codebook, CodebookError, codebook
from labels.decide import Person, Reading, checked, save, undo
from labels.importing import take as take_in
from labels.queue import PATTERN, NothingJudged, draw, order, queue, reordered
from study import record as r
from study.decisions import decisions
from study.protocol import Protocol
from study.record import Record
from tests.small_record import NOON, SmallCrawl

KENT = "E10000016"
HERON, WREN = Person("heron"), Person("wren")


@pytest.fixture
def crawl(record: Record, study: Protocol) -> SmallCrawl:
    return SmallCrawl(record, study, [KENT])


def letters(number: int) -> str:
    return "".join("abcdefghij"[int(digit)] for digit in f"{number:04d}")


def passage(number: int, words: int = 60) -> str:
    """A text of its own: it shares no word with that of another number."""
    return " ".join(f"{letters(number)}{letters(k)}" for k in range(words))


def filled(crawl: SmallCrawl, relevant: int, ambiguous: int, dropped: int) -> dict[str, float]:
    """Fetch and judge so many texts; return the probability of each."""
    kinds = ["relevant"] * relevant + ["ambiguous"] * ambiguous + ["off-topic"] * dropped
    highest = {"relevant": 0.99, "ambiguous": 0.6, "off-topic": 0.05}
    likely = {}
    for number, kind in enumerate(kinds):
        probability = highest[kind] * (1 - number / 1000)
        kept = crawl.fetched(KENT, f"p{number}", passage(number), kind, probability=probability)
        likely[kept] = probability
    return likely


def take(crawl: SmallCrawl, kept: str, decision: str, annotator: str = "heron", **said: str) -> None:
    row = {"text_hash": kept, "decision": decision, **said}
    assert not take_in(crawl.record, crawl.protocol, [(1, row)], annotator=annotator).problems


def rows(record: Record) -> list[Any]:
    with record.begin() as db:
        return list(db.execute(select(r.label).order_by(r.label.c.id)))


def test_a_text_that_is_kept_no_more_is_not_given_to_anybody(crawl: SmallCrawl, record: Record):
    filled(crawl, 2, 0, 0)
    with record.begin() as db:
        gone = db.execute(select(r.text.c.text_hash).limit(1)).scalar_one()
        db.execute(r.text.delete().where(r.text.c.text_hash == gone))
    assert [item.text_hash != gone for item in queue(record, crawl.protocol, crawl.id)] == [True]


def test_a_group_whose_first_text_was_purged_takes_in_new_texts_and_stops_nobody(crawl: SmallCrawl, record: Record):
    likes = [passage(1) + f" {number}" for number in range(3)]
    kept = [crawl.fetched(KENT, f"p{number}", text, "ambiguous") for number, text in enumerate(likes[:2])]
    group = set(nearness.groups(record, crawl.protocol, crawl.id).values())
    assert len(group) == 1
    with record.begin() as db:
        db.execute(r.text.delete().where(r.text.c.text_hash.in_(group)))
    kept.append(crawl.fetched(KENT, "late", likes[2], "ambiguous"))
    later = nearness.groups(record, crawl.protocol, crawl.id)
    assert {later[key] for key in kept[:2]} == group
    assert later[kept[2]] == kept[2]


def test_likely_uncertain_and_random_are_mixed_and_the_same_every_time(crawl: SmallCrawl) -> None:
    likely = filled(crawl, 26, 14, 60)
    queued = order(crawl.record, crawl.protocol, crawl.id)
    assert queued == order(crawl.record, crawl.protocol, crawl.id)
    assert "".join(entry.source[0] for entry in queued[:20]).upper() == PATTERN
    assert Counter(entry.source for entry in queued) == {"likely": 26, "uncertain": 14, "random": 2}
    shares = [likely[entry.text_hash] for entry in queued if entry.source == "likely"]
    assert shares == sorted(shares, reverse=True)
    doubts = [abs(likely[entry.text_hash] - 0.5) for entry in queued if entry.source == "uncertain"]
    assert doubts == sorted(doubts)
    drawn = [draw(entry.group, 0) for entry in queued if entry.source == "random"]
    assert drawn == sorted(draw(kept, 0) for kept, share in likely.items() if share <= 0.05)[:2]


def test_all_goes_on_with_what_the_model_would_drop(crawl: SmallCrawl) -> None:
    likely = filled(crawl, 3, 2, 45)
    queued = order(crawl.record, crawl.protocol, crawl.id, everything=True)
    assert len({entry.text_hash for entry in queued}) == len(queued) == 50
    assert {entry.text_hash for entry in queued[:5]} == {kept for kept, share in likely.items() if share > 0.05}
    dropped = [likely[entry.text_hash] for entry in queued[5:] if entry.source == "likely"]
    assert dropped == sorted(dropped, reverse=True)
    assert [entry.source for entry in queued].count("random") >= 2


def test_texts_change_places_with_their_like_alone_and_the_pattern_stays(crawl: SmallCrawl) -> None:
    filled(crawl, 26, 14, 60)
    queued = order(crawl.record, crawl.protocol, crawl.id)
    fixed = [queued[0], queued[-1]]  # read already; of the last nothing new is known
    likelihood = {entry.text_hash: draw(entry.text_hash, 7) for entry in queued[:-1]}
    made = reordered(queued, likelihood, lambda entry: entry != queued[0])
    assert [entry.source for entry in made] == [entry.source for entry in queued]
    assert sorted(made, key=str) == sorted(queued, key=str)
    for source in ("likely", "uncertain"):
        was, now = ([entry for entry in them[1:-1] if entry.source == source] for them in (queued, made))
        assert now == sorted(was, key=lambda entry: -likelihood[entry.text_hash]) != was
    stays = [entry for entry in queued if entry.source == "random"] + fixed
    assert all(made.index(entry) == queued.index(entry) for entry in stays)
    assert reordered(queued, {}, lambda _: True) == queued


def test_without_a_model_every_text_is_in_the_queue(crawl: SmallCrawl) -> None:
    for number in range(6):
        crawl.fetched(KENT, f"p{number}", passage(number), "ambiguous", probability=None, model_id="rules")
    assert Counter(entry.source for entry in order(crawl.record, crawl.protocol, crawl.id)) == {"uncertain": 6}


def test_a_crawl_that_is_not_judged_says_so(crawl: SmallCrawl) -> None:
    crawl.fetched(KENT, "p", passage(1), None)
    with pytest.raises(NothingJudged, match="mentorwatch classify"):
        order(crawl.record, crawl.protocol, crawl.id)


def test_while_a_new_model_judges_no_text_is_lost(crawl: SmallCrawl) -> None:
    first, second = (crawl.fetched(KENT, f"p{k}", passage(k), "ambiguous", probability=0.3) for k in (1, 2))
    crawl.judged(second, "relevant", model_id="n" * 64, at=NOON.replace(year=2009), probability=0.9)
    queued = order(crawl.record, crawl.protocol, crawl.id)
    assert [(entry.text_hash, entry.source) for entry in queued] == [(second, "likely"), (first, "uncertain")]


def test_what_is_decided_is_not_asked_again(crawl: SmallCrawl) -> None:
    kept = [crawl.fetched(KENT, f"p{k}", passage(k), "ambiguous", probability=0.3) for k in range(3)]
    take(crawl, kept[0], "off-topic")
    take(crawl, kept[1], "skip")
    left = {item.text_hash for item in queue(crawl.record, crawl.protocol, crawl.id)}
    assert left == {kept[1], kept[2]}


NOTICE = f"Term dates 2008. {passage(1, 40)} Each new teacher is given a mentor for the first year. {passage(2, 40)}"


def test_near_duplicates_stand_in_the_queue_once_and_share_a_decision_that_says_so(crawl: SmallCrawl) -> None:
    kept = [crawl.fetched(KENT, f"n{year}", NOTICE.replace("2008", year), "relevant") for year in ("2008", "2009")]
    kept.append(crawl.fetched(KENT, "n3", NOTICE.replace("Term dates", "The dates of term"), "relevant"))
    other = crawl.fetched(KENT, "other", passage(7), "relevant", probability=0.4)
    asked = [item.text_hash for item in queue(crawl.record, crawl.protocol, crawl.id)]
    assert len(asked) == 2
    assert other in asked
    (shown,) = set(asked) - {other}
    take(crawl, shown, "relevant", relation="mentoring", note="a clause")
    first, *followed = rows(crawl.record)
    assert {row.text_hash for row in followed} == set(kept) - {shown}
    assert {(row.follows, row.decision, row.relation, row.note) for row in followed} == {
        (first.id, "relevant", "mentoring", "")
    }
    assert {decisions(crawl.record, "small")[text].relevance for text in kept} == {"relevant"}
    assert [item.text_hash for item in queue(crawl.record, crawl.protocol, crawl.id)] == [other]


@pytest.mark.parametrize(
    "changed",
    [
        NOTICE.replace("new teacher", "pupil"),
        NOTICE.replace("Each new teacher is given a mentor for the first year.", ""),
        f"{NOTICE} Learning mentors help pupils.",
        NOTICE.replace(passage(1, 40), passage(3, 40)),
    ],
    ids=["another word at the keyword", "a clause less", "a keyword more", "another page around the same clause"],
)
def test_texts_that_differ_where_it_matters_are_asked_apart(crawl: SmallCrawl, changed: str) -> None:
    for path, text in (("a", NOTICE), ("b", changed)):
        crawl.fetched(KENT, path, text, "ambiguous")
    assert len(order(crawl.record, crawl.protocol, crawl.id)) == 2


def test_groups_are_gathered_around_their_first_text_without_chains() -> None:
    base = list(range(100))
    shift = {
        name: frozenset(base[k:] + [1000 * (k + 1) + i for i in range(k)]) for k, name in ((0, "a"), (4, "b"), (8, "c"))
    }
    found = nearness.gather({}, shift)
    assert found["a"] == ("a", 1.0)
    assert found["b"][0] == "a"
    assert found["b"][1] == pytest.approx(96 / 104)
    assert found["c"] == ("c", 1.0)  # b is near to both, c is not near to a


def test_every_pair_that_is_similar_enough_is_found() -> None:
    sets = {f"{k:03d}": frozenset([*range(50 * (k // 5), 50 * (k // 5) + 50 - k % 5), 9000 + k]) for k in range(60)}
    found = nearness.gather({}, sets)
    leaders: list[str] = []
    for key in sorted(sets):
        near = [x for x in leaders if len(sets[x] & sets[key]) / len(sets[x] | sets[key]) >= nearness.SIMILARITY]
        assert (found[key][0] in near) if near else found[key] == (key, 1.0)
        if not near:
            leaders.append(key)


def test_a_text_met_in_a_later_crawl_gets_the_decision_made_on_its_like(crawl: SmallCrawl, study: Protocol) -> None:
    first = crawl.fetched(KENT, "n", NOTICE, "relevant")
    list(queue(crawl.record, study, crawl.id))
    take(crawl, first, "relevant", "heron")
    take(crawl, first, "off-topic", "wren")
    later = SmallCrawl(crawl.record, study, [KENT])
    again = later.fetched(KENT, "n", NOTICE.replace("2008", "2026"), "ambiguous")
    assert list(queue(later.record, study, later.id)) == []
    assert decisions(later.record, "small")[again].disputed
    before = rows(later.record)
    assert list(queue(later.record, study, later.id)) == []
    assert rows(later.record) == before


def test_what_somebody_decided_on_that_very_text_is_not_overruled_by_its_like(crawl: SmallCrawl) -> None:
    one, two = (crawl.fetched(KENT, year, NOTICE.replace("2008", year), "relevant") for year in ("2008", "2009"))
    take(crawl, two, "off-topic")
    order(crawl.record, crawl.protocol, crawl.id)
    take(crawl, one, "relevant")
    standing = decisions(crawl.record, "small")
    assert (standing[one].relevance, standing[two].relevance) == ("relevant", "off-topic")


@pytest.mark.parametrize("earlier", ["off-topic", None])
def test_taking_a_decision_back_brings_back_what_was_said_before_it(crawl: SmallCrawl, earlier: str | None) -> None:
    kept = [crawl.fetched(KENT, year, NOTICE.replace("2008", year), "relevant") for year in ("2008", "2009")]
    order(crawl.record, crawl.protocol, crawl.id)
    if earlier is not None:
        take(crawl, kept[0], earlier)
    take(crawl, kept[0], "relevant")
    before = rows(crawl.record)
    (newest,) = [row for row in before if row.text_hash == kept[0]][-1:]
    with crawl.record.begin() as db:
        assert undo(db, crawl.protocol, newest.id, WREN) is None  # another's
        assert undo(db, crawl.protocol, newest.id, HERON) is not None
        assert undo(db, crawl.protocol, newest.id, HERON) is None  # once
    assert rows(crawl.record)[: len(before)] == before  # none is gone or changed
    assert len(rows(crawl.record)) == len(before) + 2  # one more for each text of the group
    standing = decisions(crawl.record, "small")
    assert {standing[text].relevance if text in standing else None for text in kept} == {earlier}


def test_every_label_carries_the_codebook_it_was_made_by(crawl: SmallCrawl, tmp_path: Path) -> None:
    take(crawl, crawl.fetched(KENT, "p", passage(1), "ambiguous"), "relevant")
    assert rows(crawl.record)[0].codebook == codebook().version
    ours = codebook()
    assert ours.version.startswith("1-")
    edited = tmp_path / "edited.md"
    edited.write_text(ours.text + "\nOne more ruling.\n", encoding="utf-8")
    assert codebook(edited).version.startswith("1-")
    assert codebook(edited) != Codebook(ours.version, ours.text)
    assert codebook(edited).version != ours.version
    edited.write_text("# Codebook\n", encoding="utf-8")
    codebook.cache_clear()
    with pytest.raises(CodebookError, match=r"edited\.md: says no version"):
        codebook(edited)


def test_a_file_handed_over_again_does_not_undo_what_was_corrected_on_the_page(crawl: SmallCrawl) -> None:
    one, two = crawl.fetched(KENT, "a", passage(1), "ambiguous"), crawl.fetched(KENT, "b", passage(2), "ambiguous")
    rows = [(2, {"text_hash": one, "decision": "relevant", "relation": "mentoring"})]
    assert take_in(crawl.record, crawl.protocol, rows, annotator="heron").added == 1
    with crawl.record.begin() as db:
        save(db, crawl.protocol, one, HERON, checked(crawl.protocol, {"decision": "off-topic"}), Reading(form="a form"))
    rows.append((3, {"text_hash": two, "decision": "relevant", "relation": "coaching"}))
    taken = take_in(crawl.record, crawl.protocol, rows, annotator="heron")
    assert (taken.added, taken.unchanged, len(taken.overtaken), taken.problems) == (1, 1, 1, [])
    assert "row 2: said before, and decided otherwise since" in taken.overtaken[0]
    standing = decisions(crawl.record, crawl.protocol.name)
    assert (standing[one].relevance, standing[two].relevance) == ("off-topic", "relevant")
    changed = [(2, {"text_hash": one, "decision": "ambiguous"})]
    assert take_in(crawl.record, crawl.protocol, changed, annotator="heron").added == 1, (
        "a file that says something new is heard"
    )
