"""The record, on SQLite and on a real PostgreSQL: the same tables, the same statements."""

import subprocess
import sys
from datetime import UTC, date, datetime

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import event, inspect, select

from crawler import frontier, opening
from crawler.asking import Ask, Hit, Reading, State
from crawler.opening import Target
from study import protocol
from study import record as r
from study.decisions import decisions
from study.record import Record, RecordError, text_hash
from tests.running import ROOT

TARGETS = [Target("E10000016", "http://kent.example/"), Target("E10000032", "http://westsussex.example/")]


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.services)])
def record(request, tmp_path):
    sqlite = request.param == "sqlite"
    url = f"sqlite:///{tmp_path / 'record.db'}" if sqlite else request.getfixturevalue("postgres_url")
    with Record.open(url) as opened:
        with opened.begin() as db:
            for table in reversed(r.metadata.sorted_tables):
                db.execute(table.delete())
        yield opened


@pytest.fixture(scope="module")
def study():
    return protocol.load("nfer-2008")


def hit(rank, url, title="A title"):
    return Hit(rank=rank, url=url, canonical=url, title=title, snippet="", new=True)


def state(**values):
    return State(query="mentor", next=None, **values)


def test_the_migrations_make_the_tables_that_the_code_declares(record):
    with record.engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": False})
        assert compare_metadata(context, r.metadata) == []


def test_opening_a_record_twice_changes_nothing(record):
    before = inspect(record.engine).get_table_names()
    with Record.open(record.engine.url.render_as_string(hide_password=False)) as again:
        assert inspect(again.engine).get_table_names() == before


def test_a_crawl_begun_twice_is_the_same_crawl_until_it_is_finished(record, study):
    first, resumed = opening.open_crawl(record, study, "test", TARGETS, date(2026, 1, 1))
    assert not resumed
    assert opening.open_crawl(record, study, "test", TARGETS, date(2026, 1, 1)) == (first, True)
    assert opening.open_crawl(record, study, "test", TARGETS, date(2026, 1, 2)) != (first, True), "another day's"
    other, resumed = opening.open_crawl(record, study, "test", TARGETS[:1], date(2026, 1, 1))
    assert other != first
    assert not resumed
    anew, resumed = opening.open_crawl(record, study, "test", TARGETS, date(2026, 1, 1), fresh=True)
    assert anew not in (first, other)


def test_a_page_found_by_two_keywords_is_fetched_once(record, study):
    crawl_id, _ = opening.open_crawl(record, study, "test", TARGETS[:1], date(2026, 1, 1))
    site = frontier.sites_to_visit(record, crawl_id)[0]
    mentor, mentoring, *_ = frontier.searches_to_do(record, site.id)
    page = "http://kent.example/page"
    with record.begin() as db:
        new = frontier.keep_reading(
            db, mentor.id, site.id, Reading((hit(1, page),), page, state(collected=1, distinct=1))
        )
        again = frontier.keep_reading(db, mentoring.id, site.id, Reading((hit(1, page),), page, state()))
    assert [wanted.url for wanted in new] == [page]
    assert again == []
    assert [wanted.url for wanted in frontier.captures_to_do(record, site.id)] == [page]


def test_a_results_page_kept_twice_leaves_one_set_of_hits(record, study):
    crawl_id, _ = opening.open_crawl(record, study, "test", TARGETS[:1], date(2026, 1, 1))
    site = frontier.sites_to_visit(record, crawl_id)[0]
    search = frontier.searches_to_do(record, site.id)[0]
    reading = Reading(
        (hit(1, "http://kent.example/a"), hit(2, "http://kent.example/b")), "", state(collected=2, distinct=2)
    )
    for _ in range(2):
        with record.begin() as db:
            frontier.keep_reading(db, search.id, site.id, reading)
    with record.begin() as db:
        assert len(db.execute(select(r.hit)).all()) == 2
    assert frontier.urls_seen(record, search.id) == {"http://kent.example/a", "http://kent.example/b"}


