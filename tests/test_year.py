"""A year of monthly runs that nobody watches: each is finished, each outage is named, and nothing else is."""

import csv

import pytest
from sqlalchemy import func, select

from study import record as r
from study.record import Record
from tests.year import RUNS, SITES, SPLIT

pytestmark = pytest.mark.slow


def outages(year):
    """(month, authority, how) of each month of an outage."""
    return {(e.month, e.authority, e.how) for e in year.events if e.kind == "outage"}


def vitals(run):
    return run.heartbeat["crawl"]["vitals"]


def named(run):
    """The authorities that the heartbeat says were not wholly answered in this run."""
    return {good["authority"] for good in vitals(run)["last_good"] if good["as_of"] != run.as_of.isoformat()}


def test_twelve_runs_come_to_their_end(year):
    assert len(year.runs) == RUNS
    for run in year.runs:
        assert run.exit_code == run.heartbeat["exit_code"] == 0, run.said
        assert run.heartbeat["crawl"]["finished"]
        assert run.heartbeat["crawl"]["as_of"] == run.as_of.isoformat()
        assert (run.report / "coverage.csv").exists()


def test_the_year_has_every_kind_of_failure(year):
    assert {how for _, _, how in outages(year)} == {
        "blocked",
        "search-error",
        "search-silent",
        "refused",
        "index-lost",
        "robots",
    }


def test_each_outage_is_named_in_its_month_and_no_month_else(year):
    failed = {(month, authority) for month, authority, _ in outages(year)}
    told = {(run.month, authority) for run in year.runs for authority in named(run)}
    assert told == failed


def test_what_broke_is_said_once_with_when_it_last_worked(year):
    before = {run.month: year.runs[n - 1].as_of.isoformat() for n, run in enumerate(year.runs) if n}
    begun = {(e.month, e.authority) for e in year.events if e.kind == "outage" and e.month == e.since}
    told = {(run.month, b["authority"]): b["answered_last"] for run in year.runs for b in vitals(run)["broken"]}
    assert told == {(month, authority): before[month] for month, authority in begun}


def test_who_blocks_is_named_while_it_does(year):
    blocked = {(month, authority) for month, authority, how in outages(year) if how == "blocked"}
    told = {(run.month, b["authority"]): b["since"] for run in year.runs for b in vitals(run)["blocked"]}
    assert set(told) == blocked
    assert {since[:7] for since in told.values()} == {min(month for month, _ in blocked)}


def test_each_outage_stands_in_its_months_coverage(year):
    for run in year.runs:
        with (run.report / "coverage.csv").open(newline="", encoding="utf-8") as file:
            rows = list(csv.DictReader(file))
        for authority, how in {(a, how) for month, a, how in outages(year) if month == run.month}:
            statuses = [row["status"] for row in rows if row["authority"] == authority and row["via"] == "search"]
            answered = sum(status in ("complete", "capped") for status in statuses)
            # A lost index still has some pages, and what is asked for these is answered.
            assert answered < len(statuses) if how == "index-lost" else answered == 0 < len(statuses), (run.month, how)


def test_a_redesigned_search_is_found_anew_and_said(year):
    (redesign,) = {e.month for e in year.events if e.kind == "redesign" and e.authority in SITES}
    changed = {(run.month, change["authority"]) for run in year.runs for change in run.heartbeat["crawl"]["changes"]}
    assert (redesign, "E08000033") in changed


def test_a_split_authority_gives_way_to_its_heirs(year):
    (split,) = [e for e in year.events if e.kind == "splits"]
    heirs = set(split.to.split(";"))
    for run in year.runs:
        assert (SPLIT in run.authorities) == (run.month < split.month)
        assert heirs.issubset(run.authorities) == (run.month >= split.month)


def test_most_of_a_year_is_not_sent_kept_or_judged_again(year):
    with Record.open(year.record_url) as record, record.begin() as db:
        kept = dict(
            db.execute(
                select(func.coalesce(r.capture.c.revisit, "whole"), func.count())
                .where(r.capture.c.outcome == "ok")
                .group_by(r.capture.c.revisit)
            ).all()
        )
        texts = db.execute(select(func.count(r.capture.c.text_hash.distinct()))).scalar_one()
        judged = db.execute(select(func.count()).select_from(r.judgement)).scalar_one()
    assert kept["not-modified"] > 0
    assert kept["not-modified"] + kept["identical"] > kept["whole"]
    assert judged == texts, "each text once"
