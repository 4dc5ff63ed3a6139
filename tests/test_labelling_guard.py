"""The labelling page keeps strangers out: links that work once, its own host and forms only, headers that forbid the rest."""

import re
import socket
import stat
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from sqlalchemy import delete

from study import record as r
from study.record import Record
from tests.labelling import Page, Visitor, fill, labels, record_at, served, study_record
from tests.running import mentorwatch


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("guard")
    with Record.open(record_at(directory)) as record:
        fill(study_record(record), 60)
    return directory


@pytest.fixture(scope="module")
def page(place: Path) -> Iterator[Page]:
    names = [f"--annotator=reader-{n}" for n in range(40)]
    arguments = [part for name in names for part in name.split("=")]
    with served(record_at(place), *arguments, "--retrain-every", "0") as running:
        yield running


@pytest.fixture
def visitor(page: Page) -> Visitor:
    """Somebody who has signed in with a link of their own."""
    come = Visitor(page.home)
    name, link = page.links.popitem()
    come.sign_in(link)
    assert f"<strong>{name}</strong>" in come.ask("/read")[1]
    return come


def test_without_a_link_there_is_nothing_to_see(page: Page) -> None:
    stranger = Visitor(page.home)
    for path in (
        "/",
        "/read",
        "/copy/1",
        "/copy/1/as-sent",
        "/text/" + "0" * 64,
        "/earlier/1",
        "/adjudicate",
        "/nowhere",
    ):
        status, text, _ = stranger.ask(path)
        assert status == 403, path
        assert "mentor" not in text.replace("mentorwatch", "")
    for path in ("/decide", "/undo"):
        assert stranger.ask(path, {"decision": "relevant"})[0] == 403
    assert stranger.ask("/sign-in?token=guessed")[0] == 403


def test_a_link_works_once_and_looking_at_it_does_not_use_it_up(page: Page) -> None:
    _, link = page.links.popitem()
    path = link.removeprefix(page.home.rstrip("/"))
    preview, first, second = (Visitor(page.home) for _ in range(3))
    assert preview.ask(path)[0] == 200
    assert "Set-Cookie" not in preview.ask(path)[2]
    first.sign_in(link)
    status, text, _ = second.ask("/sign-in", {"token": link.partition("token=")[2]})
    assert status == 403
    assert "used" in text
    assert first.ask(path)[0] == 302  # who is signed in goes on


def test_the_cookie_is_out_of_reach_of_scripts_and_other_sites(page: Page) -> None:
    _, link = page.links.popitem()
    status, _, headers = Visitor(page.home).ask("/sign-in", {"token": link.partition("token=")[2]})
    assert status == 303
    assert "HttpOnly" in headers["Set-Cookie"]
    assert "SameSite=Strict" in headers["Set-Cookie"]
    port = urlsplit(page.home).port
    assert headers["Set-Cookie"].startswith(
        f"mentorwatch-{port}="
    )  # cookies know no ports: two servers must not mix theirs


def test_a_tampered_cookie_is_worth_nothing(page: Page, visitor: Visitor) -> None:
    name, _, value = visitor.cookie.partition("=")
    assert Visitor(page.home, f"{name}={value[:-4]}AAAA").ask("/read")[0] == 403


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1", "127.0.0.1:1", "localhost.evil.example:80", ""])
def test_another_host_name_that_leads_here_gets_nothing(visitor: Visitor, host: str) -> None:
    status, text, _ = visitor.ask("/read", Host=host)
    assert status == 400
    assert "only to the address" in text


def test_other_names_of_this_machine_are_its_own(page: Page) -> None:
    assert Visitor(page.home).ask("/static/page.css", Host=f"localhost:{urlsplit(page.home).port}")[0] == 200


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "http://evil.example"},
        {"Origin": "null"},
        {"Sec_Fetch_Site": "cross-site"},
        {"Sec_Fetch_Site": "same-site"},
    ],
    ids=str,
)
def test_a_form_that_another_site_sends_is_refused(place: Path, visitor: Visitor, headers: dict[str, str]) -> None:
    with Record.open(record_at(place)) as record:
        before = len(labels(record))
        status, text, _ = visitor.ask("/decide", {"form": visitor.form(), "decision": "relevant"}, **headers)
        assert status == 400
        assert "another site" in text
        assert len(labels(record)) == before


