"""Crawls of another day, made elsewhere: what they hold is taken in, what they do not hold is not taken for anything."""

import gzip
import io
import json
from datetime import UTC, date, datetime, timedelta

import pytest
from sqlalchemy import select
from warcio.statusandheaders import StatusAndHeaders
from warcio.warcwriter import WARCWriter

from crawler import archives
from study import record as r
from study.purged import remember
from study.record import Record
from tests.running import mentorwatch

KENT, SURREY = "E10000016", "E10000030"
PAGE = b"<html><head><title>Mentoring</title></head><body><p>Every new teacher in Kent has a mentor.</p></body></html>"


class Archive:
    """A WARC file in the making."""

    def __init__(self, path, compressed=True):
        self.path = path
        self.stream = path.open("wb")
        self.writer = WARCWriter(self.stream, gzip=compressed)

    def page(
        self, url, body=PAGE, status=200, at="2009-06-30T10:00:00Z", kind="text/html", rec_type="response", **head
    ):
        headers = [("Content-Type", kind), *((name.replace("_", "-"), value) for name, value in head.items())]
        http = StatusAndHeaders(f"{status} Said", headers, protocol="HTTP/1.1") if rec_type == "response" else None
        record = self.writer.create_warc_record(
            url,
            rec_type,
            payload=io.BytesIO(body),
            length=len(body),
            http_headers=http,
            warc_content_type=kind if http is None else "",
            warc_headers_dict={"WARC-Date": at},
        )
        self.writer.write_record(record)
        return self

    def raw(self, data):
        self.stream.write(data)
        return self

    def close(self):
        self.stream.close()
        return self.path


@pytest.fixture
def take(tmp_path):
    """A function that takes files in and returns (finished process, captures by address, searches by (authority, query))."""
    url = f"sqlite:///{tmp_path / 'record' / 'record.db'}"

    def taken(*arguments):
        done = mentorwatch("crawl", f"--record={url}", *map(str, arguments))
        assert "Traceback" not in done.stderr, done.stderr
        return done

    def rows(query):
        with Record.open(url) as record, record.begin() as db:
            return db.execute(query).all()

    taken.url, taken.rows = url, rows
    taken.captures = lambda: {row.url: row for row in rows(select(r.capture))}
    return taken


def test_pages_of_a_warc_become_a_crawl_of_their_day(take, tmp_path):
    path = (
        Archive(tmp_path / "kent.warc.gz")
        .page("http://www.kent.gov.uk/schools/mentors", ETag='"v1"')
        .page("http://www.kent.gov.uk/refuse", b"<p>Refuse collection.</p>")
        .page("http://www.kent.gov.uk/old", b"gone", status=404)
        .page("http://www.surreycc.gov.uk/mentor", kind="text/html", rec_type="resource")
        .page("http://nobody.example/mentor")
        .close()
    )
    done = take("--from-warc", path)
    assert done.returncode == 0, done.stderr
    assert "crawl 1, as of 2009-06-30: 5 pages of 3 authorities" in done.stdout
    (crawl,) = take.rows(select(r.crawl))
    assert (crawl.sample, crawl.as_of, crawl.finished_at is not None) == ("archive", date(2009, 6, 30), True)
    owners = dict(take.rows(select(r.page.c.url, r.page.c.authority)))
    assert owners["http://www.kent.gov.uk/schools/mentors"] == KENT
    assert owners["http://www.surreycc.gov.uk/mentor"] == SURREY
    assert owners["http://nobody.example/mentor"] == "nobody.example"
    mentors = take.captures()["http://www.kent.gov.uk/schools/mentors"]
    assert (mentors.outcome, mentors.etag) == ("ok", '"v1"')
    assert mentors.fetched_at == datetime(2009, 6, 30, 10, tzinfo=UTC)
    assert take.captures()["http://www.kent.gov.uk/old"].outcome == "gone"
    searches = take.rows(select(r.site.c.authority, r.search).join(r.site, r.site.c.id == r.search.c.site_id))
    assert {(s.via, s.status) for s in searches} == {("archive", "capped")}, "an archived copy can say yes, never no"
    assert {s.authority for s in searches if s.query == "mentor" and s.distinct_urls} == {
        KENT,
        SURREY,
        "nobody.example",
    }
    assert "1 of 3 copies" not in next(s.reason for s in searches if s.authority == KENT)


