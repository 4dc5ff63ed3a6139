"""`mentorwatch explore`: the real Datasette, started and asked."""

import json
import signal
import sqlite3
import subprocess
import time
import urllib.error
import urllib.request
from urllib.parse import urlencode

import pytest

from output.explore import copy, described_tables, queries
from study import record as r
from study.record import Record
from tests.running import ROOT, clean_environment, command, free_ports
from tests.small_record import SmallCrawl, emptied, small_protocol

KENT, DEVON = "E10000016", "E10000008"


def filled(record, study):
    crawl = SmallCrawl(record, study, [KENT, DEVON])
    crawl.asked(KENT, "mentor", ["a", "b"])
    crawl.asked(DEVON, "coach", status="blocked", reason="HTTP 403")
    said = {"relation": "mentoring", "approaches": ["strategy"], "evidence": ["A mentor for each head."]}
    crawl.fetched(KENT, "a", "A mentor.", "relevant", mentions=[("tda", None, True, "paid by the TDA")], **said)
    crawl.fetched(KENT, "b", "Buses.", topics=["other"])
    return crawl


@pytest.fixture(scope="module")
def served(tmp_path_factory):
    """A record called like our own database, served; yields its base address."""
    directory = tmp_path_factory.mktemp("explore")
    study = small_protocol(directory)
    url = f"sqlite:///{directory / 'report.db'}"
    with Record.open(url) as record:
        filled(record, study)
    port = free_ports(1)
    arguments = ("explore", "--record", url, "--protocol", str(directory / "small.toml"), "--port", str(port))
    with subprocess.Popen(
        command(*arguments),
        cwd=ROOT,
        env=clean_environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as server:
        base = f"http://127.0.0.1:{port}/"
        for _ in range(300):
            try:
                urllib.request.urlopen(base, timeout=5).close()
                break
            except OSError:
                assert server.poll() is None, server.stderr.read()
                time.sleep(0.1)
        yield base
        server.send_signal(signal.SIGTERM)
        assert server.wait(20) == 0
        assert server.stdout.readline().startswith(f"Open {base}report for the report")
    with pytest.raises(urllib.error.URLError):
        urllib.request.urlopen(base, timeout=5)


def answered(base, query, **parameters):
    address = f"{base}report/{query}.json?{urlencode({**parameters, '_shape': 'array'})}"
    with urllib.request.urlopen(address, timeout=30) as answer:
        return json.load(answer)


def test_ready_questions_are_answered(served):
    (mention,) = answered(served, "who-mentions", name="tda")
    assert (mention["authority_name"], mention["quote"]) == ("Kent County Council", "paid by the TDA")
    (one,) = answered(served, "who-does-what", approach="strategy", region="South East")
    assert (one["authority_name"], one["cell"], one["relevant_texts"]) == ("Kent County Council", "yes_model", 1)
    assert answered(served, "who-does-what", approach="strategy", region="North West") == []
    sure = {row["name"]: row for row in answered(served, "how-sure")}
    assert (sure["mentor (mentoring)"]["authorities_yes_model"], sure["coach"]["authorities_not_known"]) == (1, 1)
    (where,) = answered(served, "where-does-it-say-so", authority="Kent", code="strategy")
    assert where["url"] == "http://e10000016.main.example/a"
    assert [row["why"] for row in answered(served, "what-is-not-known")] == ["HTTP 403"]
    assert answered(served, "what-is-new") == []
    others = answered(served, "what-the-others-were-about")
    assert [
        (row["keyword"], row["topic_name"], row["of_all_authorities"]) for row in others if row["of_all_authorities"]
    ] == [
        ("mentor", "Anything else", 1),
    ]


def test_every_ready_question_is_offered_and_runs(served):
    with urllib.request.urlopen(f"{served}report.json", timeout=30) as answer:
        offered = {query["name"] for query in json.load(answer)["queries"]}
    assert offered == set(queries())
    for name, query in queries().items():
        answered(
            served,
            name,
            **{word: "" for word in ("name", "approach", "region", "authority", "code") if f":{word}" in query["sql"]},
        )


def test_tables_and_columns_are_described(served):
    with urllib.request.urlopen(f"{served}report/approaches", timeout=30) as answer:
        page = answer.read().decode()
    assert "Every authority by every approach" in page
    assert "Distinct relevant texts with this approach" in page
    assert set(described_tables()) == {*r.metadata.tables, "alembic_version"}


def test_the_record_itself_stands_beside_and_nothing_can_be_written_or_taken_away_whole(served):
    with urllib.request.urlopen(f"{served}report_2/capture.json?_shape=array", timeout=30) as answer:
        assert len(json.load(answer)) == 2
    for address in ("report_2.json?sql=delete+from+capture", "report_2.db"):
        with pytest.raises(urllib.error.HTTPError, match=r"40[03]"):
            urllib.request.urlopen(served + address, timeout=30)


def test_whoever_asks_under_another_name_is_refused(served):
    asked = urllib.request.Request(served, headers={"Host": "rebound.example"})
    with pytest.raises(urllib.error.HTTPError, match="403"):
        urllib.request.urlopen(asked, timeout=30)
    with urllib.request.urlopen(
        urllib.request.Request(served, headers={"Host": "localhost:8001"}), timeout=30
    ) as answer:
        assert answer.status == 200


def test_a_port_that_is_taken_is_named(served, tmp_path):
    small_protocol(tmp_path)
    with Record.open(f"sqlite:///{tmp_path / 'record.db'}") as record:
        filled(record, small_protocol(tmp_path))
    port = served.rsplit(":", 1)[1].strip("/")
    done = subprocess.run(
        command("explore", f"--record=sqlite:///{tmp_path / 'record.db'}", f"--protocol={tmp_path / 'small.toml'}", f"--port={port}"),
        cwd=ROOT, env=clean_environment(), capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert done.returncode == 2
    assert f"is port {port} taken?" in done.stderr


@pytest.mark.services
def test_a_record_on_postgresql_is_copied_whole(postgres_url, tmp_path):
    with Record.open(postgres_url) as record:
        filled(emptied(record), small_protocol(tmp_path))
        copy(record, tmp_path / "copy.db")
        with record.begin() as db:
            counts = {name: len(db.execute(table.select()).all()) for name, table in r.metadata.tables.items()}
        emptied(record)
    with sqlite3.connect(tmp_path / "copy.db") as db:
        copied = {name: db.execute(f"select count(*) from {name}").fetchone()[0] for name in counts}
    assert copied == counts
    assert counts["capture"] == 2
