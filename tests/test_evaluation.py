"""Evaluation measures what it says it does: nothing judged was learnt, counts are right, floors do not sink in silence."""

from __future__ import annotations

import csv
import json
import subprocess
from collections.abc import Sequence
from inspect import signature
from pathlib import Path
from time import sleep
from typing import Any

import numpy as np
import pytest
from typer.testing import CliRunner

from classifier.assessment import card, figures, floors, screening, systems
from classifier.assessment.evaluate import OURS, Plan, evaluate
from classifier.assessment.floors import FloorsError, read, silent
from classifier.assessment.folds import Held, apart, assign, judged_apart
from classifier.assessment.labelled import (
    Labelled,
    LabelledSet,
    LabelledSetError,
    from_files,
    from_record,
    from_rows,
    from_seeds,
    same_text,
)
from classifier.assessment.systems import ElasU4, Predict, Text, Verdict, keyword_rules
from classifier.files import PagesError
from classifier.labels import Example
from mentorwatch.cli import app
from mentorwatch.verbs.labels_serve import serve
from replica.answers import relevant_hits
from replica.researcher import labelled_texts
from study.errors import UserError
from study.protocol import Protocol
from study.protocol import load as load_protocol
from study.record import Record
from tests.running import ROOT, mentorwatch
from tests.services.daemon import environment_of
from tests.small_record import SmallCrawl


@pytest.fixture(scope="module")
def study() -> Protocol:
    return load_protocol("nfer-2008")


@pytest.fixture(scope="session")
def asreview() -> Path:
    return environment_of("asreview") / "asreview"


def example(number: int, relevance: str, text: str = "", **more: Any) -> Example:
    values: dict[str, Any] = {
        "idea": f"idea {number}",
        "era": "",
        "title": f"Page {number}",
        "relation": "",
        "topics": (),
    }
    values |= {"approaches": (), "depth": "", "flags": ()} | more
    return Example(id=str(number), text=text or f"A page about matter {number}.", relevance=relevance, **values)


def verdict(relevance: str, score: float, **more: Any) -> Verdict:
    values: dict[str, Any] = {"probability": None, "relation": None, "topics": None, "approaches": None, "depth": None}
    return Verdict(relevance=relevance, score=score, **(values | {"flags": None, "quote": ""} | more))


def rows_of(examples: Sequence[Example]) -> list[Labelled]:
    return [Labelled(e, f"idea:{e.idea}") for e in examples]


# What was judged was not learnt


def test_a_system_that_only_remembers_gains_nothing(study: Protocol) -> None:
    def remembers(examples: Sequence[Example]) -> Predict:
        texts = {same_text(e.title, e.text) for e in examples}
        ideas = {e.title for e in examples}

        def predict(asked: Sequence[Text]) -> list[Verdict]:
            known = [same_text(*text) in texts or text[0] in ideas for text in asked]
            return [verdict("relevant" if k else "off-topic", float(k)) for k in known]

        return predict

    # The same idea under one title in several texts, and the same text in several groups.
    written = [example(k, "relevant", f"Text {k} of one idea.", idea=f"i{k % 7}", title=f"i{k % 7}") for k in range(28)]
    copied = [example(100 + k, "off-topic", f"copied {k % 3}", title="Copied", idea=f"c{k}") for k in range(9)]
    for e in copied[:]:
        copied.append(example(200, "off-topic", f"  {e.text.upper()}!", title=f"Copied-{e.id}", idea=f"d{e.id}"))
    rows = rows_of(written)
    held = judged_apart(remembers, rows, written, learn=True)
    assert {v.relevance for v in held.verdicts} == {"off-topic"}
    assert {v.relevance for v in judged_apart(remembers, rows, written, learn=False).verdicts} == {"off-topic"}
    alone = [Labelled(e, f"idea:{e.idea}") for e in copied if e.title == "Copied"]
    given = assign(alone)
    for text in {row.example.text for row in alone}:
        assert len({int(f) for f, row in zip(given, alone, strict=True) if row.example.text == text}) == 1


