"""Purging: after it, nothing that was kept of a page can be found anywhere, and nothing else is touched."""

import contextlib
import sqlite3
from datetime import UTC, date, datetime, timedelta

import pytest
from sqlalchemy import delete, func, select, update
from typer.testing import CliRunner
from warcio.archiveiterator import ArchiveIterator

from classifier import blocks
from classifier.labels import decided
from crawler import purging
from crawler.asking import Hit, Reading, State
from crawler.frontier import keep_reading
from crawler.items import Capture
from crawler.pipelines import keep
from crawler.warcfile import WarcFile, read_body
from labels.exchange.items import items
from labels.exchange.tabular import rows
from labels.importing import take as take_in
from mentorwatch.cli import app
from output.history import history
from output.runs import read_runs
from output.tallies import take
from output.trend import trend
from study import record as r
from study.purged import purged
from study.record import Record
from study.runlock import RecordLocked, run_lock
from study.text import Extraction
from tests.borough import Borough
from tests.running import mentorwatch
from tests.small_record import SmallCrawl, emptied, small_protocol

KENT, DEVON = "E10000016", "E10000008"
SECRET = "Jane Q. Smithson mentors newly appointed heads"
OTHER = "Mentors for every new headteacher of the county"
NOW = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.services)])
def record(request, tmp_path, monkeypatch):
    monkeypatch.setenv("MENTORWATCH_DIRECTORY", str(tmp_path))
    sqlite = request.param == "sqlite"
    with Record.open(
        f"sqlite:///{tmp_path}/record.db" if sqlite else request.getfixturevalue("postgres_url")
    ) as record:
        yield emptied(record)


def crawled(record, study, pages, as_of=date(2026, 1, 1)):
    """A crawl whose pages, by path, say something; their bytes stand in one WARC file."""
    crawl = SmallCrawl(record, study, [KENT], as_of=as_of)
    crawl.asked(KENT, "mentor", list(pages))
    with WarcFile(record.directory / "warc", "test") as warc:
        for path, said in pages.items():
            kept = crawl.fetched(
                KENT,
                path,
                said,
                "relevant",
                relation="mentoring",
                evidence=[said],
                mentions=[("tda", None, True, f"{said} (TDA)")],
                final_url=crawl.home(KENT) + path,
            )
            body = f"<title>A page</title><p>{said}</p>".encode()
            place = warc.append(crawl.home(KENT) + path, 200, {"content-type": "text/html"}, body, NOW)
            warc.sync()
            with record.begin() as db:
                of_it = (r.capture.c.crawl_id == crawl.id) & (r.capture.c.text_hash == kept)
                where = {"warc_file": place.file, "warc_offset": place.offset, "warc_length": place.length}
                db.execute(update(r.capture).where(of_it).values(where))
                found = r.hit.c.page_id == crawl.page_id(KENT, path)
                db.execute(
                    update(r.hit).where(found).values(title=said[:20], snippet=said, url=crawl.home(KENT) + path)
                )
            crawl.decided(kept, "relevant", title="A page", text=said, note=f"About {said}", url="http://x/")
    return crawl


@pytest.fixture
def two(record, study):
    return crawled(record, study, {"secret": SECRET, "a": OTHER, "b": f"{OTHER}, and more of them"})


def everything(record):
    """All bytes beside and in the record: the database, its log, the WARC files' contents; of PostgreSQL all rows."""
    found = b""
    if record.engine.dialect.name == "postgresql":
        with record.begin() as db:
            found += "".join(str(row) for each in r.metadata.sorted_tables for row in db.execute(select(each))).encode()
    for path in record.directory.rglob("*"):
        if path.is_file():
            found += path.read_bytes()
            if path.suffix == ".gz":
                with path.open("rb") as file:
                    for each in ArchiveIterator(file):
                        found += str(each.rec_headers.headers).encode() + each.content_stream().read()
    return found


def pages_with(record, words):
    return purging.select_pages(record, texts=[words])