def test_a_results_page_with_more_hits_than_a_statement_has_parameters_is_kept(record, study):
    crawl_id, _ = opening.open_crawl(record, study, "test", TARGETS[:1], date(2026, 1, 1))
    site = frontier.sites_to_visit(record, crawl_id)[0]
    mentor, mentoring, *_ = frontier.searches_to_do(record, site.id)
    many = 1_000
    pages = [f"http://kent.example/{number % many}" for number in range(2 * many)]
    reading = Reading(tuple(hit(rank, page) for rank, page in enumerate(pages, 1)), "", state())
    sent = []

    @event.listens_for(record.engine, "before_cursor_execute")
    def watch(_, __, ___, parameters, ____, executemany):
        sent.append(0 if executemany else len(parameters or ()))

    with record.begin() as db:
        new = frontier.keep_reading(db, mentor.id, site.id, reading)
        again = frontier.keep_reading(db, mentoring.id, site.id, reading)
        assert len(db.execute(select(r.hit).where(r.hit.c.search_id == mentor.id)).all()) == 2 * many
    assert [wanted.url for wanted in new] == pages[:many]
    assert again == []
    assert [wanted.url for wanted in frontier.captures_to_do(record, site.id)] == pages[:many]
    assert max(sent) < many / 2, "PostgreSQL takes 65,535, however many hits a page has"


def test_an_interrupted_search_knows_where_to_go_on(record, study):
    crawl_id, _ = opening.open_crawl(record, study, "test", TARGETS[:1], date(2026, 1, 1))
    site = frontier.sites_to_visit(record, crawl_id)[0]
    search = frontier.searches_to_do(record, site.id)[0]
    after = State(
        query="mentor",
        next=Ask("http://kent.example/s?p=2", "POST", (("__VIEWSTATE", "é\u2028"),), "windows-1252"),
        rank=10,
        pages=1,
        collected=10,
        distinct=9,
        reported_total=25,
        total_is="exact",
    )
    with record.begin() as db:
        frontier.keep_reading(db, search.id, site.id, Reading((hit(10, "http://kent.example/j"),), "", after))
    kept = frontier.searches_to_do(record, site.id)[0].progress
    assert State.from_json(kept) == after


def test_hostile_text_is_kept_as_both_databases_can(record, study):
    crawl_id, _ = opening.open_crawl(record, study, "test", TARGETS[:1], date(2026, 1, 1))
    site = frontier.sites_to_visit(record, crawl_id)[0]
    search = frontier.searches_to_do(record, site.id)[0]
    title = "nul \x00, lone surrogate \ud800, right-to-left \u202e, '); DROP TABLE hit;--"
    with record.begin() as db:
        frontier.keep_reading(db, search.id, site.id, Reading((hit(1, "http://kent.example/", title),), "", state()))
        kept = db.execute(select(r.hit.c.title)).scalar_one()
    assert "DROP TABLE" in kept
    assert "\x00" not in kept


def test_a_crawl_with_work_left_is_not_called_finished(record, study):
    crawl_id, _ = opening.open_crawl(record, study, "test", TARGETS[:1], date(2026, 1, 1))
    assert not frontier.finish_crawl(record, crawl_id)
    site = frontier.sites_to_visit(record, crawl_id)[0]
    with record.begin() as db:
        db.execute(r.site.update().values(state="done"))
        frontier.end_searches(db, site.id, "none", "no search function found")
    assert frontier.finish_crawl(record, crawl_id)


def label_row(text, annotator, decision, role="annotator"):
    return {
        "decided_at": datetime.now(UTC),
        "text_hash": text_hash("", text),
        "title": "",
        "text": text,
        "protocol": "nfer-2008",
        "codebook": "1",
        "annotator": annotator,
        "role": role,
        "source": "likely",
        "score_shown": False,
        "decision": decision,
        "relation": "mentoring",
        "topics": [],
        "approaches": ["induction"],
        "depth": "main",
        "flags": [],
        "note": "",
    }


