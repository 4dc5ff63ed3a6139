"""Unattended: one run a record, a heartbeat after each, and a status that does not stay quiet about what went wrong."""

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from datetime import UTC, date, datetime, timedelta

import pytest
from sqlalchemy import select
from typer.testing import CliRunner

from mentorwatch import lastrun
from mentorwatch.cli import app
from study import record as r
from study.health import health
from study.protocol import load
from study.record import Record
from study.runlock import RecordLocked, is_held, run_lock, under_this_run
from study.vitals import vitals
from tests.borough import Borough
from tests.running import ROOT, Answer, clean_environment, command, mentorwatch
from tests.small_record import SmallCrawl, emptied, small_protocol

HOLD = "import sys, time\nfrom study.record import Record\nfrom study.runlock import run_lock\n"
HOLD += "with Record.open(sys.argv[1]) as record, run_lock(record, 'run'):\n    print('held', flush=True)\n    time.sleep(60)\n"


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.services)])
def record_url(request, tmp_path, monkeypatch):
    monkeypatch.setenv("MENTORWATCH_DIRECTORY", str(tmp_path))
    return (
        f"sqlite:///{tmp_path / 'record.db'}" if request.param == "sqlite" else request.getfixturevalue("postgres_url")
    )


def holder(url, **environment):
    """Another process that holds the record's run lock."""
    process = subprocess.Popen(
        [sys.executable, "-c", HOLD, url],
        stdout=subprocess.PIPE,
        text=True,
        cwd=ROOT,
        env={**os.environ, **environment},
    )
    assert process.stdout.readline() == "held\n"
    return process


def test_the_records_url_stands_in_no_command_line_that_a_run_starts(tmp_path, monkeypatch):
    """It may hold a password, and `ps` shows command lines to everybody on the machine."""
    started = []
    monkeypatch.setattr("mentorwatch.stages.stage", lambda *said, environment: started.append((said, environment)))
    url = f"sqlite:///{tmp_path / 'record.db'}"
    done = CliRunner().invoke(app, ["run", "--record", url, "--authority", "kent", "--contact", "you@example.org"])
    assert done.exit_code == 0, done.output
    assert [said[0] for said, _ in started] == ["crawl", "classify", "report"]
    assert not any(url in word for said, _ in started for word in said)
    assert {environment["MENTORWATCH_RECORD"] for _, environment in started} == {url}


def test_a_second_run_hears_who_holds_the_record_and_a_dead_holder_holds_nothing(record_url):
    first = holder(record_url)
    try:
        with Record.open(record_url) as record:
            with pytest.raises(RecordLocked, match=f"process {first.pid} on ") as refused, run_lock(record, "run"):
                pass
            assert refused.value.exit_code == 3
            first.send_signal(signal.SIGKILL)
            first.wait()
            for _ in range(100):  # PostgreSQL takes a moment to notice
                try:
                    with run_lock(record, "run"):
                        return
                except RecordLocked:
                    time.sleep(0.1)
            raise AssertionError("a killed process still holds the record")
    finally:
        first.kill()


@pytest.mark.services
def test_on_postgresql_the_lock_holds_between_machines(postgres_url, tmp_path, monkeypatch):
    first = holder(postgres_url, MENTORWATCH_DIRECTORY=str(tmp_path / "theirs"))
    try:
        monkeypatch.setenv("MENTORWATCH_DIRECTORY", str(tmp_path / "ours"))
        with (
            Record.open(postgres_url) as record,
            pytest.raises(RecordLocked, match=f"process {first.pid} on "),
            run_lock(record, "run"),
        ):
            pass
    finally:
        first.kill()


def test_what_a_run_starts_is_under_its_lock(tmp_path):
    with Record.open(f"sqlite:///{tmp_path / 'record.db'}") as record, run_lock(record, "run"):
        inner = subprocess.run(
            [sys.executable, "-c", HOLD.replace("time.sleep(60)", ""), f"sqlite:///{tmp_path / 'record.db'}"],
            env=under_this_run(),
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=False,
        )
    assert inner.stdout == "held\n", inner.stderr


def test_run_and_crawl_leave_with_3_while_another_run_is_on_the_record(tmp_path):
    url = f"sqlite:///{tmp_path / 'record.db'}"
    other = holder(url)
    try:
        for verb in ("run", "crawl"):
            done = mentorwatch(verb, f"--record={url}", "--site=http://127.0.0.1:9/", "--allow=127.0.0.1:9")
            assert done.returncode == 3, done.stderr
            assert f"process {other.pid}" in done.stderr
    finally:
        other.kill()


