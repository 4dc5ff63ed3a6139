"""The report after twelve monthly runs over the living replica, as those runs wrote it."""

import frictionless
import pytest
from bs4 import BeautifulSoup

from tests import axe


@pytest.fixture(scope="module")
def page(year):
    return BeautifulSoup((year.runs[-1].report / "report.html").read_text(encoding="utf-8"), "lxml")


def said(element):
    return " ".join(element.get_text(" ").split())


@pytest.mark.slow
def test_the_trend_tells_of_every_run(year, page):
    days = [one["datetime"] for one in page.select("#trend tbody time")]
    assert days == [run.as_of.isoformat() for run in reversed(year.runs)]
    assert len(page.select("#trend figure")) == 5
    assert page.select_one("#trend tbody tr.then") is not None


@pytest.mark.slow
def test_each_outage_is_told_on_the_page_of_its_month_and_nothing_else(year):
    failed = {(event.month, event.authority) for event in year.events if event.kind == "outage"}
    told = set()
    for run in year.runs:
        page = _page(run)
        rows = {authority: page.select(f"#c-{authority} td")[-1] for authority in run.authorities}
        told |= {(run.month, authority) for authority, what in rows.items() if said(what) != "–"}
    assert told == failed


@pytest.mark.slow
def test_the_tables_of_the_last_run_are_a_valid_data_package(year):
    report = frictionless.validate(str(year.runs[-1].report / "datapackage.json"))
    assert report.flatten(["title", "fieldName", "note"]) == []


@pytest.mark.slow
@pytest.mark.services
def test_its_page_passes_axe(year):
    with axe.browser() as browser:
        opened = browser.new_page()
        opened.goto((year.runs[-1].report / "report.html").as_uri())
        assert axe.violations(opened) == []


def _page(run):
    return BeautifulSoup((run.report / "report.html").read_text(encoding="utf-8"), "lxml")