def test_an_archive_makes_a_cell_yes_and_none_no(take, tmp_path):
    path = Archive(tmp_path / "kent.warc.gz").page("http://www.kent.gov.uk/mentors").close()
    assert take("--from-warc", path, "--as-of=2009-07-01").returncode == 0
    record = f"--record={take.url}"
    assert mentorwatch("classify", record, "--crawl=1").returncode == 0
    done = mentorwatch("report", record, "--crawl=1", "-o", str(tmp_path / "report"))
    assert done.returncode == 0, done.stderr
    cells = (tmp_path / "report" / "authorities.csv").read_text()
    assert ",no," not in cells
    assert ",no_by_sitemap," not in cells


def test_it_is_never_the_newest_crawl_and_late_ones_are_welcome(take, tmp_path):
    path = Archive(tmp_path / "a.warc.gz").page("http://www.kent.gov.uk/mentors").close()
    assert take("--from-warc", path).returncode == 0
    status = mentorwatch("status", f"--record={take.url}")
    assert status.returncode == 2
    assert "no crawl yet" in status.stderr


def test_of_several_copies_the_newest_is_taken_over_several_files(take, tmp_path):
    first = Archive(tmp_path / "a.warc.gz").page("http://www.kent.gov.uk/m", at="2009-06-30T12:00:00Z").close()
    second = Archive(tmp_path / "b.warc", compressed=False)
    second.page("http://www.kent.gov.uk/m", b"<p>An older mentor page.</p>", at="2009-06-01T12:00:00Z")
    assert take("--from-warc", first, second.close()).returncode == 0
    (capture,) = take.captures().values()
    assert capture.fetched_at.day == 30


def test_what_cannot_be_read_is_named_and_the_rest_is_read(take, tmp_path, monkeypatch):
    path = (
        Archive(tmp_path / "hostile.warc.gz")
        .page("file:///etc/passwd")
        .page("http://www.kent.gov.uk/future", at=f"{datetime.now(UTC).date() + timedelta(days=400)}T00:00:00Z")
        .page("http://www.kent.gov.uk/undated", at="yesterday")
        .page("http://www.kent.gov.uk/bomb", gzip.compress(bytes(64 * 1024 * 1024)), Content_Encoding="gzip")
        .page("http://www.kent.gov.uk/" + "x" * 5000)
        .page("http://www.kent.gov.uk/mentors")
        .raw(b"\x1f\x8b\x08 this is no gzip member")
        .close()
    )
    done = take("--from-warc", path)
    assert done.returncode == 0, done.stderr
    for named in ("'file:///etc/passwd' is no web address", "cannot be the day", "'yesterday' is no WARC-Date"):
        assert named in done.stderr
    assert "bomb" in done.stderr
    assert f"more than {archives.LARGEST_BODY} bytes" in done.stderr
    assert "xxx" in done.stderr
    captures = {url.rpartition("/")[2]: capture.outcome for url, capture in take.captures().items()}
    assert captures == {"bomb": "failed", "mentors": "ok"}


@pytest.mark.parametrize(
    "data", [b"", b"no archive at all", b"\x1f\x8b\x08", b"WARC/1.0\r\nWARC-Type: response\r\n\r\n"]
)
def test_a_file_without_a_page_is_refused_by_name(take, tmp_path, data):
    (tmp_path / "odd.warc").write_bytes(data)
    done = take("--from-warc", tmp_path / "odd.warc")
    assert done.returncode == 2
    assert "odd.warc" in done.stderr or "no page" in done.stderr


def test_a_head_without_end_is_an_error_and_not_the_end_of_the_machine(take, tmp_path):
    bomb = gzip.compress(b"WARC/1.0\r\nWARC-Type: response\r\nX: ")
    path = tmp_path / "bomb.warc.gz"
    with path.open("wb") as stream:
        stream.write(bomb[:-8])
        with gzip.GzipFile(fileobj=stream, mode="wb") as packed:
            packed.write(b"WARC/1.0\r\nWARC-Type: response\r\nX: ")
            for _ in range(28):
                packed.write(bytes(64 * 1024 * 1024))
    done = take("--from-warc", path)
    assert done.returncode == 2
    assert "bomb.warc.gz" in done.stderr