def test_ideas_authorities_and_equal_texts_stay_on_one_side() -> None:
    rows = [
        Labelled(example(1, "relevant", "one"), "authority:a"),
        Labelled(example(2, "relevant", "two"), "authority:a"),
        Labelled(example(2, "relevant", "TWO!"), "authority:b"),
        *(Labelled(example(k, "off-topic"), f"authority:{k}") for k in range(3, 12)),
    ]
    given = assign(rows)
    assert given[0] == given[1] == given[2]
    assert len(set(given.tolist())) == 5
    assert assign(rows).tolist() == given.tolist() != assign(rows, seed=1).tolist()
    assert apart([rows[1].example, rows[5].example], [rows[2].example]) == [rows[5].example]


# Figures


def test_intervals_are_clopper_and_pearsons() -> None:
    assert figures.interval(24, 25) == pytest.approx([0.7965, 0.9990], abs=1e-4)
    assert figures.interval(0, 1000) == pytest.approx([0, 0.003682], abs=1e-5)
    assert figures.interval(0, 0) == [0.0, 1.0]
    counts = figures.counted(np.array([1, 1, 1, 0, 0], dtype=bool), np.array([1, 1, 0, 1, 0], dtype=bool))
    assert (counts["found"], counts["of"], counts["false"]) == (2, 3, 1)
    assert counts["recall"] == counts["precision"] == counts["f1"] == pytest.approx(2 / 3)


def test_reads_and_work_saved_count_ties_at_their_worst() -> None:
    scores = np.array([9.0, 8.0, 7.0, 7.0, 7.0, 1.0, 0.0, 0.0, 0.0, 0.0])
    truth = np.array([1, 0, 1, 0, 0, 0, 0, 0, 0, 0], dtype=bool)
    places = figures.ranking(scores, truth)
    assert (places["reads_95"], places["reads_100"]) == (5, 5)
    assert places["wss_95"] == pytest.approx(1 - 5 / 10 - 0.05)
    assert places["found_after"] == {"1": 1, "2": 1, "5": 2, "10": 2}
    assert places["atd"] == pytest.approx((1 + 5) / 2 / 10)


def test_kept_counts_the_ambiguous_as_found_and_leaves_ambiguous_labels_out() -> None:
    labels = ["relevant", "relevant", "relevant", "ambiguous", "off-topic", "off-topic", "off-topic", "off-topic"]
    calls = ["relevant", "ambiguous", "off-topic", "off-topic", "ambiguous", "off-topic", "off-topic", "relevant"]
    rows = rows_of([example(k, label) for k, label in enumerate(labels)])
    held = Held([verdict(call, -float(k)) for k, call in enumerate(calls)], np.arange(8) % 2)
    found = figures.relevance(rows, held)
    assert (found["kept"]["found"], found["kept"]["false"]) == (2, 2)
    assert (found["kept"]["recall"], found["kept"]["precision"]) == (pytest.approx(2 / 3), 0.5)
    assert (found["at_once"]["found"], found["at_once"]["false"]) == (1, 1)
    assert found["confusion"]["ambiguous"] == {"relevant": 0, "ambiguous": 0, "off-topic": 1}


def test_near_pairs_are_counted_apart_but_no_authoritys_pages_are() -> None:
    labels = ["relevant", "off-topic", "relevant", "off-topic", "off-topic"]
    calls = ["off-topic", "off-topic", "relevant", "off-topic", "ambiguous"]
    examples = [example(k, label, era="now" if k else "then") for k, label in enumerate(labels)]
    held = Held([verdict(call, -float(k)) for k, call in enumerate(calls)], np.arange(5) % 2)
    groups = ["idea:pair", "idea:pair", "idea:a", "idea:b", "idea:c"]
    parts = figures.by_part([Labelled(e, group) for e, group in zip(examples, groups, strict=True)], held)
    assert list(parts) == ["now", "near pairs", "all the rest"]  # then has no off-topic text: nothing can be said
    assert (parts["near pairs"]["kept"]["found"], parts["near pairs"]["kept"]["of"]) == (0, 1)
    assert (parts["all the rest"]["kept"]["found"], parts["all the rest"]["kept"]["false"]) == (1, 1)
    assert list(figures.by_part([Labelled(e, "authority:E10000016") for e in examples], held)) == ["now"]


