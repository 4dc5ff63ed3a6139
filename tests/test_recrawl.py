"""The same sites again: what has not changed is neither sent, read, kept nor judged twice, and nothing is taken for it."""

import pytest
from sqlalchemy import func, select

from crawler.known import WHOLE_EVERY
from study import record as r
from study.record import Record
from tests.borough import Borough
from tests.running import Answer, mentorwatch
from tests.small_record import emptied


@pytest.fixture
def borough(tmp_path):
    made = Borough(tmp_path)
    yield made
    made.close()


@pytest.mark.parametrize(
    ("validator", "sent"),
    [({"ETag": '"v1"'}, "if-none-match"), ({"Last_Modified": "Thu, 15 Jan 2026 10:00:00 GMT"}, "if-modified-since")],
)
def test_a_page_that_the_site_says_is_unchanged_is_not_sent_again(borough, validator, sent):
    borough.serve(**validator)
    before = borough.crawl()
    after = borough.crawl()
    assert set(after) == set(before)
    for path, capture in after.items():
        assert (capture.outcome, capture.status, capture.revisit) == ("ok", 304, "not-modified")
        assert capture.raw_hash == before[path].raw_hash
        assert (capture.etag, capture.last_modified) == (before[path].etag, before[path].last_modified)
        (asked,) = borough.asked(path)
        assert asked.headers[sent] == next(iter(validator.values()))


def test_its_warc_record_is_a_revisit_that_names_the_record_with_the_body(borough):
    borough.serve(ETag='"v1"')
    before = borough.crawl()["/page/1"]
    original, body = borough.warc(before)
    after = borough.crawl()["/page/1"]
    revisit, nothing = borough.warc(after)
    assert (revisit.rec_type, nothing) == ("revisit", b"")
    assert b"newly qualified" in body
    said = revisit.rec_headers.get_header
    assert said("WARC-Profile").endswith("/revisit/server-not-modified")
    assert said("WARC-Refers-To-Target-URI") == f"{borough.site.url}page/1"
    for mine, its in [
        ("WARC-Refers-To-Date", "WARC-Date"),
        ("WARC-Refers-To", "WARC-Record-ID"),
        ("WARC-Payload-Digest", "WARC-Payload-Digest"),
    ]:
        assert said(mine) == original.rec_headers.get_header(its)
    assert revisit.http_headers.get_statuscode() == "304"


def test_a_page_sent_again_byte_for_byte_is_kept_once(borough):
    before = borough.crawl()
    borough.pages["/page/2"] = ("Mentoring page 2", "Quite another mentor text.")
    borough.serve()
    after = borough.crawl()
    assert (after["/page/1"].revisit, after["/page/1"].status) == ("identical", 200)
    assert after["/page/1"].raw_hash == before["/page/1"].raw_hash
    revisit, _ = borough.warc(after["/page/1"])
    assert revisit.rec_headers.get_header("WARC-Profile").endswith("/revisit/identical-payload-digest")
    assert after["/page/2"].revisit is None, "changed: kept whole"
    assert b"Quite another" in borough.warc(after["/page/2"])[1]


def test_a_site_that_never_gave_validators_is_asked_as_ever(borough):
    borough.crawl()
    borough.crawl()
    (asked,) = borough.asked("/page/1")
    assert not {"if-none-match", "if-modified-since"} & set(asked.headers)


def test_a_site_whose_validators_mean_nothing_costs_no_request_more(borough):
    borough.serve(ETag='"rendered at ten"', Last_Modified="Thu, 15 Jan 2026 10:00:00 GMT")
    borough.crawl()
    first = len(borough.site.asked)
    borough.serve(ETag='"rendered at noon"', Last_Modified="Thu, 15 Jan 2026 12:00:00 GMT")
    after = borough.crawl()
    assert {capture.revisit for capture in after.values()} == {"identical"}
    assert len(borough.site.asked) <= first


