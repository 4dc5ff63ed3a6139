"""The main job on the replica at full size: the study of July 2008 comes out again, to the last figure."""

import csv
import re
import socket

import pytest

from output.tallies import study_table
from replica import answers
from replica.researcher import compare
from study import protocol
from study.record import Record
from tests.running import free_ports, mentorwatch
from tests.small_record import SmallCrawl


@pytest.fixture(scope="module")
def demo(tmp_path_factory):
    directory = tmp_path_factory.mktemp("demo")
    done = mentorwatch(
        "demo",
        f"--directory={directory / 'data'}",
        f"--output={directory / 'report'}",
        f"--base-port={free_ports(30)}",
        timeout=850,
    )
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
    with Record.open(f"sqlite:///{directory / 'data' / 'mentorwatch.db'}") as record:
        yield record, directory / "report", done.stdout


@pytest.fixture(scope="module")
def study():
    return protocol.load("nfer-2008")


def rows(path):
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


@pytest.mark.slow
def test_what_the_crawl_alone_decides_equals_the_published_table(demo, study):
    record, _, _ = demo
    for row in study_table(record, study, model_only=True):
        for figure in ("total_hits", "minimum", "maximum"):
            assert row.equal(figure) in (True, None), (row.keyword, figure, row.ours)
        if row.keyword in ("tda", "extranet", "framework"):
            assert row.equal("authorities"), (row.keyword, row.ours)


@pytest.mark.slow
def test_every_search_was_read_to_its_proven_end(demo):
    _, report, _ = demo
    coverage = rows(report / "coverage.csv")
    assert len(coverage) == 30 * 7
    assert {row["status"] for row in coverage} == {"complete"}


@pytest.mark.slow
def test_each_search_collected_what_its_engine_holds(demo):
    _, report, _ = demo
    expected = answers.expected(1.0)
    wrong = [
        (row["authority"], row["query"], row["distinct"], expected[row["authority"]][row["query"]])
        for row in rows(report / "coverage.csv")
        if int(row["distinct"]) != expected[row["authority"]][row["query"]]
    ]
    assert wrong == []


@pytest.mark.slow
def test_the_model_alone_drops_none_of_the_relevant_hits(demo):
    record, _, printed = demo
    said = compare(record, 1.0)
    wanted, relevant, left, dropped = map(
        int,
        re.search(
            r"of (\d+) relevant hits (\d+) called relevant, (\d+) left to a researcher, (\d+) dropped", said
        ).groups(),
    )
    assert (wanted, dropped) == (25, 0)
    assert relevant + left == 25
    assert "The model alone, against the key" in printed


@pytest.mark.slow
def test_after_the_researcher_the_table_equals_the_published_one(demo, study):
    record, report, _ = demo
    assert [(row.keyword, row.differs) for row in study_table(record, study)] == [(k.code, ()) for k in study.keywords]
    keywords = {row["keyword"]: row for row in rows(report / "keywords.csv")}
    assert (
        keywords["mentor"]["total_hits"],
        keywords["mentor"]["relevant_hits"],
        keywords["mentor"]["authorities"],
    ) == ("5933", "22", "16")
    assert (keywords["coach"]["total_hits"], keywords["coach"]["relevant_hits"], keywords["coach"]["authorities"]) == (
        "11231",
        "3",
        "2",
    )


@pytest.mark.slow
def test_the_approaches_stand_at_the_authorities_the_study_names(demo, study):
    _, report, _ = demo
    cells = {(row["authority"], row["approach"]): row["cell"] for row in rows(report / "approaches.csv")}
    for approach, codes in study.published.approaches.items():
        for code in codes:
            assert cells[code, approach] == "yes_confirmed", (code, approach)


@pytest.mark.slow
def test_every_finding_leads_to_a_quote_an_address_and_a_place_in_the_archive(demo):
    _, report, _ = demo
    found = [row for row in rows(report / "evidence.csv") if row["cell"].startswith("yes")]
    assert len(found) > 50
    for row in found:
        assert row["quote"]
        assert row["url"].startswith("http")
        assert row["fetched"]
        assert re.fullmatch(r"mentorwatch-\d{5}\.warc\.gz:\d+", row["warc_record"])


def test_a_demo_begins_anew_only_where_it_can_and_nobody_has_decided_anything(tmp_path):
    with Record.open(f"sqlite:///{tmp_path / 'mentorwatch.db'}") as record:
        crawl = SmallCrawl(record, protocol.load("nfer-2008"), ["E10000016"])
        crawl.decided(crawl.fetched("E10000016", "heads", "Mentors for heads"), "relevant")
    (tmp_path / "finished").touch()
    (tmp_path / "notes.txt").write_text("mine")
    port = free_ports(30)
    with socket.create_server(("127.0.0.1", port)):
        taken = mentorwatch("demo", f"--directory={tmp_path}", "--scale=0", f"--base-port={port}")
    assert taken.returncode == 2
    assert "try another --base-port" in taken.stderr
    assert "Traceback" not in taken.stderr
    refused = mentorwatch("demo", f"--directory={tmp_path}", "--scale=0", f"--base-port={port}")
    assert refused.returncode == 2
    assert "1 decisions that people made" in refused.stderr
    assert {"mentorwatch.db", "finished", "notes.txt"} <= {path.name for path in tmp_path.iterdir()}