def test_who_judges_waits_for_whoever_judges_there_now(record_url):
    """As when the labelling page lets the model learn in the month's run: neither fails, and no row is written twice."""
    with Record.open(record_url) as record:
        SmallCrawl(emptied(record), load("ecf-2026"), ["E10000016"])
        with run_lock(record, "classify"):
            command = [
                sys.executable,
                "-m",
                "mentorwatch",
                "classify",
                "--record",
                record_url,
                "--protocol",
                "ecf-2026",
            ]
            second = subprocess.Popen(command, stderr=subprocess.PIPE, text=True, cwd=ROOT)
            said = second.stderr.readline()
            assert f"process {os.getpid()} on " in said
            assert said.endswith("Waiting for its end.\n")
            assert second.poll() is None
        assert "0 pages with a text" in second.communicate(timeout=60)[1]
    assert second.returncode == 0


def test_each_run_leaves_a_heartbeat_and_fails_where_too_much_was_unusable(tmp_path):
    borough = Borough(tmp_path)
    try:
        borough.site.answers["/search"] = Answer(status=500)
        given = [f"--record={borough.url}", f"--site={borough.site.url}", f"--allow={borough.site.allow}", "--delay=0"]
        beat = tmp_path / "beats" / "heartbeat.json"
        done = mentorwatch("run", *given, f"--heartbeat={beat}", f"--output={tmp_path / 'report'}")
    finally:
        borough.close()
    said = json.loads(beat.read_text())
    assert done.returncode == said["exit_code"] == 1, done.stderr
    assert "100 % of the searches could not be used" in done.stderr
    assert said["crawl"]["vitals"]["unusable"] == said["crawl"]["vitals"]["asked"] > 0
    assert said["crawl"]["traffic"]["requests"] > 0


# -- What was broken off --------------------------------------------------------------------------------------------------


@pytest.fixture
def borough(tmp_path):
    with contextlib.closing(Borough(tmp_path)) as made:
        yield made


def asking(borough, *options):
    """The arguments that crawl the borough; its study has nothing to learn from, so that no test waits for a model."""
    small_protocol(borough.directory)
    where = [f"--site={borough.site.url}", f"--allow={borough.site.allow}", "--delay=0"]
    return [*of_it(borough), *where, *options]


def of_it(borough):
    """The arguments that name the borough's record and study."""
    return [f"--record={borough.url}", f"--protocol={borough.directory / 'small.toml'}"]


def until(true, seconds=60):
    """Wait until something is so."""
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, "it never came to be so"
        time.sleep(0.02)


def started(borough, verb, *options):
    """A run or crawl of the borough, in a process group of its own."""
    return subprocess.Popen(
        command(verb, *asking(borough, *options)),
        start_new_session=True,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        cwd=ROOT,
        env=clean_environment(),
    )


@contextlib.contextmanager
def amid_its_pages(borough, verb, *options):
    """A run or crawl of the borough while it waits for a page; killed at the end."""
    borough.site.answers["/page/7"].wait = 20
    process = started(borough, verb, *options)
    try:
        until(lambda: "/page/7" in borough.site.paths() and any(c.state == "done" for c in borough.captures().values()))
        borough.serve()
        yield process
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.communicate()


@pytest.mark.parametrize(
    ("then", "now", "says"),
    [
        ("2026-01-15", "2026-01-15", "crawl 1 goes on"),
        (
            "2026-01-15",
            "2026-02-15",
            "Crawl 1, as of 2026-01-15, was interrupted and is left as it is: --as-of asks for",
        ),
        ("2026-01-15", "", "is left as it is: that is more than 14 days ago"),
        ("", "", "crawl 1 goes on"),
    ],
)
def test_an_interrupted_crawl_goes_on_for_its_own_day_and_is_not_the_next_months(borough, then, now, says):
    with amid_its_pages(borough, "crawl", *([f"--as-of={then}"] if then else [])):
        pass
    done = mentorwatch("crawl", *asking(borough, *([f"--as-of={now}"] if now else [])))
    assert done.returncode == 0, done.stderr
    assert says in done.stderr
    crawls = borough.rows(select(r.crawl.c.as_of, r.crawl.c.finished_at).order_by(r.crawl.c.id))
    if "goes on" in says:
        assert len(crawls) == 1
        assert crawls[0].finished_at
    else:
        assert [bool(crawl.finished_at) for crawl in crawls] == [False, True]
        assert str(crawls[1].as_of) == (now or str(datetime.now(UTC).date()))