def test_a_form_belongs_to_its_session_and_its_purpose(page: Page, place: Path, visitor: Visitor) -> None:
    other = Visitor(page.home)
    other.sign_in(page.links.popitem()[1])
    with Record.open(record_at(place)) as record:
        before = len(labels(record))
        sealed = visitor.form()
        for who, path, form in (
            (other, "/decide", sealed),
            (visitor, "/undo", sealed),
            (visitor, "/decide", sealed[:-3] + "abc"),
            (visitor, "/decide", ""),
        ):
            status, text, _ = who.ask(path, {"form": form, "decision": "relevant"})
            assert status == 400
            assert "oad the page again" in text
        assert len(labels(record)) == before


def test_every_answer_forbids_what_the_page_does_not_need(page: Page, visitor: Visitor) -> None:
    for who, path in (
        (visitor, "/read"),
        (visitor, "/nowhere"),
        (Visitor(page.home), "/read"),
        (visitor, "/static/keys.js"),
    ):
        _, _, headers = who.ask(path)
        policy = headers["Content-Security-Policy"]
        assert "default-src 'none'" in policy
        assert "frame-ancestors 'none'" in policy
        assert "unsafe" not in policy
        assert headers["X-Frame-Options"] == "DENY"
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert "Server" not in headers
        assert headers["Cache-Control"] == ("no-cache" if path.startswith("/static") else "no-store")


@pytest.mark.parametrize(
    ("sent", "said"),
    [
        ({"decision": "relevant", "relation": "mentoring", "topics": "other"}, "has no off-topic topics"),
        ({"decision": "off-topic", "approaches": "peer"}, "has no approaches"),
        ({"decision": "perhaps"}, "expected relevant, off-topic, ambiguous or skip"),
        ({}, "Nothing is decided yet"),
        ({"decision": "relevant", "flags": "<b>"}, "expected those of the page"),
        ({"decision": "relevant", "note": "n" * 10_001}, "The note is too long"),
    ],
    ids=["topics", "approaches", "unknown", "none", "flags", "note"],
)
def test_what_cannot_be_meant_is_said_and_what_was_chosen_stays(
    place: Path, visitor: Visitor, sent: dict[str, str], said: str
) -> None:
    with Record.open(record_at(place)) as record:
        before = len(labels(record))
        status, text, _ = visitor.ask("/decide", {"form": visitor.form(), "depth": "brief", **sent})
        assert status == 400
        assert said in text
        assert re.search(r'value="brief" data-key="l" checked', text)
        assert len(labels(record)) == before


def test_a_form_without_end_is_cut_off(visitor: Visitor) -> None:
    status, text, _ = visitor.ask("/decide", {"form": "x", "note": "n" * 300_000})
    assert status == 413
    assert "too much text" in text


def test_nobody_can_open_anothers_decision(place: Path, page: Page, visitor: Visitor) -> None:
    assert visitor.ask("/decide", {"form": visitor.form(), "decision": "off-topic"})[0] == 303
    with Record.open(record_at(place)) as record:
        mine = labels(record)[-1].id
    other = Visitor(page.home)
    other.sign_in(page.links.popitem()[1])
    assert visitor.ask(f"/earlier/{mine}")[0] == 200
    assert other.ask(f"/earlier/{mine}")[0] == 404


def test_the_key_that_signs_is_its_owners_alone_and_outlives_the_server(place: Path) -> None:
    mode = stat.S_IMODE((place / "labelling.key").stat().st_mode)
    assert mode == 0o600
    with served(record_at(place), "--annotator", "owl") as first:
        owl = Visitor(first.home)
        owl.sign_in(first.links["owl"])
        port = urlsplit(first.home).port
        first.kill()
    with served(record_at(place), "--annotator", "owl", port=port or 0):
        assert owl.ask("/read")[0] == 200