def test_one_line_is_drawn_without_the_texts_it_judges() -> None:
    """In each fold another threshold would be perfect; drawn on the other fold it is wrong in both."""
    truth = [True, True, False, False] * 2
    scores = [9.0, 8.0, 7.0, 6.0, 4.0, 3.0, 2.0, 1.0]
    rows = rows_of([example(k, "relevant" if t else "off-topic") for k, t in enumerate(truth)])
    held = Held([verdict("ambiguous", s) for s in scores], np.array([0] * 4 + [1] * 4))
    line = figures.relevance(rows, held)["one_line"]
    assert (line["found"], line["false"]) == (2, 2)


def test_topics_are_asked_of_off_topic_texts_and_counted_apart_as_shown(study: Protocol) -> None:
    rows = rows_of(
        [
            example(1, "off-topic", topics=("bus-coach",)),
            example(2, "off-topic", topics=("bus-coach",)),
            example(3, "off-topic", topics=("other",)),
            example(4, "relevant"),
        ]
    )
    calls = [("off-topic", "bus-coach"), ("ambiguous", "bus-coach"), ("off-topic", "other"), ("relevant", "bus-coach")]
    held = Held([verdict(call, 0.0, topics=(topic,)) for call, topic in calls], np.zeros(4, dtype=int))
    found = figures.codes(rows, held, "topics", study.topics, "off-topic")
    assert found is not None
    assert set(found["codes"]) == {"bus-coach", "other"}
    assert found["macro_f1"] == 1.0
    assert found["macro_f1_shown"] == pytest.approx((2 / 3 + 1) / 2)


def test_probabilities_that_hold_have_no_error_after_the_move_to_the_labels_share(study: Protocol) -> None:
    assert study.deployment is not None
    there = study.deployment.prevalence
    # Half relevant here: a text of probability p among hits is one of odds p/(1-p) / (there/(1-there)).
    examples, verdicts = [], []
    for said, relevant in ((0.25, 1), (0.75, 3)):
        odds = said / (1 - said) * there / (1 - there)
        for k in range(4):
            examples.append(example(len(examples), "relevant" if k < relevant else "off-topic"))
            verdicts.append(verdict("ambiguous", 0.0, probability=odds / (1 + odds)))
    found = figures.calibration(study, rows_of(examples), Held(verdicts, np.zeros(8, dtype=int)))
    assert found is not None
    assert found["ece"] == pytest.approx(0, abs=1e-9)
    assert [(b["texts"], b["relevant"]) for b in found["bins"]] == [(4, 1), (4, 3)]


# Screening


def test_a_perfect_ranking_reads_no_more_than_there_are_and_chance_reads_nearly_all(study: Protocol) -> None:
    rows = rows_of([example(k, "relevant" if k % 9 == 0 else "off-topic") for k in range(180)])
    right = {row.example.title: row.example.relevance == "relevant" for row in rows}

    def knows(_: Sequence[Example]) -> Predict:
        return lambda texts: [verdict("ambiguous", float(right[title])) for title, _ in texts]

    begun = screening.starts(rows, [], 3)
    assert len({tuple(e.id for e in start.pool) for start in begun}) == 3
    assert [s.pool for s in screening.starts(rows, [], 3)] == [start.pool for start in begun]
    for start in begun:
        assert not {e.idea for e in start.priors} & {e.idea for e in start.pool}
        assert screening.screen(systems.ranking(knows), start, 4) == list(range(1, start.relevant + 1))
        assert screening.by_chance(start)[-1] > 0.9 * len(start.pool) * start.relevant / (start.relevant + 1)


def test_starts_run_side_by_side_and_are_counted_in_their_order() -> None:
    pool = [example(k, "relevant" if k == 0 else "off-topic") for k in range(9)]
    begun = [screening.Start([example(99, "relevant")], pool)] * 3

    def late_first(_: screening.Start, number: int) -> list[int]:
        sleep(0.5 if number == 0 else 0.0)
        return [number + 1]

    told: list[str] = []
    found = screening.simulate({"late first": late_first}, begun, told.append)
    assert found["systems"]["late first"]["100"] == {"median": 2, "least": 1, "most": 3, "each": [1, 2, 3]}
    assert told == ["late first: 3 starts", *(f"late first: start {k} of 3 done" for k in (1, 2, 3))]