def test_a_site_that_always_says_not_modified_does_not_freeze_a_page(borough):
    borough.serve(ETag='"always"')
    borough.crawl()
    borough.pages["/page/1"] = ("Mentoring page 1", "The mentor scheme has closed.")
    borough.serve(ETag='"always"')
    seen = []
    while not seen or seen[-1] == "not-modified":
        seen.append(borough.crawl()["/page/1"].revisit)
        assert len(seen) * 30 <= WHOLE_EVERY.days, "the page must have been asked for whole by now"
    assert len(seen) == WHOLE_EVERY.days // 30, "until then it is believed"
    assert b"has closed" in borough.warc(borough.captures()["/page/1"])[1]


def test_a_page_that_now_leads_to_another_is_not_taken_for_unchanged(borough):
    modified = "Thu, 15 Jan 2026 10:00:00 GMT"
    borough.serve(Last_Modified=modified)
    borough.crawl()
    there = f"{borough.site.url}elsewhere"
    borough.site.answers["/page/1"] = Answer(status=302, headers={"Location": there})
    borough.site.answers["/elsewhere"] = Answer("<p>Another mentor page.</p>", headers={"Last-Modified": modified})
    after = borough.crawl()["/page/1"]
    assert (after.status, after.final_url, after.revisit) == (200, there, None)
    assert b"Another mentor page" in borough.warc(after)[1]


def test_not_modified_of_a_page_that_we_do_not_have_is_a_failure(borough):
    borough.site.answers["/page/1"] = Answer(status=304)
    assert borough.crawl()["/page/1"].outcome == "failed"


def test_without_its_body_a_page_is_asked_for_whole(borough):
    borough.serve(ETag='"v1"')
    borough.crawl()
    for file in (borough.directory / "warc").iterdir():
        file.unlink()
    after = borough.crawl()["/page/1"]
    assert (after.status, after.revisit) == (200, None)
    assert b"newly qualified" in borough.warc(after)[1]


def test_a_text_that_a_newer_extractor_has_not_read_is_read_from_the_archive(borough):
    borough.serve(ETag='"v1"')
    borough.crawl()
    with Record.open(borough.url) as record, record.begin() as db:
        db.execute(r.extraction.update().values(extractor="an older one"))
    after = borough.crawl()["/page/1"]
    assert after.revisit == "not-modified"
    texts = borough.rows(select(r.extraction.c.extractor).where(r.extraction.c.raw_hash == after.raw_hash))
    assert len(texts) == 2, "the older reading and today's"


def test_nothing_is_judged_twice(borough):
    borough.serve(ETag='"v1"')
    borough.crawl()
    classify = ("classify", f"--record={borough.url}")
    assert mentorwatch(*classify).returncode == 0
    judged = borough.rows(select(func.count()).select_from(r.judgement))
    borough.crawl()
    assert mentorwatch(*classify).returncode == 0
    assert borough.rows(select(func.count()).select_from(r.judgement)) == judged
    assert all(capture.text_hash for capture in borough.captures().values())


@pytest.mark.services
def test_on_postgresql_a_recrawl_reuses_and_looks_after_the_same(postgres_url, tmp_path):
    with Record.open(postgres_url) as record:
        emptied(record)
    borough = Borough(tmp_path, url=postgres_url)
    try:
        borough.serve(ETag='"v1"')
        borough.crawl()
        borough.is_finding("/page/1")
        after = borough.crawl()
        assert {capture.revisit for capture in after.values()} == {"not-modified"}
        gone = borough.pages.pop("/page/1")
        borough.pages["/page/9"] = ("Mentoring page 9", gone[1])
        borough.serve(ETag='"v1"')
        assert borough.crawl()["/page/1"].outcome == "gone", "looked after though no search lists it"
        (tmp_path / "list.csv").write_text(f"url,date\n{borough.site.url}page/77,2025-06-30\n")
        kept, beside = f"--record={postgres_url}", {"MENTORWATCH_DIRECTORY": str(tmp_path)}
        taken = mentorwatch("crawl", kept, "--from-csv", str(tmp_path / "list.csv"), **beside)
        assert taken.returncode == 0, taken.stderr
        assert mentorwatch("status", kept, **beside).returncode == 0
        assert borough.crawl()["/page/77"].outcome == "gone", "known by its address, never seen: looked after at once"
    finally:
        borough.close()
        with Record.open(postgres_url) as record:
            emptied(record)
