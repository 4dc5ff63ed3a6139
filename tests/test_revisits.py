"""Pages that a site's search lists no more: looked after, so that what is not found is not taken for what is gone."""

import pytest
from sqlalchemy import select

from crawler.revisits import REVISIT_EVERY, Bounds, plan_revisits
from study import record as r
from study.record import Record
from tests.borough import FIRST, Borough
from tests.running import Answer
from tests.small_record import SmallCrawl, small_protocol


@pytest.fixture
def borough(tmp_path):
    made = Borough(tmp_path)
    yield made
    made.close()


def unlist(borough, *paths):
    """Let the search forget pages that are still served as they were."""
    kept = {path: borough.site.answers[path] for path in paths}
    for path in paths:
        borough.pages.pop(path, None)
    borough.serve()
    borough.site.answers.update(kept)


def hits(borough, capture):
    found = select(r.hit.c.id).join(r.search, r.search.c.id == r.hit.c.search_id)
    return borough.rows(found.where(r.search.c.crawl_id == capture.crawl_id, r.hit.c.page_id == capture.page_id))


@pytest.mark.parametrize("relevance", ["relevant", "ambiguous"])
def test_a_finding_that_the_search_lists_no_more_is_looked_after(borough, relevance):
    borough.crawl()
    borough.is_finding("/page/1", relevance)
    unlist(borough, "/page/1", "/page/2")
    after = borough.crawl()
    assert (after["/page/1"].outcome, hits(borough, after["/page/1"])) == ("ok", []), "alive, with no hit"
    assert hits(borough, after["/page/3"])
    assert "/page/2" not in after, "which was judged off-topic: not in every crawl"


def test_every_other_page_is_seen_again_within_the_stated_interval(borough):
    borough.crawl()
    unlist(borough, "/page/2")
    within = FIRST + REVISIT_EVERY
    assert "/page/2" not in borough.crawl(day=within.replace(day=1))
    assert borough.crawl(day=within)["/page/2"].outcome == "ok"


def test_gone_moved_and_not_known_are_told_apart(borough):
    borough.crawl()
    paths = ["/page/1", "/page/2", "/page/3", "/page/4"]
    for path in paths:
        borough.is_finding(path)
    for path in paths:
        borough.pages.pop(path)
    borough.serve()
    there = f"{borough.site.url}new-address"
    borough.site.answers |= {
        "/page/1": Answer(status=410),
        "/page/2": Answer(status=301, headers={"Location": there}),
        "/new-address": Answer("<p>The mentor scheme, moved.</p>"),
        "/page/3": Answer(status=500),
    }
    after = borough.crawl()
    assert {path: (after[path].outcome, after[path].status) for path in paths} == {
        "/page/1": ("gone", 410),
        "/page/2": ("ok", 200),
        "/page/3": ("failed", 500),
        "/page/4": ("gone", 404),
    }
    assert after["/page/2"].final_url == there


def test_a_page_found_gone_twice_is_not_asked_for_in_every_crawl_any_more(borough):
    borough.crawl()
    borough.is_finding("/page/1")
    borough.pages.pop("/page/1")
    borough.serve()
    asked = ["/page/1" in borough.crawl() for _ in range(3)]
    assert asked == [True, True, False]


def test_pages_are_looked_after_when_the_search_itself_is_broken(borough):
    borough.crawl()
    borough.is_finding("/page/1")
    borough.site.answers["/search"] = Answer(status=500)
    after = borough.crawl()
    assert {path: capture.outcome for path, capture in after.items()} == {"/page/1": "ok"}


def test_a_site_that_blocks_is_left_alone(borough):
    borough.pages |= {f"/more/{n}": (f"Mentor {n}", f"Mentor number {n} of Small Borough.") for n in range(40)}
    borough.serve()
    for path in borough.crawl():
        borough.is_finding(path)
    borough.site.answers = dict.fromkeys(borough.site.answers, Answer(status=403))
    borough.site.answers["/robots.txt"] = Answer(status=404)
    after = borough.crawl()
    assert {capture.outcome for capture in after.values()} == {"blocked"}
    assert len(after) > 40
    asked = [path for path in borough.site.paths() if path in after]
    assert len(asked) < 30, "not one request a page"


def test_more_than_the_bound_is_left_for_the_next_crawl(borough):
    borough.crawl()
    for path in ("/page/1", "/page/2", "/page/3"):
        borough.is_finding(path)
    unlist(borough, *list(borough.pages))
    borough.site.answers = {"/robots.txt": Answer(status=404)}
    borough.crawl(day=FIRST + REVISIT_EVERY)
    with Record.open(borough.url) as record, record.begin() as db:
        site = db.execute(select(r.site.c.id).where(r.site.c.crawl_id == 2)).scalar_one()
        db.execute(r.capture.delete().where(r.capture.c.crawl_id == 2))
        assert plan_revisits(db, site, Bounds(findings=2, others=1)) == 4
        planned = select(r.page.c.url).join(r.capture).where(r.capture.c.crawl_id == 2)
        paths = sorted(url.replace(borough.site.url, "/") for url in db.execute(planned).scalars())
    assert paths == ["/page/1", "/page/2", "/page/4"]


def test_what_another_studys_searches_brought_is_not_looked_after(tmp_path):
    authority, day = "E10000016", FIRST
    with Record.open(f"sqlite:///{tmp_path}/record.db") as record:
        for name, path in (("other", "theirs"), ("small", "ours")):
            study = small_protocol(tmp_path).model_copy(update={"name": name})
            SmallCrawl(record, study, [authority], as_of=day).fetched(authority, path)
        later = SmallCrawl(record, study, [authority], as_of=day + REVISIT_EVERY)
        with record.begin() as db:
            assert plan_revisits(db, later.sites[f"{authority} main"], Bounds(9, 9)) == 0
            planned = select(r.page.c.url).join(r.capture).where(r.capture.c.crawl_id == later.id)
            assert db.execute(planned).scalars().all() == [later.home(authority) + "ours"]