def test_people_who_disagree_leave_a_text_ambiguous_until_one_adjudicates(record):
    key = text_hash("", "NQT mentors")
    with record.begin() as db:
        db.execute(
            r.label.insert(),
            [label_row("NQT mentors", "heron", "relevant"), label_row("NQT mentors", "wren", "off-topic")],
        )
    assert decisions(record, "nfer-2008")[key].relevance == "ambiguous"
    assert decisions(record, "nfer-2008")[key].disputed
    with record.begin() as db:
        db.execute(r.label.insert(), [label_row("NQT mentors", "owl", "relevant", "adjudicator")])
    assert decisions(record, "nfer-2008")[key].relevance == "relevant"


def test_a_changed_mind_counts_and_the_first_row_stays(record):
    key = text_hash("", "NQT mentors")
    with record.begin() as db:
        db.execute(r.label.insert(), [label_row("NQT mentors", "heron", "off-topic")])
        db.execute(r.label.insert(), [label_row("NQT mentors", "heron", "relevant")])
        assert len(db.execute(select(r.label)).all()) == 2
    assert decisions(record, "nfer-2008")[key].relevance == "relevant"


def test_a_decision_taken_back_counts_no_more_and_its_row_stays(record):
    key = text_hash("", "NQT mentors")
    with record.begin() as db:
        rows = [label_row("NQT mentors", "heron", decision) for decision in ("relevant", "undone")]
        db.execute(r.label.insert(), [*rows, label_row("NQT mentors", "wren", "off-topic")])
        assert len(db.execute(select(r.label)).all()) == 3
    assert decisions(record, "nfer-2008")[key].relevance == "off-topic"
    with record.begin() as db:
        db.execute(r.label.insert(), [label_row("NQT mentors", "wren", "undone")])
    assert decisions(record, "nfer-2008") == {}


def test_a_text_that_nobody_read_is_told_from_one_that_somebody_did(record):
    with record.begin() as db:
        first = db.execute(r.label.insert(), label_row("NQT mentors, May", "heron", "relevant")).inserted_primary_key[0]
        db.execute(r.label.insert(), [{**label_row("NQT mentors, June", "heron", "relevant"), "follows": first}])
    standing = decisions(record, "nfer-2008")
    assert {key: decision.follows for key, decision in standing.items()} == {
        text_hash("", "NQT mentors, May"): False,
        text_hash("", "NQT mentors, June"): True,
    }


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("nonsense", "is not a database URL"),
        ("postgresql://nobody:secret@127.0.0.1:notaport/none", "is not a database URL"),
        ("postgresql:/nobody:secret@127.0.0.1/none", "is not a database URL"),
        ("mysql://localhost/x", "not supported"),
        ("oracle+nothing://localhost/x", "not supported"),
        ("postgresql://nobody:secret@127.0.0.1:1/none", "cannot be opened"),
        ("sqlite:////proc/no/such/folder/x.db", "cannot make its folder"),
    ],
)
def test_a_wrong_database_url_is_named_without_its_password(url, said):
    with pytest.raises(RecordError, match=said) as problem:
        Record.open(url)
    assert "secret" not in str(problem.value)


def test_a_record_that_is_not_there_is_not_made_for_reading(tmp_path):
    with pytest.raises(RecordError, match="there is no record here"):
        Record.open(f"sqlite:///{tmp_path / 'none.db'}", create=False)
    assert not (tmp_path / "none.db").exists()


def test_a_file_that_is_no_database_is_named(tmp_path):
    path = tmp_path / "notes.db"
    path.write_text("these are my notes, not a database, and quite long enough to be read as a header by SQLite" * 20)
    with pytest.raises(RecordError, match=r"notes\.db"):
        Record.open(f"sqlite:///{path}")


def test_a_process_that_dies_while_it_migrates_leaves_the_record_as_it_was(tmp_path):
    url = f"sqlite:///{tmp_path / 'record.db'}"
    dies_at = f"""
import os
from sqlalchemy import event
from sqlalchemy.engine import Engine
from study.record import Record

@event.listens_for(Engine, "after_cursor_execute")
def die(db, cursor, statement, *_):
    if "CREATE TABLE capture" in statement:
        os._exit(9)

Record.open({url!r})
"""
    assert subprocess.run([sys.executable, "-c", dies_at], cwd=ROOT, check=False).returncode == 9
    with Record.open(url) as record, record.begin() as db:
        assert set(inspect(db).get_table_names()) >= set(r.metadata.tables)
