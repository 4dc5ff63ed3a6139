"""Judging: a function of title and text, honest about doubt, quick, and the same after an interruption."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from classifier import identity
from classifier.evaluation import table
from classifier.features import Words, take_apart
from classifier.judge import Judge
from classifier.labels import Example, LabelError, labels_hash, seeds
from classifier.model import Model, ModelError, Readings, load, save
from classifier.passages import QUOTE_LIMIT, Cut
from classifier.stage import ensure_model
from classifier.train import TrainingError, train
from study.judging import RULES
from study.protocol import Protocol
from study.protocol import load as load_protocol
from tests.judging import BUSES, HEADS, PUPILS, keep_model


@pytest.fixture(scope="module")
def study() -> Protocol:
    return load_protocol("nfer-2008")


@pytest.fixture(scope="module")
def judge(study: Protocol, model: Model) -> Judge:
    return Judge(study, model)


def test_plain_pages_are_judged_as_a_person_would(judge: Judge) -> None:
    heads, buses, pupils = judge.judge_many([HEADS, BUSES, PUPILS])
    assert (heads.relevance, heads.relation) == ("relevant", "mentoring")
    assert "headteacher" in heads.approaches
    assert heads.topics == ()
    assert (buses.relevance, buses.topics, buses.relation) == ("off-topic", ("bus-coach",), "none")
    assert pupils.relevance == "off-topic"
    assert "learning-mentor" in pupils.topics
    assert heads.probability > pupils.probability > 0  # type: ignore[operator]


def test_a_judgement_depends_on_title_and_text_alone(judge: Judge) -> None:
    together = list(judge.judge_many([BUSES, HEADS, PUPILS] * 3))
    assert together[1] == judge.judge(*HEADS) == together[4]
    assert together[0] == judge.judge(*BUSES)


def test_cross_validation_holds_its_floors(model: Model) -> None:
    # Pinned below what was measured (docs/judging.md); lowered only with a reason in the commit. Lowered when 1,573 near pairs and
    # traps came in: two in five seeds are now written to be mistaken.
    confusion = model.metrics["confusion"]
    relevant = confusion["relevant"]
    assert relevant["off-topic"] <= 0.03 * sum(relevant.values())
    assert relevant["relevant"] >= 0.8 * sum(relevant.values())
    assert confusion["off-topic"]["relevant"] <= 0.075 * sum(confusion["off-topic"].values())
    assert model.metrics["area"] >= 0.958
    for era in ("then", "now"):
        assert model.metrics["eras"][era]["dropped"] <= 0.035 * model.metrics["eras"][era]["relevant"]
    shown = table(model.metrics)
    assert f"{relevant['relevant'] + relevant['ambiguous']} of {sum(relevant.values())} relevant texts" in shown


def test_evidence_is_short_and_stands_word_for_word_in_the_text(judge: Judge, study: Protocol) -> None:
    examples = seeds(study)[::7]
    for example, verdict in zip(examples, judge.judge_many((e.title, e.text) for e in examples), strict=True):
        for quote in verdict.evidence:
            assert quote in example.title or quote in example.text
            assert 0 < len(quote) <= QUOTE_LIMIT


def test_one_clause_in_a_long_page_is_found_and_quoted(judge: Judge) -> None:
    filler = (
        "The hall was full and the band played on. Bins will be emptied a day late. Parking is free on Sunday. " * 60
    )
    clause = "Newly qualified teachers are each given a mentor, who watches them teach and gives feedback."
    verdict = judge.judge("Newsletter 12", f"{filler}\n{clause}\n{filler}")
    assert verdict.relevance != "off-topic"
    assert any(clause in quote or quote in clause for quote in verdict.evidence)


def test_a_sentence_with_a_keyword_speaks_for_its_passage_where_several_have_one(study: Protocol, model: Model) -> None:
    on_staff = "Every new headteacher is coached by a serving headteacher for a year."
    others = "The football coach is ill. Coaches park behind the baths. The under-nines need a coach."
    together = take_apart(Cut.of("Village news", f"{others} {on_staff} {others}", study.core))
    assert len(together) == 1
    assert [len(passage.alone) for passage in together] == [4]  # what stands twice is read once
    buses = take_apart(Cut.of(*BUSES, study.core))
    assert take_apart(Cut.of("Village news", on_staff, study.core))[0].alone == ()

    def scored(passages: Sequence[Words], output: str) -> list[float]:
        scores = model.linear.score(model.vectoriser.transform(passages))
        return [float(score) for score in scores[:, model.linear.outputs.index(output)]]

    readings = Readings(model.vectoriser, [*buses, *together])
    said = dict(zip(model.linear.outputs, readings.score(model.linear)[-1], strict=True))
    for output, less in (("relevant", 0.3), ("topics:sports-coach", 0.15)):
        whole, alone = scored(together, output)[0], max(scored(together[0].alone, output)) - less
        assert alone > whole
        assert said[output] == pytest.approx(alone)
    # By itself most any sentence is doubtful.
    assert said["ambiguous"] == pytest.approx(scored(together, "ambiguous")[0])
    # Asked of some passages only, each keeps its own sentences.
    alone = readings.score(model.linear, np.arange(len(buses) + 1) == len(buses))
    assert alone.tolist() == [list(said.values())]


def test_the_sentence_that_carried_a_page_is_quoted(judge: Judge) -> None:
    on_staff = "Every new headteacher in the county is coached by a serving headteacher for a year."
    between = "The fete was fine and the weather held for all of the afternoon. " * 4
    verdict = judge.judge(
        "Village news", f"The football coach is ill. Coaches park behind the baths. {between}{on_staff}"
    )
    assert verdict.relevance != "off-topic"
    assert on_staff in verdict.evidence[0]


@pytest.mark.parametrize(
    ("beside", "relation"),
    [
        ("The debating coach has left.", "mentoring"),
        ("The coach was late.", "mentoring"),
        ("Middle leaders are coached in pairs by trained coaches.", "both"),
    ],
)
def test_a_coach_of_another_kind_beside_mentoring_makes_nothing_both(judge: Judge, beside: str, relation: str) -> None:
    mentors = "Newly qualified teachers are each given a mentor, an experienced teacher from their own department."
    verdict = judge.judge("School news", f"{mentors} {beside}")
    assert (verdict.relevance, verdict.relation) == ("relevant", relation)


def test_a_menu_beside_a_keyword_in_prose_says_no_more_than_a_menu(judge: Judge, study: Protocol) -> None:
    menu = "Home\nSchools\nGovernors\nNQT mentors\nCoaching for teachers\nBins\nJobs\nContact us\nNews"
    text = f"{menu}\nThe football coach is ill this week."
    beside, prose = Cut.of("Schools", text, study.core).passages
    assert (beside.menu, prose.menu) == (True, False)
    assert "mentors" not in prose.text
    assert judge.judge("Schools", text).relevance != "relevant"


def test_a_keyword_in_a_menu_never_makes_a_page_relevant(judge: Judge) -> None:
    menu = "\n".join(
        [
            "Home",
            "Schools",
            "Governors",
            "Headteacher mentoring",
            "Coaching for teachers",
            "NQT mentors",
            "Bins",
            "Jobs",
        ]
    )
    assert judge.judge("Refuse collection", f"{menu}\nYour bin is emptied each Monday.").relevance != "relevant"
    bars = "Home | Schools | Mentoring for headteachers | Coaching for NQTs | Contact us"
    assert judge.judge("Refuse collection", f"{bars}\nYour bin is emptied each Monday.").relevance != "relevant"


@pytest.mark.parametrize(
    ("text", "relevance"),
    [
        ("The council does not offer mentoring or coaching to headteachers.", "ambiguous"),
        ("The authority no longer provides mentors for newly qualified teachers.", "ambiguous"),
        ("The coaching programme for headteachers was withdrawn in March and will not be replaced.", "ambiguous"),
        (
            "The authority no longer provides mentors for newly qualified teachers. Coaching for headteachers goes on.",
            "relevant",
        ),
        ("Newly qualified teachers have a mentor who does not assess them.", "relevant"),
    ],
)
def test_a_text_that_only_denies_what_is_looked_for_is_for_a_person(judge: Judge, text: str, relevance: str) -> None:
    assert judge.judge("Information for schools", text).relevance == relevance


def test_without_a_keyword_a_page_is_off_topic_and_has_no_probability(judge: Judge) -> None:
    verdict = judge.judge(
        "Teacher recruitment", "The Training and Development Agency for Schools funds bursaries for teachers."
    )
    assert (verdict.relevance, verdict.topics, verdict.probability) == ("off-topic", ("other",), None)
    assert [m.what for m in verdict.mentions] == ["tda"]
    assert verdict.evidence


@pytest.mark.parametrize(
    "text", ["", " \n\t ", "coach", "mentor" * 9000, "\x00mentor\x00", "☃ coach 🚌 " * 500, "a" * 300_000]
)
def test_odd_texts_are_judged_without_complaint(judge: Judge, text: str) -> None:
    assert judge.judge("", text).relevance in {"off-topic", "ambiguous", "relevant"}


def test_without_labels_names_are_found_and_the_rest_is_for_a_person() -> None:
    judge = Judge(load_protocol("ecf-2026"), None)
    verdict = judge.judge("ECT mentors", "Each ECT has a mentor. The Early Career Framework sets out what they learn.")
    assert (verdict.relevance, verdict.probability, judge.model_id) == ("ambiguous", None, RULES)
    assert {m.what for m in verdict.mentions if m.counts} == {"ecf", "ect"}
    assert verdict.approaches == ("ect",)
    assert judge.judge("", "Coach trips to the sea.").relevance == "ambiguous"
    assert judge.judge("", "The Early Career Framework starts in September.").relevance == "ambiguous"
    assert judge.judge("Bins", "Mondays.").relevance == "off-topic"


def test_three_hundred_pages_of_four_hundred_words_take_about_a_second(judge: Judge, study: Protocol) -> None:
    filler = (
        "The committee met at the town hall and heard a report on paving, lamps and the repair of the old bridge. " * 15
    ).split()
    examples = seeds(study)
    pages = []
    for k in range(300):
        words = examples[k * 3].text.split()
        pages.append((examples[k * 3].title, " ".join([*filler[: (400 - len(words)) // 2], *words, *filler])[:2600]))
    list(judge.judge_many(pages[:20]))
    spent = min(_seconds(judge, pages) for _ in range(3))
    assert spent < 2.0  # measured: under 0.6 s; the bound leaves room for a busy machine


def _seconds(judge: Judge, pages: list[tuple[str, str]]) -> float:
    begun = time.process_time()
    list(judge.judge_many(pages))
    return time.process_time() - begun


def test_training_twice_gives_the_same_model(study: Protocol, model: Model) -> None:
    again = train(study, seeds(study))
    assert again.id == model.id
    assert again.thresholds == model.thresholds
    assert Judge(study, again).judge(*HEADS) == Judge(study, model).judge(*HEADS)


def test_a_saved_model_judges_as_before_and_is_small(study: Protocol, model: Model, tmp_path: Path) -> None:
    path = tmp_path / "model.skops"
    save(model, path)
    assert path.stat().st_size < 30_000_000
    kept = load(path, model.id)
    assert Judge(study, kept).judge(*PUPILS) == Judge(study, model).judge(*PUPILS)
    with pytest.raises(ModelError, match="another model"):
        load(path, "0" * 64)


def test_a_model_of_another_scikit_learn_is_not_trusted(
    model: Model, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "model.skops"
    save(model, path)
    monkeypatch.setattr(identity, "version", lambda package: "0.1")
    with pytest.raises(ModelError, match="other versions"):
        load(path, model.id)


def test_a_stale_or_broken_model_file_is_replaced_by_training(study: Protocol, model: Model, tmp_path: Path) -> None:
    keep_model(model, tmp_path)
    (path,) = tmp_path.glob("*.skops")
    path.write_bytes(b"not a model")
    again = ensure_model(None, study, tmp_path)
    assert again is not None
    assert load(path, model.id).id == again.id == model.id


def test_a_study_whose_people_named_no_approach_and_one_depth_learns_relevance_all_the_same(study: Protocol) -> None:
    plain = [replace(example, approaches=(), depth="main") for example in seeds(study)[::25]]
    judge = Judge(study, train(study, plain))
    (heads,) = judge.judge_many([HEADS])
    assert heads.relevance != "off-topic"
    assert heads.depth == "main"  # its title names it
    assert "headteacher" in heads.approaches  # by the protocol's cues


def test_too_few_labels_are_said_not_trained_on(study: Protocol) -> None:
    few = seeds(study)[:6]
    with pytest.raises(TrainingError, match="needs at least"):
        train(study, few)


def test_a_bad_seed_line_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "seed"
    folder.mkdir()
    (folder / "a.jsonl").write_text('{"id": "x"}\n')
    monkeypatch.setattr("classifier.labels._LABELS", tmp_path)
    with pytest.raises(LabelError, match=r"a\.jsonl, line 1"):
        seeds(load_protocol("nfer-2008"))


def test_seeds_in_a_folder_that_is_not_there_are_missed_aloud(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("classifier.labels._LABELS", tmp_path)
    with pytest.raises(LabelError, match=r"nfer-2008: seeds names the folder .*seed, .*no such folder"):
        seeds(load_protocol("nfer-2008"))


def test_examples_say_when_they_are_the_same() -> None:
    one = Example("a", "i", "then", "T", "x", "relevant", "mentoring", (), ("peer",), "main", ())
    assert labels_hash([one]) == labels_hash([one])
    assert labels_hash([one]) != labels_hash([one, one])