@pytest.mark.parametrize("by", ["urls", "texts"])
def test_after_a_takedown_nothing_of_the_page_is_anywhere(record, two, by):
    assert SECRET.encode() in everything(record)
    wanted = {"urls": [two.home(KENT) + "secret"], "texts": ["jane q. smithson"]}[by]
    done = purging.purge(record, purging.select_pages(record, **{by: wanted}), reason="request 17")
    assert (done.pages, done.captures, done.warc_records, done.texts, done.labels) == (1, 1, 1, 1, 1)
    left = everything(record)
    assert SECRET.encode() not in left
    assert b"Smithson" not in left
    assert b"/secret" not in left
    assert OTHER.encode() in left


def test_an_authority_whose_only_finding_was_taken_down_is_not_known_and_never_no(record, study):
    crawl = crawled(record, study, {"secret": SECRET})
    assert tallied(record, study, crawl) == "yes_confirmed"
    purging.purge(record, pages_with(record, "Smithson"))
    assert tallied(record, study, crawl) == "x"


def test_a_later_crawl_that_finds_what_was_taken_down_proves_no_silence_either(record, study, two):
    address = two.home(KENT) + "secret"
    purging.purge(record, pages_with(record, "Smithson"))
    later = SmallCrawl(record, study, [KENT], as_of=date(2026, 2, 1))
    assert tallied(record, study, later) == "no"
    site = later.sites[f"{KENT} main"]
    with record.begin() as db:
        of_it = (r.search.c.site_id == site) & (r.search.c.query == "mentor")
        search = db.execute(select(r.search.c.id).where(of_it)).scalar_one()
        hit = Hit(1, address, address, "", "", new=True)
        assert keep_reading(db, search, site, Reading((hit,), later.home(KENT), State("mentor", None))) == []
    assert tallied(record, study, later) == "x"
    (point,) = (
        point
        for point in trend(read_runs(record, study), [KENT], [("keyword", "mentor")])
        if (point.as_of, point.map) == (date(2026, 2, 1), "day")
    )
    assert (point.no, point.not_known) == (0, 1)


def tallied(record, study, crawl):
    return take(record, study, crawl.id).findings.cell(KENT, "keyword", "mentor")


def test_no_line_of_it_stays_among_those_that_repeat_over_its_site(record, study):
    menu = "Home\nSchools\nContact us"
    pages = {f"secret{k}": f"{menu}\nRoom {k}\n{SECRET}" for k in range(5)}
    crawl = crawled(record, study, pages | {f"p{k}": f"{menu}\nNotice {k}" for k in range(5)})
    for table in (["contact us", "home", SECRET.casefold()], ["contact us", "home", "schools", SECRET.casefold()]):
        with record.begin() as db:
            blocks.keep(db, KENT, table)
    assert tallied(record, study, crawl) == "yes_confirmed"
    purging.purge(record, pages_with(record, "Smithson"))
    with record.begin() as db:
        left = select(r.site_block.c.blocks).order_by(r.site_block.c.version)
        assert db.execute(left).scalars().all() == [["contact us", "home"], ["contact us", "home", "schools"]]
    assert b"smithson" not in everything(record).lower()


def test_retention_takes_repeated_lines_that_no_page_has_any_more(record, study):
    crawled(record, study, {"a": SECRET}, as_of=date(2020, 1, 1))
    crawled(record, study, {"b": OTHER}, as_of=date(2026, 1, 1))
    with record.begin() as db:
        blocks.keep(db, KENT, [OTHER.casefold(), SECRET.casefold()])
    purging.retain(record, date(2023, 1, 1))
    with record.begin() as db:
        assert db.execute(select(r.site_block.c.blocks)).scalars().all() == [[OTHER.casefold()]]