def test_a_run_killed_while_it_judges_goes_on_with_its_judging(borough, tmp_path):
    report = f"--output={tmp_path / 'report'}"
    with Record.open(borough.url) as record, run_lock(record, "classify"):  # so that its judging waits
        run = started(borough, "run", report)
        said = iter(run.stderr.readline, "")
        assert any("Waiting for its end" in line for line in said)
        os.killpg(run.pid, signal.SIGKILL)
        run.communicate()
    checked = mentorwatch("status", f"--record={borough.url}", "--max-unusable=100")
    assert checked.returncode == 1
    assert "was killed before its report was written" in checked.stderr
    borough.site.asked.clear()
    done = mentorwatch("run", *asking(borough, report))
    assert done.returncode == 0, done.stderr
    assert "Crawl 1 is finished; its judging and report go on." in done.stderr
    assert not borough.site.asked, "nothing is asked for twice"
    assert (tmp_path / "report" / "report.html").exists()
    assert len(borough.rows(select(r.judgement.c.text_hash).distinct())) == len(borough.pages)
    assert mentorwatch("run", *asking(borough, report)).returncode == 0
    assert len(borough.rows(select(r.crawl.c.id))) == 2, "what is done is done: the next run crawls"


@pytest.mark.parametrize(
    ("then", "now", "crawls"),
    [((), (), 1), ((), ("--fresh",), 2), (("--as-of=2026-01-15",), (), 2), ((), ("--as-of=2026-01-15",), 2)],
)
def test_a_run_whose_report_could_not_be_written_is_not_the_next_months(borough, tmp_path, then, now, crawls):
    report = tmp_path / "report"
    report.touch()  # no folder can be made there
    done = mentorwatch("run", *asking(borough, f"--output={report}", *then))
    assert done.returncode != 0
    assert json.loads((tmp_path / "heartbeat.json").read_text())["exit_code"] == done.returncode
    checked = mentorwatch("status", f"--record={borough.url}", "--max-unusable=100", "--max-age-days=40")
    assert checked.returncode == 1
    assert f"ended with exit code {done.returncode} before its report was written" in checked.stderr
    report.unlink()
    done = mentorwatch("run", *asking(borough, f"--output={report}", *now))
    assert done.returncode == 0, done.stderr
    assert len(borough.rows(select(r.crawl.c.id))) == crawls
    assert (report / "report.html").exists()
    assert mentorwatch("status", f"--record={borough.url}", "--max-unusable=100").returncode == 0


def test_a_run_that_is_still_on_has_not_failed(tmp_path):
    with Record.open(f"sqlite:///{tmp_path / 'record.db'}") as record:
        with lastrun.begun(record, fresh=False):
            with run_lock(record, "run"):
                assert lastrun.failure(record) == ""
            assert "was killed" in lastrun.failure(record)
        assert lastrun.failure(record) == ""


@pytest.mark.parametrize(("sent", "code"), [(signal.SIGTERM, 143), (signal.SIGHUP, 129), (signal.SIGINT, 130)])
def test_what_stops_a_run_stops_its_crawl_too(borough, tmp_path, sent, code):
    with amid_its_pages(borough, "run") as run, Record.open(borough.url) as record:
        assert is_held(record, "crawl")
        run.send_signal(sent)
        assert run.wait(60) == code
        assert not is_held(record, "crawl")
        assert json.loads((tmp_path / "heartbeat.json").read_text())["exit_code"] == code


def test_a_crawl_that_the_system_ends_is_said_to_have_been(borough, tmp_path):
    with amid_its_pages(borough, "run") as run:
        by = json.loads((tmp_path / "crawl.lock").read_text())["by"]
        os.kill(int(by.split()[1]), signal.SIGKILL)
        said = run.communicate(timeout=60)[1]
        assert run.returncode == json.loads((tmp_path / "heartbeat.json").read_text())["exit_code"] == 1
    assert "`mentorwatch crawl` was ended by SIGKILL (was there not enough memory?)" in said


