"""Judging a record: each distinct text once, again exactly where something changed, and on where it was stopped."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import insert, select, update

from classifier.identity import model_id
from classifier.labels import decided, labels_hash, seeds
from classifier.model import Model, save
from classifier.stage import judge_record
from study import record as r
from study.protocol import Protocol
from study.protocol import load as load_protocol
from study.record import Record
from study.text import EXTRACTOR
from tests.judging import BUSES, HEADS, PUPILS, keep_model

NOW = datetime(2008, 7, 29, 9, 0, tzinfo=UTC)


@pytest.fixture(scope="module")
def study() -> Protocol:
    return load_protocol("nfer-2008")


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


def _judgements(record: Record) -> list[tuple[Any, ...]]:
    with record.begin() as db:
        rows = db.execute(select(r.judgement.c.text_hash, r.judgement.c.relevance, r.judgement.c.evidence)).all()
        mentions = db.execute(select(r.mention.c.text_hash, r.mention.c.what, r.mention.c.start)).all()
    return sorted(tuple(map(str, row)) for row in [*rows, *mentions])


def _label(record: Record, text: str, decision: str, person: str, role: str = "annotator") -> None:
    row = {
        "decided_at": NOW, "text_hash": f"hash of {text}", "title": "T", "text": text, "protocol": "nfer-2008", "codebook": "1",
        "annotator": person, "role": role, "source": "random", "score_shown": False, "decision": decision,
        "relation": "mentoring", "topics": [], "approaches": ["peer"], "depth": "main", "flags": [], "note": "",
    }  # fmt: skip
    with record.begin() as db:
        db.execute(insert(r.label).values(**row))


def test_a_crawl_is_judged_once_a_distinct_text(study: Protocol, model: Model, tmp_path: Path) -> None:
    keep_model(model, tmp_path)
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


def test_what_there_is_of_a_text_that_was_cut_is_judged(study: Protocol, model: Model, tmp_path: Path) -> None:
    keep_model(model, tmp_path)
    with _record(tmp_path / "record.db", [HEADS, BUSES]) as record:
        with record.begin() as db:
            cut = r.extraction.update().values(error="cut: 1 of 9 pages could not be read")
            db.execute(cut.where(r.extraction.c.title == HEADS[0]))
            torn = r.extraction.update().values(text="", error="damaged: no page of it can be read")
            db.execute(torn.where(r.extraction.c.title == BUSES[0]))
        assert judge_record(record, study, directory=tmp_path).relevance == {
            "relevant": 1,
            "ambiguous": 0,
            "off-topic": 0,
        }


def test_where_nothing_is_new_no_model_is_read(
    study: Protocol, model: Model, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    keep_model(model, tmp_path)
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
    keep_model(model, tmp_path)
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
    keep_model(model, tmp_path)
    menu = "Home\nSchools\nCoaching for headteachers\nContact us\n"
    pages = [(f"Page {k}", f"{menu}Notice number {k}: the road is closed.") for k in range(12)]
    with _record(tmp_path / "record.db", pages) as record:
        summary = judge_record(record, study, directory=tmp_path)
        assert summary.relevance == {"relevant": 0, "ambiguous": 0, "off-topic": 12}
        with record.begin() as db:
            assert "Coaching" not in "".join(db.execute(select(r.text.c.text)).scalars())
            (table_,) = db.execute(select(r.site_block)).all()
        assert (table_.version, "coaching for headteachers" in table_.blocks) == (1, True)


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