@pytest.mark.parametrize("known", ["address", "other spelling", "text"])
def test_a_label_file_from_before_does_not_bring_it_back(record, study, two, tmp_path, known):
    address = two.home(KENT) + ("secret?utm_source=news#top" if known == "other spelling" else "secret")
    with record.begin() as db:
        where = {"url": None if known == "text" else address, "role": "annotator"}
        db.execute(update(r.label).where(r.label.c.text == SECRET).values(where))
    before = list(rows(items(record, study, two.id, "labelled")))
    purging.purge(record, pages_with(record, "Smithson"))
    if known != "text":  # as when a page was taken down that nobody had labelled, or under another text
        with record.begin() as db:
            db.execute(delete(r.purged_text))
    with record.begin() as db:
        db.execute(delete(r.label))
    taken = take_in(record, study, enumerate(before, start=1))
    assert taken.added == 2
    (problem,) = taken.problems
    named = before[0]["text_hash"][:16] if known == "text" else address
    assert problem.startswith("row 1: ")
    assert named in problem
    assert "was taken down" in problem
    assert b"Smithson" not in everything(record)


def test_what_is_said_of_a_text_that_stands_elsewhere_too_keeps_no_address_that_was_taken_down(record, study):
    crawl = crawled(record, study, {"a": OTHER, "b": OTHER})
    with record.begin() as db:
        db.execute(update(r.label).values(url=crawl.home(KENT) + "a"))
    before = list(rows(items(record, study, crawl.id, "labelled")))
    purging.purge(record, purging.select_pages(record, urls=[crawl.home(KENT) + "a"]))
    before[0]["decision"] = "off-topic"
    taken = take_in(record, study, enumerate(before, start=1))
    assert (taken.added, taken.problems) == (1, [])
    with record.begin() as db:
        assert set(db.execute(select(r.label.c.url)).scalars()) == {None}


def read_again(record, crawl, path):
    """The page is judged by another text from now on, as after a newer extractor; the hash of the one before is returned."""
    of_page = r.capture.c.page_id == crawl.page_id(KENT, path)
    with record.begin() as db:
        before = db.execute(select(r.capture.c.text_hash).where(of_page)).scalar_one()
        db.execute(r.text.insert().values(text_hash="new", title="A page", text="Without what was said."))
        db.execute(update(r.capture).where(of_page).values(text_hash="new"))
        db.execute(update(r.extraction).values(text="Without what was said."))
    return before


@pytest.mark.parametrize("labelled", [True, False])
def test_the_texts_that_a_page_was_judged_by_before_go_with_it(record, two, labelled):
    before = read_again(record, two, "secret")
    with record.begin() as db:
        where = {"url": two.home(KENT) + "secret", "authority": KENT}
        of_it = r.label.c.text_hash == before
        db.execute(update(r.label).where(of_it).values(where) if labelled else delete(r.label).where(of_it))
    by = {"texts": ["jane q. smithson"]} if labelled else {"urls": [two.home(KENT) + "secret"]}
    purging.purge(record, purging.select_pages(record, **by))
    left = everything(record)
    assert b"Smithson" not in left
    assert OTHER.encode() in left


def test_a_takedown_keeps_nobody_elses_labels_out(record, study, two):
    """A text of another page, judged by another text since, goes with the rest that nobody can place, but may come back."""
    with record.begin() as db:
        where = {"url": two.home(KENT) + "a", "role": "annotator"}
        db.execute(update(r.label).where(r.label.c.text == OTHER).values(where))
    before = [row for row in rows(items(record, study, two.id, "labelled")) if row["text"] == OTHER]
    read_again(record, two, "a")
    with record.begin() as db:
        db.execute(delete(r.label).where(r.label.c.text == OTHER))
    purging.purge(record, pages_with(record, "Smithson"))
    taken = take_in(record, study, enumerate(before, start=1))
    assert (taken.added, taken.problems) == (1, [])


