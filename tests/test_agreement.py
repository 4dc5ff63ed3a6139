"""What labels agree and labels status say: published worked examples, and records filled row by row."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from itertools import permutations
from pathlib import Path
from types import SimpleNamespace

import pytest

from labels.agreement import Pair, ac1, agreement, alpha, kappa
from labels.importing import take
from labels.standing import Standing, p_value, standing
from study.record import Record
from tests.running import mentorwatch
from tests.small_record import NOON, SmallCrawl, small_protocol

KENT = "E10000016"


def test_krippendorffs_own_example_of_four_observers_gives_his_figure():
    # K. Krippendorff, 'Computing Krippendorff's Alpha-Reliability' (2011), example C: nominal alpha .743.
    observers = ["123321412...", "1233224125.3", ".3332342251.", "12332441251."]
    units = [[value for value in unit if value != "."] for unit in zip(*observers, strict=True)]
    assert alpha(units) == pytest.approx(0.743, abs=0.0005)


def test_cohens_kappa_is_that_of_scikit_learn():
    from sklearn.metrics import cohen_kappa_score

    one, other = list("aabbcabcab"), list("abbbcabaac")
    assert kappa(list(zip(one, other, strict=True))) == pytest.approx(cohen_kappa_score(one, other))


def test_gwets_own_package_gives_the_same_ac1():
    # irrCAC (K. L. Gwet), cont3x3abstractors: .84933.
    counts = {("ectopic", "ectopic"): 13, ("aiu", "aiu"): 20, ("aiu", "niu"): 7, ("niu", "aiu"): 4, ("niu", "niu"): 56}
    pairs = [pair for pair, count in counts.items() for _ in range(count)]
    assert ac1(pairs, 3) == pytest.approx(0.84933, abs=5e-6)


def test_a_value_that_nobody_chose_was_there_to_choose_all_the_same():
    # irrCAC with its argument `categories`: .73274 of two, .80785 of three.
    said = "relevant", "off-topic"
    pairs = [(said[0], said[0])] * 5 + [said] + [said[::-1]] * 2 + [(said[1], said[1])] * 12
    assert ac1(pairs) == pytest.approx(0.73274, abs=5e-6)
    assert ac1(pairs, 3) == pytest.approx(0.80785, abs=5e-6)


def test_unsure_counts_as_a_value_though_nobody_was_unsure(crawl: SmallCrawl):
    kept = texts(crawl, 4)
    for text, heron, wren in zip(
        kept, ["relevant", "relevant", *["off-topic"] * 2], ["relevant", *["off-topic"] * 3], strict=True
    ):
        crawl.decided(text, heron, "heron")
        crawl.decided(text, wren, "wren")
    found = agreement(crawl.record, crawl.protocol)
    by_chance = 2 * (3 / 8) * (5 / 8) / (3 - 1)
    assert found.three_valued["heron", "wren"][1] == pytest.approx((3 / 4 - by_chance) / (1 - by_chance))


def test_at_a_rare_class_kappa_and_ac1_contradict_each_other_and_counts_do_not():
    pair = Pair("relevant", "heron", "wren", both=1, first_only=1, second_only=1, neither=997)
    assert pair.percent == 0.998
    assert pair.positive == 0.5
    assert pair.kappa == pytest.approx(0.499, abs=0.0005)
    assert pair.ac1 == pytest.approx(0.998, abs=0.0005)


@pytest.mark.parametrize("coefficient", [kappa, ac1, alpha])
def test_no_texts_give_no_figure(coefficient):
    assert coefficient([]) is None


def test_one_value_given_throughout_leaves_nothing_to_disagree_about():
    assert kappa([("no", "no")] * 9) is None
    assert alpha([["no", "no"]] * 9) is None
    assert ac1([("no", "no")] * 9) == 1


@pytest.mark.parametrize(("target", "share"), [(0.95, 0.79), (0.9, 0.65), (0.8, 0.39)])
def test_proving_recall_of_25_in_17164_needs_most_of_the_pool_read(target: float, share: float):
    """The figures of reference/research-tools.md: the 25th found at rank 1,000, nothing after."""

    def read(count: int) -> float | None:
        return p_value([*[False] * 975, *[True] * 25, *[False] * (count - 1_000)], 17_164, target)

    values = [read(int(17_164 * part)) for part in (share - 0.03, share + 0.01)]
    assert all(value is not None for value in values)
    assert values[0] > 0.05 > values[1]


def test_nothing_found_proves_nothing():
    assert p_value([False] * 5_000, 5_001, 0.8) is None


@pytest.fixture
def crawl(tmp_path: Path):
    with Record.open(f"sqlite:///{tmp_path / 'r.db'}") as record:
        yield SmallCrawl(record, small_protocol(tmp_path), [KENT], sample="authorities")


def texts(crawl: SmallCrawl, count: int, relevance: str = "off-topic") -> list[str]:
    words = [
        "ash",
        "birch",
        "cedar",
        "elm",
        "fir",
        "hazel",
        "larch",
        "maple",
        "oak",
        "pine",
        "rowan",
        "spruce",
        "willow",
        "yew",
        "alder",
    ]
    return [
        crawl.fetched(KENT, f"{relevance}-{n}", f"Mentor {words[n % 15]} {words[n // 15]} {relevance}.", relevance)
        for n in range(count)
    ]


def test_agreement_counts_what_two_people_read_and_no_adjudicator(crawl: SmallCrawl):
    first, second, third, fourth = texts(crawl, 4)
    for text, heron, wren in (
        (first, "relevant", "relevant"),
        (second, "relevant", "off-topic"),
        (third, "ambiguous", "off-topic"),
    ):
        crawl.decided(text, heron, "heron", relation="mentoring", approaches=["strategy"])
        crawl.decided(text, wren, "wren", relation="mentoring", approaches=[])
        crawl.decided(text, "relevant", "owl", role="adjudicator")
    crawl.decided(fourth, "relevant", "heron")
    found = agreement(crawl.record, crawl.protocol)
    (pair,) = found.relevance
    assert (pair.first, pair.second) == ("heron", "wren")
    assert (pair.both, pair.first_only, pair.second_only, pair.neither) == (1, 1, 0, 1)
    assert found.unsure["heron", "wren"] == 1
    assert found.people == {"heron": 4, "wren": 3}
    assert {code.what: (code.both, code.first_only + code.second_only) for code in found.codes} == {
        "relation mentoring": (1, 0),
        "approach strategy": (0, 1),
        "depth main": (1, 0),
    }


def test_a_depth_that_one_left_open_is_no_disagreement(crawl: SmallCrawl):
    depths = [("main", "main"), ("main", None), (None, "main"), (None, None), ("main", "brief")]
    for text, (heron, wren) in zip(texts(crawl, len(depths)), depths, strict=True):
        crawl.decided(text, "relevant", "heron", depth=heron)
        crawl.decided(text, "relevant", "wren", depth=wren)
    found = {code.what: code for code in agreement(crawl.record, crawl.protocol).codes}
    main = found["depth main"]
    assert (main.both, main.first_only, main.second_only, main.neither) == (1, 1, 0, 0)
    assert found["depth brief"].texts == 2


def test_a_decision_taken_back_is_not_compared(crawl: SmallCrawl):
    (text,) = texts(crawl, 1)
    crawl.decided(text, "relevant", "heron")
    crawl.decided(text, "relevant", "wren")
    crawl.decided(text, "undone", "wren")
    assert agreement(crawl.record, crawl.protocol).relevance == ()


def test_status_counts_what_was_read_and_claims_no_recall_that_the_reading_does_not_carry(crawl: SmallCrawl):
    likely = texts(crawl, 2, "relevant")
    dropped = texts(crawl, 200)
    for number, text in enumerate(likely):
        crawl.decided(text, "relevant", seconds=10.0, decided_at=minute(number))
    for number, text in enumerate(dropped[:10], 2):
        crawl.decided(text, "off-topic", seconds=4.0, source="random", decided_at=minute(number))
    found = standing(crawl.record, crawl.protocol, crawl.id)
    assert (found.pool, found.read, found.found, found.since_found) == (202, 12, 2, 10)
    assert found.by_source == {"likely": (2, 2), "random": (10, 0)}
    assert found.seconds == 4.0
    assert found.hours_saved == pytest.approx(190 * 4 / 3600)
    assert found.lot is not None
    assert (found.lot.read, found.lot.found, found.lot.unread) == (10, 0, 190)
    assert found.lot.most == 50  # 1 - .05 ** (1/10) = 25.9 % of 190, rounded up
    assert "cannot be claimed" in found.sentence


def minute(number: int) -> datetime:
    return NOON + timedelta(minutes=number)


def read_evenly(crawl: SmallCrawl) -> list[dict[str, str]]:
    """The rows of a file: of 200 texts the first 120 were read, and every tenth of these is relevant."""
    return [
        {
            "text_hash": text,
            "decision": "relevant" if number % 10 == 9 else "off-topic",
            "annotator": "heron",
            "decided_at": minute(number).isoformat(),
        }
        for number, text in enumerate(texts(crawl, 200)[:120])
    ]


def imported(crawl: SmallCrawl, rows: list[dict[str, str]]) -> Standing:
    assert take(crawl.record, crawl.protocol, enumerate(rows, 2)).added == len(rows)
    return standing(crawl.record, crawl.protocol, crawl.id)


def test_a_file_sorted_by_decision_claims_no_more_than_the_reading_did(crawl: SmallCrawl):
    found = imported(crawl, sorted(read_evenly(crawl), key=lambda row: row["decision"], reverse=True))
    assert (found.read, found.found, found.since_found, found.unordered) == (120, 12, 0, 0)
    assert found.sentence.startswith("12 relevant texts are found; it cannot be claimed that these are 80% of all")


def test_no_recall_is_claimed_of_a_file_that_does_not_say_when_it_was_decided(crawl: SmallCrawl):
    rows = sorted(read_evenly(crawl), key=lambda row: row["decision"], reverse=True)
    found = imported(crawl, [{**row, "decided_at": ""} for row in rows])
    assert (found.read, found.found, found.since_found, found.unordered) == (120, 12, 0, 120)
    assert found.sentence == (
        "12 relevant texts are found; it cannot be claimed that these are 80% of all, because it is not known in which order "
        "120 of the 120 were read (imported decisions without a `decided_at` of their own); if their relevant ones came last, "
        "0 read since the last one say too little about 80 unread."
    )


def test_what_was_imported_late_may_have_been_read_before_what_the_page_found(crawl: SmallCrawl):
    *on_page, first, second = texts(crawl, 7)
    for number, text in enumerate(on_page):
        crawl.decided(text, "relevant", form=f"form-{number}", decided_at=minute(number))
    found = imported(
        crawl, [{"text_hash": text, "decision": "off-topic", "annotator": "wren"} for text in (first, second)]
    )
    assert (found.unordered, found.since_found) == (2, 0)


def test_decisions_on_the_page_are_in_order_however_fast_they_are_made(crawl: SmallCrawl):
    first, *others = texts(crawl, 4)
    for number, text in enumerate([first, *others]):
        said = "off-topic" if number else "relevant"
        crawl.decided(text, said, form=f"form-{number}", decided_at=NOON + timedelta(milliseconds=300 * number))
    found = standing(crawl.record, crawl.protocol, crawl.id)
    assert (found.unordered, found.since_found) == (0, 3)


def test_no_order_of_reading_shows_less_than_the_relevant_ones_last():
    labels = [True] * 3 + [False] * 5
    for pool in (8, 9, 12, 40):
        for target in (0.8, 0.9, 0.95):
            last = p_value(sorted(labels), pool, target)
            assert last is not None
            for order in set(permutations(labels)):
                value = p_value(order, pool, target)
                assert value is not None
                assert value <= last + 1e-12


def test_status_says_all_where_all_was_read(crawl: SmallCrawl):
    for text in texts(crawl, 3, "relevant"):
        crawl.decided(text, "relevant")
    assert standing(crawl.record, crawl.protocol, crawl.id).sentence == "Every text was read: 3 of 3 are relevant."


def test_what_is_unsure_is_not_passed_over_in_a_claim(crawl: SmallCrawl):
    sure, unsure = texts(crawl, 2, "relevant")
    crawl.decided(sure, "relevant")
    crawl.decided(unsure, "ambiguous")
    assert standing(crawl.record, crawl.protocol, crawl.id).sentence == (
        "Every text was read: 1 of 2 are relevant; 1 unsure or in dispute are not counted and may be relevant too."
    )


def test_both_commands_print_counts_before_coefficients(crawl: SmallCrawl, tmp_path: Path):
    for text in texts(crawl, 3):
        crawl.decided(text, "off-topic", "heron")
        crawl.decided(text, "off-topic", "wren")
    given = ["--record", f"sqlite:///{tmp_path / 'r.db'}", "--protocol", str(tmp_path / "small.toml")]
    said = mentorwatch("labels", "agree", *given)
    assert said.returncode == 0, said.stderr
    assert said.stdout.index("heron: no") < said.stdout.index("kappa")
    assert json.loads(mentorwatch("labels", "agree", "--json", *given).stdout)["relevance"][0]["neither"] == 3
    state = mentorwatch("labels", "status", *given)
    assert state.returncode == 0, state.stderr
    assert state.stdout.splitlines()[-1].startswith("Every text was read: 0 of 3")


def test_rows_without_any_second_reader_say_so():
    from labels.agreement import compare
    from mentorwatch.verbs.labels_measure import _agreement_lines

    row = SimpleNamespace(decision="relevant")
    assert (
        "nothing to compare"
        in _agreement_lines(
            compare({"t": {"heron": row}}, SimpleNamespace(relations=[], approaches=[], topics=[], flags=[]))
        )[-1]
    )