def test_texts_that_only_an_earlier_crawl_saw_are_judged_with_the_newest(borough):
    assert mentorwatch("crawl", *asking(borough)).returncode == 0
    borough.pages["/page/1"] = ("Mentoring page 1", "Mentor support has moved to the library of Small Borough.")
    borough.serve()
    assert mentorwatch("crawl", *asking(borough)).returncode == 0
    done = mentorwatch("classify", *of_it(borough))
    assert "left unjudged by an earlier run, crawl 1: " in done.stderr, done.stderr
    assert len(borough.rows(select(r.judgement.c.text_hash).distinct())) == len(borough.pages) + 1
    assert "earlier" not in mentorwatch("classify", *of_it(borough)).stderr


@pytest.mark.parametrize("from_page", [0, 2])
def test_a_damaged_record_is_named_in_a_line_and_the_heartbeat_is_written(months, tmp_path, from_page):
    """From its first page on, or behind the schema, where opening it shows nothing yet."""
    months(20)
    url = str(months.record.engine.url)
    with months.record.engine.connect() as db:
        db.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
    months.record.close()
    with (tmp_path / "record.db").open("r+b") as file:
        page = int.from_bytes(file.read(18)[16:18], "big")
        size = file.seek(0, os.SEEK_END)
        file.seek(from_page * page)
        file.write(b"\xa5" * (size - from_page * page))
    for verb in (["status"], ["run", "--site=http://127.0.0.1:9/", "--allow=127.0.0.1:9"]):
        done = mentorwatch(*verb, f"--record={url}")
        assert done.returncode == 2, done.stderr
        assert "Traceback" not in done.stderr
        assert "record.db" in done.stderr.splitlines()[-1]
        assert "backup" in done.stderr.splitlines()[-1]
    assert json.loads((tmp_path / "heartbeat.json").read_text())["exit_code"] == 2


def test_a_warc_file_that_is_cut_short_or_missing_is_named_and_one_that_nothing_needs_is_not(borough, tmp_path):
    assert mentorwatch("crawl", *asking(borough, "--as-of=2008-07-29")).returncode == 0
    check = ["status", f"--record={borough.url}", "--max-unusable=100"]
    (warc,) = (tmp_path / "warc").glob("*.warc.gz")
    whole = warc.read_bytes()
    assert mentorwatch(*check).returncode == 0
    warc.write_bytes(whole[:-1])
    cut = mentorwatch(*check)
    assert cut.returncode == 1
    assert f"{warc}: has {len(whole) - 1:,} bytes" in cut.stderr
    warc.unlink()
    missing = mentorwatch(*check)
    assert missing.returncode == 1
    assert f"{warc}: is missing" in missing.stderr
    warc.write_bytes(whole)
    assert mentorwatch("purge", f"--record={borough.url}", "--older-than=3y", "--yes").returncode == 0
    warc.unlink()
    assert mentorwatch(*check).returncode == 0, "retention has removed what was in it"


# -- Vitals ------------------------------------------------------------------------------------------------------------------

KENT = "E10000016"


@pytest.fixture
def months(tmp_path):
    """A function that adds a crawl of Kent, a month after the one before, with so many hits for 'mentor' (None: blocked)."""
    protocol = small_protocol(tmp_path)
    with Record.open(f"sqlite:///{tmp_path / 'record.db'}") as record:
        emptied(record)
        made = []

        def add(hits, sample="authorities"):
            crawl = SmallCrawl(
                record, protocol, [KENT], sample=sample, as_of=date(2026, 1, 1) + timedelta(days=31 * len(made))
            )
            made.append(crawl)
            if hits is None:
                crawl.asked(KENT, "mentor", status="blocked", reason="blocked by a wall")
            else:
                crawl.asked(KENT, "mentor", [f"p{n}" for n in range(hits)])
            with record.begin() as db:
                db.execute(r.crawl.update().values(finished_at=datetime.now(UTC)))
            return crawl

        add.record = record
        yield add


def newest(months):
    return health(months.record).vitals


def test_a_search_that_breaks_is_named_with_the_day_it_last_answered(months):
    months(20)
    months(None)
    (broken,) = newest(months).broken
    assert (broken.authority, broken.status, broken.queries, broken.answered_last) == (KENT, "blocked", 1, "2026-01-01")
    months(None)
    assert newest(months).broken == (), "it broke before"


def test_a_site_that_blocks_is_named_for_as_long_as_it_does(months):
    months(20)
    months(None)
    months(None)
    (blocked,) = newest(months).blocked
    assert (blocked.searches, blocked.since) == (1, "2026-02-01")
    months(20)
    assert newest(months).blocked == ()