@pytest.mark.parametrize(
    "by",
    [
        {"urls": ["https://other.example/mentors?page=2&id=1"]},
        {"urls": ["http://OTHER.example/mentors?id=1&page=2&utm_source=news#top"]},
        {"texts": ["jane q. smithson"]},
    ],
)
def test_labels_that_stand_on_no_page_are_taken_down_by_address_in_any_spelling_and_by_words(record, study, two, by):
    address = "https://other.example/mentors?page=2&id=1"
    with record.begin() as db:
        only = r.label.c.text == SECRET
        db.execute(delete(r.capture))
        db.execute(delete(r.hit))
        db.execute(delete(r.page))
        db.execute(update(r.label).where(only).values(url=address))
    pages = purging.select_pages(record, **by)
    assert pages == []
    assert purging.purge(record, pages, **by, dry_run=True).labels == 1
    purging.purge(record, pages, **by)
    with record.begin() as db:
        assert SECRET not in set(db.execute(select(r.label.c.text)).scalars())
        assert address not in set(db.execute(select(r.label.c.url)).scalars())
        assert SECRET not in set(db.execute(select(r.text.c.text)).scalars())


def test_a_text_that_retention_took_before_todays_protocol_judged_it_proves_no_silence(record, study):
    """It can be judged no more: whether it said something is not known, and no 'no'."""
    crawl = SmallCrawl(record, study, [KENT], as_of=date(2026, 1, 1))
    crawl.asked(KENT, "mentor", ["a"])
    crawl.fetched(KENT, "a", "Learning mentors for pupils.", "off-topic")
    assert read_runs(record, study).unread == frozenset()
    purging.retain(record, date(2026, 1, 2))
    assert read_runs(record, study).unread == frozenset()
    with record.begin() as db:
        db.execute(update(r.judgement).values(protocol_hash="another"))
    assert (crawl.id, KENT, "mentor") in read_runs(record, study).unread


def test_retention_takes_texts_that_no_page_has_any_more(record, two):
    before = read_again(record, two, "secret")
    with record.begin() as db:
        db.execute(delete(r.label).where(r.label.c.text_hash == before))
        db.execute(update(r.hit).values(title="", snippet=""))
    purging.retain(record, date(2026, 1, 2))
    assert b"Smithson" not in everything(record)


def test_an_authority_can_be_taken_out_whole(record, study, two):
    purging.purge(record, purging.select_pages(record, authorities=[KENT]))
    left = everything(record)
    assert OTHER.encode() not in left
    with record.begin() as db:
        for table in (r.page, r.hit, r.capture, r.body, r.extraction, r.text, r.judgement, r.mention):
            assert db.execute(select(func.count()).select_from(table)).scalar_one() == 0, table.name


def test_the_other_records_of_the_file_stay_where_they_are(record, two):
    with record.begin() as db:
        rows = db.execute(select(r.capture)).all()
    purging.purge(record, pages_with(record, "Smithson"))
    path = record.directory / "warc" / rows[0].warc_file
    others = [row for row in rows if "secret" not in row.url]
    assert [OTHER.encode() in read_body(path, row.warc_offset) for row in others] == [True, True]
    with path.open("rb") as file:
        assert [each.rec_type for each in ArchiveIterator(file)] == ["metadata", "response", "response"]


def test_a_filler_is_as_long_as_what_it_stands_for():
    lengths = [*range(1, 400), 65_000, 2_000_000]
    assert [len(purging.filler(length)) for length in lengths] == lengths


def test_a_purge_that_was_killed_between_bytes_and_rows_is_done_by_purging_again(record, two, monkeypatch):
    def killed(*_):
        raise KeyboardInterrupt

    pages = pages_with(record, "Smithson")
    monkeypatch.setattr(purging, "_without_trace", killed)
    with pytest.raises(KeyboardInterrupt):
        purging.purge(record, pages)
    monkeypatch.undo()
    assert pages_with(record, "Smithson") == pages
    purging.purge(record, pages)
    assert b"Smithson" not in everything(record)


def test_a_dry_run_says_and_does_nothing(record, two):
    def state():
        with record.begin() as db:
            rows = [db.execute(select(table)).all() for table in r.metadata.sorted_tables]
        return rows, [path.read_bytes() for path in (record.directory / "warc").iterdir()]

    before = state()
    assert purging.purge(record, pages_with(record, "Smithson"), dry_run=True).captures == 1
    assert state() == before


