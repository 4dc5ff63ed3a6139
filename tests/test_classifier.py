"""Judging: a function of title and text, honest about doubt, quick, and the same after an interruption."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sqlalchemy import insert, select, update

from classifier import blocks, identity
from classifier.evaluation import table
from classifier.features import Vectoriser, Words, take_apart
from classifier.identity import model_id
from classifier.judge import Judge
from classifier.labels import Example, LabelError, decided, labels_hash, seeds
from classifier.model import Model, ModelError, Readings, load, save
from classifier.passages import QUOTE_LIMIT, Cut
from classifier.relations import recipients
from classifier.roles import tag, tokens
from classifier.stage import ensure_model, judge_record
from classifier.train import TrainingError, train
from study import record as r
from study.judging import RULES
from study.protocol import Protocol
from study.protocol import load as load_protocol
from study.record import Record
from study.text import EXTRACTOR

NOW = datetime(2008, 7, 29, 9, 0, tzinfo=UTC)
HEADS = (
    "Mentoring for new headteachers",
    (
        "Every newly appointed headteacher is given a mentor, a serving head from another school who has been trained for it. "
        "They meet six times in the first year."
    ),
)
BUSES = (
    "Coach parking",
    "Coaches may set down passengers in Station Road. Coach bays hold 49-seater vehicles for two hours.",
)
PUPILS = (
    "Learning mentors",
    "Our learning mentors help pupils with attendance and behaviour. A learning mentor works with children one to one.",
)


@pytest.fixture(scope="module")
def study() -> Protocol:
    return load_protocol("nfer-2008")


@pytest.fixture(scope="module")
def model(study: Protocol, tmp_path_factory: pytest.TempPathFactory) -> Model:
    trained = ensure_model(None, study, tmp_path_factory.mktemp("models"))
    assert trained is not None
    return trained


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


def test_a_menu_beside_a_keyword_in_prose_says_no_more_than_a_menu(judge: Judge, study: Protocol) -> None:
    menu = "Home\nSchools\nGovernors\nNQT mentors\nCoaching for teachers\nBins\nJobs\nContact us\nNews"
    text = f"{menu}\nThe football coach is ill this week."
    beside, prose = Cut.of("Schools", text, study.core).passages
    assert (beside.menu, prose.menu) == (True, False)
    assert "mentors" not in prose.text
    assert judge.judge("Schools", text).relevance != "relevant"


def test_of_an_endless_sentence_no_half_words_are_read(study: Protocol) -> None:
    filler = "and the stagecoach of the headteachers came with paper streamers " * 12
    page = Cut.of("", f"A mentor {filler} helped a coach {filler}. Another coach came.", study.core)
    sentences = [text for passage in page.passages for text, _ in page.sentences(passage)]
    assert {word for text in sentences for word in text.strip(".").split()} <= {
        *filler.split(),
        *["A", "mentor", "helped", "a", "coach", "Another", "came"],
    }


def test_words_are_learnt_by_sentence_and_by_side(study: Protocol) -> None:
    texts = ["Pupils sing. Heads mentor new staff. Bins wait.", "Pupils dance. Heads mentor old staff. Bins go."]
    passages = [words for text in texts for words in take_apart(Cut.of("", text, study.core))]
    learnt = Vectoriser.fit(passages).vocabulary
    assert set(learnt["clause"]) == {"head", "mentor", "staff", "head mentor"}
    assert {"<head", "<0head", ">staff", ">1staff"} <= set(learnt["sides"])


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


def test_who_is_mentored_is_read_from_grammar() -> None:
    def of(text: str) -> set[str]:
        return set(recipients(tag(tokens(text))))

    assert "recipient=leader" in of("Headteachers will be mentored by colleagues.")
    assert "giver=teacher" in of("Headteachers will be mentored by colleagues.")
    assert "object=pupil" in of("Volunteers mentor pupils after school.")
    assert "recipient=trainee" in of("A mentor is found for every trainee teacher.")
    assert of("Bins are emptied.") == set()


def test_passages_cover_every_keyword_and_join_where_they_meet(study: Protocol) -> None:
    text = "A mentor helps. " + "Nothing here of note. " * 80 + "A coach waits. A coach leaves."
    passages = Cut.of("Title", text, study.core).passages
    assert len(passages) == 2
    assert sum(len(p.matches) for p in passages) == 3
    assert all(f"Title\n{text}"[p.start : p.end] == p.text for p in passages)


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


# ------------------------------------------------------------------------------------------------ the model file


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
    _keep(model, tmp_path)
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


def test_examples_say_when_they_are_the_same() -> None:
    one = Example("a", "i", "then", "T", "x", "relevant", "mentoring", (), ("peer",), "main", ())
    assert labels_hash([one]) == labels_hash([one])
    assert labels_hash([one]) != labels_hash([one, one])


# ------------------------------------------------------------------------------------------------ the record


def _record(path: Path, pages: list[tuple[str, str]], authority: str = "E10000016") -> Record:
    record = Record.open(f"sqlite:///{path}")
    study = load_protocol("nfer-2008")
    with record.begin() as db:
        db.execute(
            insert(r.crawl).values(
                id=1, protocol=study.name, protocol_hash=study.hash, sample="sites", targets=[], as_of=date(2008, 7, 29),
                version="test", started_at=NOW,
            )
        )  # fmt: skip
        site = {
            "id": 1,
            "crawl_id": 1,
            "authority": authority,
            "host_kind": "main",
            "home_url": "http://x",
            "state": "done",
        }
        db.execute(insert(r.site).values(**site))
        for k, (title, text) in enumerate(pages):
            url, raw = f"http://x/{k}", f"{k:064d}"
            seen = {"first_seen": date(2008, 7, 29), "last_seen": date(2008, 7, 29)}
            db.execute(insert(r.page).values(id=k + 1, authority=authority, url=url, **seen))
            db.execute(insert(r.body).values(raw_hash=raw, media_type="text/html", size=1))
            db.execute(insert(r.extraction).values(raw_hash=raw, extractor=EXTRACTOR, title=title, text=text))
            fetched: dict[str, Any] = {"state": "done", "outcome": "ok", "raw_hash": raw, "fetched_at": NOW, "url": url}
            db.execute(insert(r.capture).values(crawl_id=1, page_id=k + 1, site_id=1, **fetched))
    return record


def _keep(model: Model, directory: Path) -> None:
    """Save the model where the stage looks for it, so that only the tests of training train."""
    save(model, directory / f"model-nfer-2008-{model.id[:12]}.skops")


def _judgements(record: Record) -> list[tuple[Any, ...]]:
    with record.begin() as db:
        rows = db.execute(select(r.judgement.c.text_hash, r.judgement.c.relevance, r.judgement.c.evidence)).all()
        mentions = db.execute(select(r.mention.c.text_hash, r.mention.c.what, r.mention.c.start)).all()
    return sorted(tuple(map(str, row)) for row in [*rows, *mentions])


def test_a_crawl_is_judged_once_a_distinct_text(study: Protocol, model: Model, tmp_path: Path) -> None:
    _keep(model, tmp_path)
    with _record(tmp_path / "record.db", [HEADS, BUSES, BUSES, PUPILS]) as record:
        first = judge_record(record, study, directory=tmp_path)
        assert (first.captures, first.texts, first.judged) == (4, 3, 3)
        assert judge_record(record, study, directory=tmp_path).judged == 0
        with record.begin() as db:
            assert set(db.execute(select(r.judgement.c.model_id)).scalars()) == {model.id}
            kept = db.execute(select(r.model)).one()
            assert None not in set(db.execute(select(r.capture.c.text_hash)).scalars())
    assert (kept.id, kept.metrics["texts"]) == (model.id, model.metrics["texts"])
    assert (tmp_path / kept.file).exists()


def test_where_nothing_is_new_no_model_is_read(
    study: Protocol, model: Model, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _keep(model, tmp_path)
    with _record(tmp_path / "record.db", [HEADS, BUSES]) as record:
        assert judge_record(record, study, directory=tmp_path).judged == 2

        def unwanted(*_: object) -> None:
            raise AssertionError("the model was read")

        monkeypatch.setattr("classifier.model.load", unwanted)
        assert judge_record(record, study, directory=tmp_path).judged == 0


def test_what_a_change_affects_is_judged_again_and_nothing_else(study: Protocol, model: Model, tmp_path: Path) -> None:
    with _record(tmp_path / "record.db", [HEADS, BUSES, PUPILS]) as record:

        def judged(protocol: Protocol) -> int:
            # The same weights under the id that the model of these labels and this protocol has: training is tested above.
            name = model_id(protocol.hash, labels_hash([*seeds(protocol), *decided(record, protocol)]))
            kept = replace(model, id=name)
            save(kept, tmp_path / f"model-{protocol.name}-{name[:12]}.skops")
            return judge_record(record, protocol, directory=tmp_path).judged

        assert (judged(study), judged(study)) == (3, 0)
        # A new extractor reads one page otherwise.
        with record.begin() as db:
            one = r.extraction.c.raw_hash == f"{1:064d}"
            db.execute(update(r.extraction).where(one).values(text="Coaches may wait in Mill Lane."))
        assert (judged(study), judged(study)) == (1, 0)
        _label(record, "A text", "relevant", "ann")
        assert (judged(study), judged(study)) == (3, 0)
        other = Protocol.model_validate(study.model_dump() | {"title": "Asked another way"})
        assert (judged(other), judged(other), judged(study)) == (3, 0, 0)


def test_an_interrupted_run_goes_on_where_it_stopped(
    study: Protocol, model: Model, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pages = [(e.title, e.text) for e in seeds(study)[:90]]
    _keep(model, tmp_path)
    monkeypatch.setattr("classifier.stage.BATCH", 20)

    def stop(done: int, _: int) -> None:
        if done == 40:
            raise KeyboardInterrupt

    with _record(tmp_path / "stopped.db", pages) as stopped, _record(tmp_path / "whole.db", pages) as whole:
        with pytest.raises(KeyboardInterrupt):
            judge_record(stopped, study, progress=stop, directory=tmp_path)
        rest = judge_record(stopped, study, directory=tmp_path)
        assert 0 < rest.judged < rest.texts
        judge_record(whole, study, directory=tmp_path)
        assert _judgements(stopped) == _judgements(whole)


def test_lines_that_repeat_over_a_site_are_masked_and_the_mask_is_versioned(
    study: Protocol, model: Model, tmp_path: Path
) -> None:
    _keep(model, tmp_path)
    menu = "Home\nSchools\nCoaching for headteachers\nContact us\n"
    pages = [(f"Page {k}", f"{menu}Notice number {k}: the road is closed.") for k in range(12)]
    with _record(tmp_path / "record.db", pages) as record:
        summary = judge_record(record, study, directory=tmp_path)
        assert summary.relevance == {"relevant": 0, "ambiguous": 0, "off-topic": 12}
        with record.begin() as db:
            assert "Coaching" not in "".join(db.execute(select(r.text.c.text)).scalars())
            (table_,) = db.execute(select(r.site_block)).all()
        assert (table_.version, "coaching for headteachers" in table_.blocks) == (1, True)


def test_what_few_pages_share_is_not_masked() -> None:
    texts = [
        "Mentoring for heads\none",
        "Mentoring for heads\ntwo",
        "Mentoring for heads\nthree",
        "Mentoring for heads\nfour",
    ]
    assert blocks.repeated(texts) == []
    assert blocks.quorum(100) == 20
    assert blocks.mask("a\n\nB  b\n\nc", {"b b"}) == "a\n\nc"


def _label(record: Record, text: str, decision: str, person: str, role: str = "annotator") -> None:
    row = {
        "decided_at": NOW, "text_hash": f"hash of {text}", "title": "T", "text": text, "protocol": "nfer-2008", "codebook": "1",
        "annotator": person, "role": role, "source": "random", "score_shown": False, "decision": decision,
        "relation": "mentoring", "topics": [], "approaches": ["peer"], "depth": "main", "flags": [], "note": "",
    }  # fmt: skip
    with record.begin() as db:
        db.execute(insert(r.label).values(**row))


def test_researchers_decisions_are_learnt_and_settled_first(study: Protocol, tmp_path: Path) -> None:
    with Record.open(f"sqlite:///{tmp_path / 'record.db'}") as record:
        _label(record, "changed", "off-topic", "ann")
        _label(record, "changed", "relevant", "ann")
        _label(record, "disputed", "relevant", "ann")
        _label(record, "disputed", "off-topic", "bob")
        _label(record, "settled", "relevant", "ann")
        _label(record, "settled", "off-topic", "bob")
        _label(record, "settled", "relevant", "eve", "adjudicator")
        _label(record, "skipped", "skip", "ann")
        learnt = {example.text: example.relevance for example in decided(record, study)}
        assert learnt == {"changed": "relevant", "disputed": "ambiguous", "settled": "relevant"}
        assert labels_hash(decided(record, study)) != labels_hash([])