def test_what_was_read_is_learnt_before_the_next_lot() -> None:
    learnt: list[int] = []

    def counts(examples: Sequence[Example]) -> Predict:
        learnt.append(len(examples))
        return lambda texts: [verdict("ambiguous", 0.0) for _ in texts]

    pool = [example(k, "relevant" if k == 24 else "off-topic") for k in range(30)]
    found = screening.screen(systems.ranking(counts), screening.Start([example(99, "relevant")], pool), 10)
    assert found == [25]
    assert learnt == [1, 11, 21]


def test_what_was_read_since_a_training_moves_the_next_text() -> None:
    told: list[tuple[int, int]] = []

    def follows(examples: Sequence[Example]) -> Any:
        def scores(count: int, since: Sequence[Example]) -> Any:
            told.append((len(examples), len(since)))
            return -np.arange(count, dtype=float) * (-1) ** len(since)  # by turns from the front and from the back

        return lambda texts: lambda since: scores(len(texts), since)

    pool = [example(k, "relevant" if k in (0, 5) else "off-topic") for k in range(6)]
    assert screening.screen(follows, screening.Start([example(99, "relevant")], pool), 4) == [1, 2]
    assert set(told) >= {(1, 0), (1, 1), (1, 2), (1, 3), (1, 4)}


def test_the_labelling_page_learns_as_often_as_the_simulation() -> None:
    assert signature(serve).parameters["retrain_every"].default == Plan(learn=False).lot


# Label files


def test_label_files_of_ours_and_of_asreview_are_read_and_bad_rows_are_named(tmp_path: Path) -> None:
    path = tmp_path / "labels.csv"
    with path.open("w", newline="", encoding="utf-8-sig") as file:
        writer = csv.writer(file)
        writer.writerow(["title", "text", "included", "url", "topics"])
        writer.writerow(["A", "Mentors for heads", "1", "http://one.example/a", ""])
        writer.writerow(["B", "Coach\npark", "0", "http://one.example/b", "bus-coach;other"])
        writer.writerow(["C", "Not read", "", "http://two.example/", ""])
        writer.writerow(["D", "Strange", "perhaps", "http://two.example/", ""])
    found = from_files([path])
    assert [row.example.relevance for row in found.rows] == ["relevant", "off-topic"]
    assert {row.group for row in found.rows} == {"authority:one.example"}
    assert found.rows[1].example.topics == ("bus-coach", "other")
    assert found.by == "authority"
    assert [(line, "perhaps" in problem) for _, line, problem in found.bad] == [(6, True)]


@pytest.mark.parametrize("content", ["", '{"text": "x", "decision": "relevant"}\n', "[]\n", '{"title": "no text"}\n'])
def test_a_set_that_cannot_be_measured_is_refused_in_words(tmp_path: Path, content: str) -> None:
    path = tmp_path / "labels.jsonl"
    path.write_text(content)
    with pytest.raises(LabelledSetError, match="at least one of each"):
        from_files([path])


def test_a_label_file_in_another_encoding_is_refused_and_named(tmp_path: Path) -> None:
    path = tmp_path / "labels.csv"
    path.write_bytes("text,included\nMentors,1\nCafé coaches,0\n".encode("cp1252"))
    with pytest.raises(PagesError, match=r"labels\.csv: cannot be read: line 3 is not UTF-8; in the spreadsheet"):
        from_files([path])


def test_decisions_of_the_record_are_grouped_by_authority(study: Protocol, tmp_path: Path) -> None:
    with Record.open(f"sqlite:///{tmp_path / 'record.db'}") as record:
        crawl = SmallCrawl(record, study, ["E10000016", "E10000012"])
        texts = [crawl.fetched(a, f"{k}", f"Text {k} of {a}") for a in crawl.authorities for k in range(2)]
        with pytest.raises(LabelledSetError, match="no decisions"):
            from_record(record, study)
        for text, decision in zip(texts, ["relevant", "off-topic", "off-topic", "ambiguous"], strict=True):
            crawl.decided(text, decision)
        found = from_record(record, study)
    assert found.by == "authority"
    assert sorted(row.group for row in found.rows) == ["authority:E10000012"] * 2 + ["authority:E10000016"] * 2