def test_a_text_that_stands_elsewhere_too_is_kept_there(record, study):
    crawl = crawled(record, study, {"a": OTHER, "b": OTHER})
    purging.purge(record, purging.select_pages(record, urls=[crawl.home(KENT) + "a"]))
    with record.begin() as db:
        assert db.execute(select(func.count()).select_from(r.text)).scalar_one() == 1
        assert db.execute(select(r.label.c.text)).scalars().first() == OTHER


def test_a_label_without_its_text_teaches_nothing(record, study, two):
    assert len(decided(record, study)) == 3
    purging.purge(record, pages_with(record, "Smithson"))
    assert len(decided(record, study)) == 2


def test_what_was_taken_down_is_known_by_its_hash_under_http_and_https(record, two):
    purging.purge(record, pages_with(record, "Smithson"))
    url = two.home(KENT) + "secret"
    with record.begin() as db:
        assert purged(db, [url, url.replace("http:", "https:"), two.home(KENT)]) == {
            url,
            url.replace("http:", "https:"),
        }


def test_a_page_that_leads_to_one_that_was_taken_down_is_not_kept(record, study, two):
    address = two.home(KENT) + "secret"
    purging.purge(record, pages_with(record, "Smithson"))
    with record.begin() as db, WarcFile(record.directory / "warc", "test") as warc:
        capture = db.execute(select(r.capture.c.id).where(r.capture.c.url.endswith("/a"))).scalar_one()
        item = Capture(
            capture_id=capture,
            url=two.home(KENT) + "a",
            fetched_at=NOW,
            outcome="ok",
            status=200,
            final_url=address,
            media_type="text/html",
            body=SECRET.encode(),
            extraction=Extraction("A page", SECRET),
        )
        keep(db, warc, [item])
        row = db.execute(select(r.capture).where(r.capture.c.id == capture)).one()
    assert (row.outcome, row.final_url) == ("refused", None)
    assert b"Smithson" not in everything(record)


def test_the_log_tells_how_much_and_never_what(record, two):
    purging.purge(record, pages_with(record, "Smithson"), reason="request 17")
    with record.begin() as db:
        row = db.execute(select(r.purge)).one()
    assert (row.kind, row.reason, row.pages, row.captures, row.warc_records, row.labels) == (
        "takedown",
        "request 17",
        1,
        1,
        1,
        1,
    )


# -- Retention ------------------------------------------------------------------------------------------------------------


def test_retention_takes_bytes_and_texts_and_leaves_what_was_found(record, study):
    crawled(record, study, {"a": SECRET}, as_of=date(2020, 1, 1))
    crawled(record, study, {"b": OTHER}, as_of=date(2026, 1, 1))
    told = [(e.event, e.quote) for e in history(record, read_runs(record, study))]
    done = purging.retain(record, date(2023, 1, 1))
    assert (done.captures, done.warc_records, done.texts) == (1, 1, 1)
    assert [(e.event, e.quote) for e in history(record, read_runs(record, study))] == told
    with record.begin() as db:
        assert db.execute(select(r.text.c.text)).scalars().all() == [OTHER]
        assert db.execute(select(r.hit.c.snippet).order_by(r.hit.c.id)).scalars().all() == ["", OTHER]
    for path in (record.directory / "warc").glob("*.gz"):
        with path.open("rb") as file:
            assert SECRET.encode() not in b"".join(each.content_stream().read() for each in ArchiveIterator(file))


def test_what_a_later_crawl_stands_on_is_kept(record, study):
    for year in (2020, 2026):
        crawled(record, study, {"a": OTHER}, as_of=date(year, 1, 1))
    assert purging.retain(record, date(2023, 1, 1)).warc_records == 0
    assert OTHER.encode() in everything(record)


# -- The command ----------------------------------------------------------------------------------------------------------


def run(record, *arguments, env=None, **more):
    url = record.engine.url.render_as_string(hide_password=False)
    environment = {"COLUMNS": "120", "MENTORWATCH_RETENTION": "", **(env or {})}
    return CliRunner().invoke(app, ["purge", "--record", url, *arguments], env=environment, **more)