def test_a_page_without_names_asks_for_a_pseudonym(place: Path) -> None:
    with served(record_at(place)) as page:
        visitor = Visitor(page.home)
        token = page.links[""].partition("token=")[2]
        for wrong in ("", "a@example.org", "<script>", "x" * 41, " "):
            status, text, _ = visitor.ask("/sign-in", {"token": token, "annotator": wrong})
            assert status == 400
            assert "is no pseudonym" in text
        visitor.sign_in(page.links[""], "  sea   eagle ")
        assert "<strong>sea eagle</strong>" in visitor.ask("/read")[1]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["serve", "--annotator", "a@b"], "is no pseudonym"),
        (["serve", "--host", "0.0.0.0"], "every address of this machine"),
        (["serve", "--host", "no.such.host.invalid"], "cannot be served"),
        (["serve", "--overlap", "2"], "--overlap"),
        (["serve", "--crawl", "77"], "there is no crawl 77"),
        (["adjudicate", "--annotator", ""], "is no pseudonym"),
    ],
    ids=["pseudonym", "everywhere", "nowhere", "share", "crawl", "adjudicator"],
)
def test_what_cannot_be_served_is_said_in_words(place: Path, arguments: list[str], said: str) -> None:
    done = mentorwatch("labels", *arguments, "--record", record_at(place), "--port", "0", timeout=30)
    assert done.returncode == 2
    assert said in " ".join(done.stderr.split())
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("verb", ["serve", "adjudicate"])
def test_a_port_that_is_taken_is_named_before_the_queue_is_read(place: Path, verb: str) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
        done = mentorwatch("labels", verb, "--record", record_at(place), "--port", str(port), timeout=30)
    assert done.returncode == 2
    assert f"127.0.0.1:{port}" in done.stderr
    assert "--port" in done.stderr
    assert "Reading" not in done.stderr


def test_a_record_without_texts_says_what_to_do(tmp_path: Path) -> None:
    with Record.open(record_at(tmp_path)) as record:
        study_record(record)
    done = mentorwatch("labels", "serve", "--record", record_at(tmp_path), "--port", "0", timeout=30)
    assert done.returncode == 2
    assert "run `mentorwatch classify` first" in done.stderr
    assert done.stderr.startswith("Reading the queue …\n")  # it may take a while, and said nothing of it


def test_what_is_not_kept_any_more_can_neither_be_taken_back_nor_decided_and_the_page_says_so(tmp_path: Path) -> None:
    with Record.open(record_at(tmp_path)) as record:
        fill(study_record(record), 2)
        with served(record_at(tmp_path), "--annotator", "heron", "--retrain-every", "0") as page:
            heron = Visitor(page.home)
            heron.sign_in(page.links["heron"])
            assert heron.ask("/decide", {"form": heron.form(), "decision": "off-topic"})[0] == 303
            undo, decide = heron.form("undo"), heron.form()
            with record.begin() as db:
                db.execute(delete(r.text))
            assert heron.ask("/undo", {"form": undo})[0] == 303
            assert "That cannot be taken back: its text is not kept any more" in heron.ask("/read")[1]
            assert heron.ask("/decide", {"form": decide, "decision": "off-topic"})[0] == 303
            assert "its text is not kept any more" in heron.ask("/read")[1]
            (row,) = labels(record)
            assert row.decision == "off-topic"


@pytest.mark.services
def test_on_postgresql_the_page_does_the_same(postgres_url: str, tmp_path: Path) -> None:
    with Record.open(postgres_url) as record:
        with record.begin() as db:
            for table in reversed(r.metadata.sorted_tables):
                db.execute(table.delete())
        kept = fill(study_record(record), 3)
        directory = {"MENTORWATCH_DIRECTORY": str(tmp_path / "beside")}
        with served(postgres_url, "--annotator", "owl", "--retrain-every", "0", **directory) as page:
            owl = Visitor(page.home)
            owl.sign_in(page.links["owl"])
            assert owl.ask("/decide", {"form": owl.form(), "decision": "off-topic"})[0] == 303
            assert owl.ask("/undo", {"form": owl.form("undo")})[0] == 303
            assert owl.ask("/decide", {"form": owl.form(), "decision": "relevant"})[0] == 303
            assert [(row.text_hash, row.decision) for row in labels(record)] == [
                (kept[0], "off-topic"),
                (kept[0], "undone"),
                (kept[0], "relevant"),
            ]
        assert (tmp_path / "beside" / "labelling.key").exists()


def test_a_warc_name_that_climbs_out_of_its_folder_leads_nowhere(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("WARC/1.0\r\nsecret", encoding="utf-8")
    with Record.open(record_at(tmp_path)) as record:
        crawl = study_record(record)
        fill(crawl, 1)
        with record.begin() as db:
            db.execute(r.capture.update().values(warc_file="../secret", warc_offset=0))
    with served(record_at(tmp_path), "--annotator", "owl") as page:
        owl = Visitor(page.home)
        owl.sign_in(page.links["owl"])
        assert owl.ask("/copy/1")[0] == 200
        assert owl.ask("/copy/1/as-sent")[0] == 404