def test_the_replicas_pages_carry_the_keys_answers(study: Protocol, tmp_path: Path) -> None:
    places = [place for hits in relevant_hits(0.0).values() for place in hits]
    code, path = places[0]
    with Record.open(f"sqlite:///{tmp_path / 'record.db'}") as record:
        crawl = SmallCrawl(record, study, [code])
        crawl.fetched(code, path.lstrip("/"), "The hit", None)
        crawl.fetched(code, "", "The home page", None)
        rows = list(labelled_texts(record, 0.0))
    assert {row["text"]: row["decision"] for row in rows} == {"The hit": "relevant", "The home page": "off-topic"}
    found = from_rows("the replica's pages", rows)
    assert {row.group for row in found.rows} == {f"authority:{code}"}


# Floors


FLOORS = "[at_least]\npr-auc = {}\n[at_most]\nqueue = {}\n"
LOWERED = '[[lowered]]\nname = "{}"\nfrom = {}\nto = {}\ndate = 2026-11-22\nreason = "New seeds are harder: near pairs doubled."\n'


@pytest.mark.parametrize(
    ("versions", "told"),
    [
        ([FLOORS.format(0.9, 0.3), FLOORS.format(0.92, 0.2)], ""),
        ([FLOORS.format(0.9, 0.3), FLOORS.format(0.89, 0.3)], "pr-auc went from 0.9 to 0.89"),
        ([FLOORS.format(0.9, 0.3), FLOORS.format(0.9, 0.31)], "queue went from 0.3 to 0.31"),
        ([FLOORS.format(0.9, 0.3), "[at_least]\npr-auc = 0.9\n[at_most]\n"], "queue went from 0.3 to nothing"),
        ([FLOORS.format(0.9, 0.3), FLOORS.format(0.89, 0.3) + LOWERED.format("pr-auc", 0.9, 0.89)], ""),
        (
            [FLOORS.format(0.9, 0.3), FLOORS.format(0.8, 0.3) + LOWERED.format("pr-auc", 0.9, 0.89)],
            "pr-auc went from 0.9 to 0.8",
        ),
        # Lowered, raised, lowered again: the first reason does not cover the second time.
        (
            [
                FLOORS.format(0.9, 0.3),
                FLOORS.format(0.89, 0.3) + LOWERED.format("pr-auc", 0.9, 0.89),
                FLOORS.format(0.9, 0.3) + LOWERED.format("pr-auc", 0.9, 0.89),
                FLOORS.format(0.89, 0.3) + LOWERED.format("pr-auc", 0.9, 0.89),
            ],
            "pr-auc went from 0.9 to 0.89",
        ),
        (
            [FLOORS.format(0.89, 0.3) + LOWERED.format("pr-auc", 0.9, 0.89), FLOORS.format(0.89, 0.3)],
            "was changed or taken out",
        ),
    ],
)
def test_a_floor_is_lowered_only_with_its_reason(versions: list[str], told: str) -> None:
    problems = silent([read(text) for text in versions])
    assert (told in "\n".join(problems)) if told else problems == []


@pytest.mark.parametrize(
    "text",
    [
        "[at_least]\nno-such-figure = 1.0\n[at_most]\n",
        FLOORS.format(0.89, 0.3) + LOWERED.format("pr-auc", 0.9, 0.89).replace("New seeds are harder: ", ""),
        FLOORS.format(0.89, 0.3) + LOWERED.format("pr-auc", 0.9, 0.89).replace("date", "day"),
        FLOORS.format('"high"', 0.3),
    ],
)
def test_floors_that_say_nothing_usable_are_refused(text: str) -> None:
    with pytest.raises(FloorsError):
        read(text)