@pytest.mark.parametrize(("hits", "named"), [(20, False), (29, False), (45, True), (5, True)])
def test_a_total_far_from_its_own_median_is_named(months, hits, named):
    for before in (20, 21, 19):
        months(before)
    months(hits)
    assert [x.hits for x in newest(months).outliers] == ([hits] if named else [])


def test_a_search_that_lost_part_of_its_index_is_told_from_a_site_that_was_cleared(months):
    months(20)
    assert newest(months).shrunk == ()
    crawl = months(8)
    crawl.fetched(KENT, "p0")
    for n in (15, 16, 17):
        crawl.fetched(KENT, f"p{n}")
    crawl.fetched(KENT, "p18", outcome="gone", status=410)
    (shrunk,) = newest(months).shrunk
    assert (shrunk.authority, shrunk.hits, shrunk.median, shrunk.served, shrunk.gone) == (KENT, 8, 20, 3, 1)
    shown = mentorwatch("status", f"--record={months.record.engine.url}").stdout
    assert "Lists less than half of what it did" in shown
    assert " of the protocol small, sample authorities, as of " in shown
    months(11)
    assert newest(months).shrunk == ()


def test_two_crawls_are_no_median(months):
    for hits in (20, 20, 90):
        months(hits)
    assert newest(months).outliers == ()


def test_the_last_good_check_of_each_authority_is_told(months):
    months(20)
    months(None)
    assert [(g.authority, g.as_of) for g in newest(months).last_good] == [(KENT, "2026-01-01")]


def test_what_was_taken_in_from_elsewhere_is_nobodys_past(months):
    months(None)
    months(20, sample=r.ARCHIVE)
    months(None)
    assert newest(months).broken == ()


def test_status_does_not_stay_quiet(months, tmp_path):
    months(20)
    url = f"--record={months.record.engine.url}"
    assert mentorwatch("status", url).returncode == 0
    months(None)
    done = mentorwatch("status", url)
    assert done.returncode == 1
    assert "Broke since last time" in done.stdout
    asked = vitals_of(months).asked
    assert mentorwatch("status", url, f"--max-unusable={100 / asked:.1f}").returncode == 0, "one of so many is allowed"
    with months.record.begin() as db:
        db.execute(r.crawl.update().values(finished_at=datetime.now(UTC) - timedelta(days=41)))
    late = mentorwatch("status", url, "--max-unusable=100")
    assert late.returncode == 4
    assert "41 days ago" in late.stderr
    assert mentorwatch("status", url, "--max-unusable=100", "--max-age-days=50").returncode == 0


def test_a_crawl_that_ended_in_the_future_is_no_crawl_of_today(months):
    months(20)
    with months.record.begin() as db:
        db.execute(r.crawl.update().values(finished_at=datetime.now(UTC) + timedelta(days=2)))
    done = mentorwatch("status", f"--record={months.record.engine.url}", "--max-unusable=100")
    assert done.returncode == 1
    assert "clock has gone back" in done.stderr


def test_a_log_or_heartbeat_that_cannot_be_written_is_said_before_anything_is_asked_for(borough, tmp_path):
    (tmp_path / "file").touch()
    for option, says in (
        (f"--log={tmp_path / 'none' / 'log'}", "there is no folder"),
        (f"--heartbeat={tmp_path / 'file' / 'beat'}", "the heartbeat cannot be written"),
    ):
        done = mentorwatch("run", *asking(borough, option))
        assert done.returncode == 2, done.stderr
        assert says in " ".join(done.stderr.split())
        assert "Traceback" not in done.stderr
    assert borough.site.asked == []


def test_what_is_private_is_made_private_and_a_report_is_not(borough, tmp_path):
    borough.url = f"sqlite:///{tmp_path / 'data' / 'record.db'}"
    before = os.umask(0o022)
    done = mentorwatch("run", *asking(borough, f"--output={tmp_path / 'report'}"))
    os.umask(before)
    assert done.returncode == 0, done.stderr
    made = tmp_path / "data"
    assert [oct(path.stat().st_mode & 0o777) for path in (made, made / "record.db", made / "warc")] == [
        "0o700",
        "0o600",
        "0o700",
    ]
    assert (tmp_path / "report" / "report.html").stat().st_mode & 0o044 == 0o044


def vitals_of(months):
    with months.record.begin() as db:
        return vitals(db, months.record.latest_crawl())
