"""Killed at any instant and started again, a crawl completes: its record is that of a run nobody disturbed."""

import hashlib
import os
import random
import signal
import subprocess
import time

import pytest
from sqlalchemy import select
from warcio.archiveiterator import ArchiveIterator

from study import record as r
from study.record import Record, RecordError
from tests.running import ROOT, clean_environment, command, crawl_arguments, mentorwatch, replica

KILLS = 20
SITES = ["E06000022", "E10000032", "E08000012"]


def contents(url):
    """Everything a record says, less ids, times, order and WARC places."""
    with Record.open(url) as record, record.begin() as db:
        searches = select(
            r.site.c.authority,
            *(c for c in r.search.c if c.name not in ("id", "crawl_id", "site_id", "finished_at")),
        ).join(r.site, r.site.c.id == r.search.c.site_id)
        hits = (
            select(
                r.site.c.authority,
                r.search.c.query,
                r.hit.c.rank,
                r.page.c.url.label("page"),
                *(r.hit.c[n] for n in ("url", "title", "snippet")),
            )
            .select_from(r.hit)
            .join(r.search, r.search.c.id == r.hit.c.search_id)
            .join(r.site, r.site.c.id == r.search.c.site_id)
            .join(r.page, r.page.c.id == r.hit.c.page_id)
        )
        captures = select(
            r.page.c.authority,
            r.page.c.url.label("page"),
            *(
                r.capture.c[n]
                for n in (
                    "url",
                    "state",
                    "outcome",
                    "reason",
                    "status",
                    "final_url",
                    "etag",
                    "last_modified",
                    "raw_hash",
                )
            ),
        ).join(r.page, r.page.c.id == r.capture.c.page_id)
        sites = select(*(c for c in r.site.c if c.name not in ("id", "crawl_id", "checked_at")))
        queries = {
            "crawls": select(
                r.crawl.c.protocol,
                r.crawl.c.sample,
                r.crawl.c.targets,
                (r.crawl.c.finished_at.is_not(None)).label("finished"),
            ),
            "sites": sites,
            "searches": searches,
            "hits": hits,
            "pages": select(r.page.c.authority, r.page.c.url, r.page.c.first_seen, r.page.c.last_seen),
            "captures": captures,
            "bodies": select(r.body),
            "extractions": select(r.extraction),
        }
        return {name: sorted(repr(tuple(row)) for row in db.execute(query)) for name, query in queries.items()}


def check_warcs(url, directory):
    """Every capture stands in its WARC file as its hash says, and nothing else does."""
    with Record.open(url) as record, record.begin() as db:
        places = db.execute(
            select(r.capture.c.warc_file, r.capture.c.warc_offset, r.capture.c.warc_length, r.capture.c.raw_hash).where(
                r.capture.c.warc_file.is_not(None)
            )
        ).all()
    assert places
    sizes = dict.fromkeys((p.warc_file for p in places), 0)
    for place in places:
        sizes[place.warc_file] += place.warc_length
        with (directory / "warc" / place.warc_file).open("rb") as stream:
            stream.seek(place.warc_offset)
            stored = next(iter(ArchiveIterator(stream))).content_stream().read()
        assert hashlib.sha256(stored).hexdigest() == place.raw_hash
    assert {path.name: path.stat().st_size for path in (directory / "warc").glob("*.warc.gz")} == sizes


def is_finished(url):
    """Tell whether the record holds a crawl with nothing left to do."""
    try:
        with Record.open(url, create=False) as record, record.begin() as db:
            return db.execute(select(r.crawl.c.finished_at)).scalar() is not None
    except RecordError:  # killed before there was one
        return False


def killed_run(arguments, directory, seconds):
    """Start the crawl, kill its whole process group after ``seconds``; tell whether it had finished before."""
    process = subprocess.Popen(
        command("crawl", *arguments),
        start_new_session=True,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        cwd=ROOT,
        env={**clean_environment(), "MENTORWATCH_DIRECTORY": str(directory)},
    )
    try:
        process.wait(seconds)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        return False
    assert process.returncode == 0
    return True


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.services)])
def fresh_record(request):
    """A function that gives the URL of an empty record whose files stand in a directory."""
    if request.param == "sqlite":
        return lambda directory: f"sqlite:///{directory / 'record.db'}"
    url = request.getfixturevalue("postgres_url")

    def emptied(_):
        with Record.open(url) as record, record.begin() as db:
            for table in reversed(r.metadata.sorted_tables):
                db.execute(table.delete())
        return url

    return emptied


@pytest.mark.slow
def test_a_crawl_killed_at_twenty_random_instants_ends_as_if_undisturbed(fresh_record, tmp_path):
    seed = int(os.environ.get("KILL_SEED", time.time_ns() % 100_000))
    print(f"seed {seed}: repeat with KILL_SEED={seed}")
    chance = random.Random(seed)
    with replica(0.3, SITES) as homes:

        def begin(name):
            directory = tmp_path / name
            directory.mkdir()
            url = fresh_record(directory)
            return directory, url, [*crawl_arguments(homes, directory, url), "--delay=0.01"]

        directory, url, arguments = begin("undisturbed")
        began = time.monotonic()
        done = mentorwatch("crawl", *arguments, MENTORWATCH_DIRECTORY=str(directory))
        took = time.monotonic() - began
        assert done.returncode == 0, done.stderr
        expected = contents(url)
        assert len(expected["captures"]) > 100
        check_warcs(url, directory)
        kills, rounds = 0, 0
        while kills < KILLS:
            rounds += 1
            directory, url, arguments = begin(f"round-{rounds}")
            # While kills are left they come at any moment between the first import and about the time a whole run takes.
            while not killed_run(arguments, directory, chance.uniform(0.3, took) if kills < KILLS else 300):
                kills += 1
                if is_finished(url):  # the kill came between the last commit and the end of the process
                    break
            found = contents(url)
            for name, rows in expected.items():
                assert found[name] == rows, f"{name} differ after {kills} kills (seed {seed})"
            check_warcs(url, directory)
        print(f"{kills} kills in {rounds} crawls, each like the undisturbed one")