def test_a_committed_lowering_is_found_as_well(tmp_path: Path) -> None:
    file = tmp_path / "floors.toml"
    git = ["git", "-C", str(tmp_path), "-c", "user.name=a", "-c", "user.email=a@example.org"]
    subprocess.run([*git, "init", "-q"], check=True)
    for value in (0.9, 0.8, 0.85):
        file.write_text(FLOORS.format(value, 0.3))
        subprocess.run([*git, "add", "."], check=True)
        subprocess.run([*git, "commit", "-qm", f"Ask for {value}"], check=True)
    assert len(silent(floors.history(file))) == 1


def test_nobody_lowered_a_floor_of_ours_in_silence() -> None:
    assert silent(floors.history()) == []


# The card


def test_a_card_is_up_to_date_within_tolerance_and_in_every_word() -> None:
    old = "found 660 of 676 (97.6%)\nmean 0.812\n## Typical errors\n- anything\n"
    assert card.differences(old, old.replace("660", "662").replace("0.812", "0.820"), 0.01) == []
    assert card.differences(old, old.replace("660", "600"), 0.01)
    assert card.differences(old, old.replace("0.812", "0.712"), 0.01)
    assert card.differences(old, old.replace("found", "lost"), 0.01)
    assert card.differences(old, "more\n" + old, 0.01)


# The whole


def test_the_command_counts_first_names_bad_rows_and_shows_hostile_text_harmlessly(
    study: Protocol, tmp_path: Path
) -> None:
    path, figures_file = tmp_path / "read.jsonl", tmp_path / "figures.json"
    with path.open("w", encoding="utf-8") as file:
        for e in some(study, 12, 28):
            row = {
                "id": f"\x1b[31m{e.id}",
                "title": e.title,
                "text": e.text,
                "decision": e.relevance,
                "topics": e.topics,
            }
            file.write(json.dumps(row) + "\n")
        file.write("{not json\n")
    done = mentorwatch("evaluate", str(path), "--starts=0", "-q", "--json", str(figures_file))
    assert done.returncode == 1, done.stderr  # a bad row
    assert f"{path}, line 41: not JSON" in done.stderr
    assert "\x1b" not in done.stdout
    assert done.stdout.index("found  ") < done.stdout.index("PR-AUC")
    assert " of 12 (" in done.stdout
    results = json.loads(figures_file.read_text(encoding="utf-8"))
    assert set(results["systems"]) == {OURS, "TF-IDF + linear SVM", "keyword rules"}
    assert results["screening"] is None


def some(study: Protocol, relevant: int, off_topic: int) -> list[Example]:
    """The first seeds of each kind."""
    rows = [row.example for row in from_seeds(study).rows]
    first = [e for e in rows if e.relevance == "relevant"][:relevant]
    return first + [e for e in rows if e.relevance == "off-topic"][:off_topic]