def test_the_command_asks_before_it_removes(record, two):
    asked = run(record, "--text", "Smithson", input="n\n")
    assert "1 pages, 1 captures, 1 WARC records, 1 texts, the text of 1 labels to be removed." in asked.output
    assert asked.exit_code == 1
    assert pages_with(record, "Smithson")
    assert run(record, "--text", "Smithson", "--yes").exit_code == 0
    assert not pages_with(record, "Smithson")


def test_retention_is_a_setting(record, study):
    crawled(record, study, {"a": SECRET}, as_of=datetime.now(UTC).date() - timedelta(days=800))
    kept = run(record, "--dry-run", env={"MENTORWATCH_RETENTION": "3y"})
    assert kept.output.startswith("0 pages, 0 captures")
    gone = run(record, "--yes", env={"MENTORWATCH_RETENTION": "2y"})
    assert gone.output.splitlines()[1].startswith("1 pages, 1 captures, 1 WARC records, 1 texts")


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ([], "say what to purge"),
        (["--text", " "], "must not be empty"),
        (["--older-than", "soon"], "expected a number and d, w, m or y"),
        (["--authority", "atlantis"], "no GSS code or slug"),
    ],
)
def test_what_is_not_meant_is_refused(record, two, arguments, says):
    refused = run(record, *arguments)
    assert refused.exit_code != 0
    assert says in str(refused.exception)


@pytest.mark.parametrize("name", ["run", "crawl", "classify"])
def test_no_purge_while_a_run_a_crawl_or_a_judging_is_on(record, two, name):
    with run_lock(record, name):
        assert isinstance(run(record, "--text", "Smithson", "--yes").exception, RecordLocked)


@pytest.mark.parametrize("record", ["sqlite"], indirect=True)
def test_sqlite_keeps_no_trace_in_free_pages(record, two):
    purging.purge(record, pages_with(record, "Smithson"))
    path = record.directory / "record.db"
    with sqlite3.connect(path) as db:
        assert db.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    assert b"Smithson" not in path.read_bytes()


def test_a_run_ends_with_the_retention_that_its_environment_names(tmp_path):
    small_protocol(tmp_path)
    with contextlib.closing(Borough(tmp_path)) as borough:
        asked = [
            "--site",
            borough.site.url,
            "--allow",
            borough.site.allow,
            "--delay=0",
            f"--output={tmp_path / 'report'}",
        ]
        asked += [f"--record={borough.url}", f"--protocol={tmp_path / 'small.toml'}"]
        refused = mentorwatch("run", *asked, MENTORWATCH_RETENTION="3 years")
        assert refused.returncode == 2
        assert "'3 years'" in refused.stderr
        assert borough.site.asked == [], "said before anything is asked for"
        done = mentorwatch("run", *asked, "--as-of=2008-07-29", MENTORWATCH_RETENTION="3y")
        assert done.returncode == 0, done.stderr
        assert borough.rows(select(r.text)) == []
        assert [row.kind for row in borough.rows(select(r.purge))] == ["retention"]
        assert all(capture.warc_file is None for capture in borough.captures().values())


def test_retention_beside_a_takedown_is_refused_and_one_before_the_first_year_too(tmp_path):
    url = f"--record=sqlite:///{tmp_path / 'record.db'}"
    with Record.open(url.removeprefix("--record=")):
        pass
    both = mentorwatch("purge", url, "--url=https://www.example.gov.uk/", "--older-than=3y", "--yes")
    assert both.returncode == 2
    assert "--older-than does not go with --url" in both.stderr
    named = mentorwatch("purge", url, "--url=https://www.example.gov.uk/", "--yes", MENTORWATCH_RETENTION="3y")
    assert named.returncode == 0, named.stderr
    endless = mentorwatch("purge", url, "--older-than=99999y", "--yes")
    assert endless.returncode == 2
    assert "'99999y'" in endless.stderr