def test_a_csv_is_a_crawl_for_each_of_its_days(take, tmp_path):
    (tmp_path / "saved.html").write_bytes(PAGE)
    (tmp_path / "list.csv").write_text(
        "url,date,file\n"
        "http://www.kent.gov.uk/mentors,2009-06-30,saved.html\n"
        "http://www.kent.gov.uk/mentors,2010-06-30,saved.html\n"
        "http://www.kent.gov.uk/known,2010-06-30,\n"
        "http://www.kent.gov.uk/out,2010-06-30,../../etc/passwd\n"
        "http://www.kent.gov.uk/lost,2010-06-30,nowhere.html\n"
        "http://www.kent.gov.uk/when,30 June,\n"
    )
    done = take("--from-csv", tmp_path / "list.csv")
    assert done.returncode == 0, done.stderr
    assert [row.as_of for row in take.rows(select(r.crawl).order_by(r.crawl.c.id))] == [
        date(2009, 6, 30),
        date(2010, 6, 30),
    ]
    assert "line 5: '../../etc/passwd' is outside" in done.stderr
    assert "nowhere.html cannot be read" in done.stderr
    assert "line 7: '30 June' is no date" in done.stderr
    captures = take.captures()
    assert captures["http://www.kent.gov.uk/known"].outcome == "no-copy"
    assert captures["http://www.kent.gov.uk/lost"].outcome == "failed"
    (seen,) = take.rows(select(r.page).where(r.page.c.url == "http://www.kent.gov.uk/mentors"))
    assert (seen.first_seen, seen.last_seen) == (date(2009, 6, 30), date(2010, 6, 30))


def test_what_was_taken_down_is_not_even_listed(take, tmp_path):
    path = tmp_path / "pages.csv"
    path.write_text("url,date\nhttps://www.kent.gov.uk/gone,2009-06-30\nhttps://www.kent.gov.uk/there,2009-06-30\n")
    with Record.open(take.url) as record, record.begin() as db:
        remember(db, ["https://www.kent.gov.uk/gone"])
    take("--from-csv", path)
    assert list(take.captures()) == ["https://www.kent.gov.uk/there"]
    assert [row.url for row in take.rows(select(r.page))] == ["https://www.kent.gov.uk/there"]


def test_a_csv_without_its_columns_is_refused(take, tmp_path):
    (tmp_path / "list.csv").write_text("address\nhttp://www.kent.gov.uk/\n")
    done = take("--from-csv", tmp_path / "list.csv")
    assert done.returncode == 2
    assert "expected columns url and date" in done.stderr


def test_broken_off_it_goes_on_and_takes_nothing_in_twice(take, tmp_path):
    archive = Archive(tmp_path / "kent.warc.gz")
    for number in range(5):
        archive.page(f"http://www.kent.gov.uk/mentor/{number}", PAGE + str(number).encode())
    path = archive.close()
    assert take("--from-warc", path).returncode == 0
    with Record.open(take.url) as record, record.begin() as db:  # as a kill before the last transaction leaves it
        db.execute(r.crawl.update().values(finished_at=None))
        db.execute(r.hit.delete())
        db.execute(r.search.update().values(state="pending", status=None))
        db.execute(r.capture.delete().where(r.capture.c.url.endswith("/4")))
    done = take("--from-warc", path)
    assert "crawl 1, as of" in done.stdout
    assert len(take.captures()) == 5
    assert len(take.rows(select(r.crawl))) == 1


def test_authority_says_whose_all_pages_are(take, tmp_path):
    path = Archive(tmp_path / "kent.warc.gz").page("http://kent-school-mentors.example/").close()
    assert take("--from-warc", path, "--authority=kent").returncode == 0
    assert take.rows(select(r.page.c.authority)) == [(KENT,)]


def test_what_was_taken_down_does_not_come_back(take, tmp_path):
    with Record.open(take.url) as record, record.begin() as db:
        remember(db, ["http://www.kent.gov.uk/staff"])
    path = Archive(tmp_path / "a.warc.gz").page("http://www.kent.gov.uk/staff").page("http://www.kent.gov.uk/m").close()
    assert take("--from-warc", path).returncode == 0
    assert set(take.captures()) == {"http://www.kent.gov.uk/m"}


def test_a_file_without_the_option_is_not_taken_for_anything(take):
    done = take("kent")
    assert done.returncode == 2
    assert "--from-warc" in json.dumps(done.stderr)