def test_the_same_input_gives_the_same_figures(study: Protocol) -> None:
    seeds = from_seeds(study)
    few = LabelledSet("few", "idea", seeds.rows[:: len(seeds.rows) // 100])
    first, second = (evaluate(study, few, [], Plan(learn=True, starts=1, lot=0), lambda _: None) for _ in range(2))
    assert first == second
    assert first["set"]["texts"] == len(few.rows)


@pytest.mark.parametrize(
    "wrong",
    [
        ["evaluate", "x.csv", "--labels"],
        ["evaluate", "--card", "--seed=3"],
        ["evaluate", "no-such-file.csv"],
        ["evaluate", "--asreview=/no/such/asreview"],
        ["evaluate", "--replica", "--record=sqlite:////no/such/record.db"],
    ],
)
def test_what_cannot_be_evaluated_is_said_in_words(wrong: list[str]) -> None:
    done = CliRunner().invoke(app, wrong)
    assert done.exit_code == 2 or isinstance(done.exception, UserError), done.output
    assert done.output.strip() or str(done.exception)


def test_keyword_rules_learn_nothing_and_know_the_plain_cases(study: Protocol) -> None:
    predict = keyword_rules(study)([])
    heads, buses, none = predict(
        [
            ("Headteachers", "Every new headteacher has a mentor for professional development."),
            ("Parking", "Coach parking for passengers: vehicles and drivers."),
            ("Bins", "Collected on Tuesdays."),
        ]
    )
    assert (heads.relevance, buses.relevance, none.relevance) == ("relevant", "off-topic", "off-topic")
    assert "bus-coach" in (buses.topics or ())
    assert none.score < buses.score < heads.score


@pytest.mark.services
def test_our_svm_has_the_settings_of_asreviews_own_default(asreview: Path, study: Protocol) -> None:
    script = (
        "import json; from asreview.models.models import get_ai_config; v = get_ai_config()['value'];"
        "print(json.dumps([v.querier, v.classifier_param, v.balancer_param, v.feature_extractor_param]))"
    )
    told = subprocess.run([asreview.with_name("python"), "-c", script], capture_output=True, text=True, check=True)
    querier, classifier, balancer, features = json.loads(told.stdout)
    ours = ElasU4([example(1, "relevant", "mentor for heads"), example(2, "off-topic", "coach for buses")], study)
    settings = ours._vectoriser.get_params() | {"ngram_range": list(ours._vectoriser.ngram_range)}
    assert querier == "max"
    assert {name: settings[name] for name in features} == features
    assert {name: ours._relevance.get_params()[name] for name in classifier} == classifier
    assert balancer == {"ratio": ElasU4.RATIO}


@pytest.mark.services
def test_asreview_starts_from_the_same_priors_and_repeats_itself(asreview: Path, study: Protocol) -> None:
    rows = from_seeds(study).rows
    chosen = [row for row in rows if row.example.relevance != "ambiguous"][::25]
    (start,) = screening.starts(chosen, [], 1)
    found = screening.asreview(asreview, start, 0)
    assert len(found) == start.relevant > 0
    assert found == sorted(set(found))
    assert found[-1] <= len(start.pool)
    assert screening.asreview(asreview, start, 0) == found
    assert screening.version_of(asreview)[0].isdigit()


@pytest.mark.services
def test_an_asreview_that_fails_is_quoted(tmp_path: Path) -> None:
    program = tmp_path / "asreview"
    program.write_text("#!/bin/sh\necho 'no room left' >&2\nexit 3\n")
    program.chmod(0o755)
    with pytest.raises(screening.ASReviewError, match="no room left"):
        screening.asreview(program, screening.Start([example(1, "relevant")], [example(2, "relevant")]), 0)


def test_our_order_alone_is_the_order_of_the_whole_model(study: Protocol) -> None:
    rows = [row.example for row in from_seeds(study).rows]
    learnt, asked = rows[::8], [(e.title, e.text) for e in rows[3::40]]
    whole = [verdict.score for verdict in systems.mentorwatch(study)(learnt)(asked)]
    alone = systems.mentorwatch_order(study)(learnt)(asked)([])
    assert np.argsort(whole, kind="stable").tolist() == np.argsort(alone, kind="stable").tolist()


@pytest.mark.slow
@pytest.mark.parametrize(("names", "hard"), [(("blind-1", "blind-2"), False), (("blind-3",), True)])
def test_pages_that_nobody_tunes_on_hold_their_floors(study: Protocol, names: tuple[str, ...], hard: bool) -> None:
    pages = from_files([ROOT / "tests" / "pages" / f"{name}.jsonl" for name in names])
    assert not pages.bad
    plan = Plan(learn=False, starts=0, baselines=False)
    results = evaluate(study, pages, [row.example for row in from_seeds(study).rows], plan, lambda _: None)
    assert floors.broken_blind(read(floors.FILE.read_text(encoding="utf-8")), results, hard=hard) == []


@pytest.mark.slow
@pytest.mark.services
@pytest.mark.timeout(3000)  # ten minutes on two cores, a quarter of an hour on one
def test_held_out_seed_ideas_hold_the_floors_and_the_card_says_so(study: Protocol, asreview: Path) -> None:
    """The gate: run `mentorwatch evaluate --card` after any change of seeds, model or protocol, and look at it."""
    results = evaluate(study, from_seeds(study), [], Plan(learn=True, asreview=asreview), lambda _: None)
    assert floors.broken(read(floors.FILE.read_text(encoding="utf-8")), results) == []
    written = (ROOT / "docs" / "model-card.md").read_text(encoding="utf-8")
    assert card.differences(written, card.rendered(study, results), tolerance=0.03) == []
