"""A labelling page to test: a record filled with texts, and our own command serving it as a process."""

from __future__ import annotations

import contextlib
import http.client
import re
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlencode, urlsplit

from sqlalchemy import select

from study import record as r
from study.protocol import load
from study.record import Record
from tests.running import ROOT, clean_environment, command
from tests.small_record import SmallCrawl

KENT, SUSSEX = "E10000016", "E10000032"
CLAUSE = "Each new teacher is given a mentor for the first year."


def letters(number: int) -> str:
    """A number in letters: texts that differ in figures alone are near-duplicates."""
    return "".join("abcdefghij"[int(digit)] for digit in f"{number:05d}")


def passage(number: int, words: int = 60) -> str:
    """A text of its own: it shares no word with that of another number, except for one clause about a mentor."""
    own = [f"{letters(number)}{letters(k)[2:]}" for k in range(words)]
    return f"{' '.join(own[: words // 2])}.\n{CLAUSE} {own[0]}\n{' '.join(own[words // 2 :])}."


def study_record(record: Record) -> SmallCrawl:
    """An empty crawl of two authorities in the study of 2008."""
    return SmallCrawl(record, load("nfer-2008"), [KENT, SUSSEX])


def fill(crawl: SmallCrawl, count: int, **judged: Any) -> list[str]:
    """Fetch texts of which the model is unsure, the first the most; return their hashes in the order of the queue."""
    kept = []
    for number in range(count):
        probability = 0.5 - number / (10 * count + 10)
        said = {"relevance": "ambiguous", "probability": probability, "evidence": [CLAUSE], **judged}
        kept.append(crawl.fetched(KENT, f"page{number}.html", passage(number), title=f"Page {letters(number)}", **said))
    return kept


def labels(record: Record) -> list[Any]:
    """All label rows, oldest first."""
    with record.begin() as db:
        return list(db.execute(select(r.label).order_by(r.label.c.id)))


@dataclass
class Page:
    """A running server: its links by pseudonym ('' where the page asks for one), and its process."""

    links: dict[str, str]
    process: subprocess.Popen[str]
    home: str = ""  # its address, ending in a slash

    def __post_init__(self) -> None:
        self.home = next(iter(self.links.values())).partition("sign-in")[0]

    def kill(self) -> None:
        """Kill it, as a power cut would."""
        self.process.kill()
        self.process.wait(timeout=10)


@contextlib.contextmanager
def served(url: str, *arguments: str, verb: str = "serve", port: int = 0, **environment: str) -> Iterator[Page]:
    """Run `mentorwatch labels serve` (or `adjudicate`) on a record; yield it once it answers."""
    line = command("labels", verb, "--record", url, "--port", str(port), *arguments)
    with subprocess.Popen(
        line, stdout=subprocess.PIPE, text=True, cwd=ROOT, env={**clean_environment(), **environment}
    ) as process:
        try:
            yield Page(_links(process, max(1, arguments.count("--annotator"))), process)
        finally:
            if process.poll() is None:
                process.terminate()
                process.wait(timeout=20)


def _links(process: subprocess.Popen[str], count: int) -> dict[str, str]:
    assert process.stdout is not None
    assert "open in a browser" in process.stdout.readline()
    links = {}
    for _ in range(count):
        found = re.match(r"  (?:(.*): )?(http://\S+)$", process.stdout.readline().rstrip("\n"))
        assert found is not None
        links[found[1] or ""] = found[2]
    return links


@dataclass
class Visitor:
    """Speaks plain HTTP to a server and keeps its cookie."""

    home: str
    cookie: str = ""
    headers: dict[str, str] = field(default_factory=dict)

    def ask(self, path: str, sent: dict[str, str] | None = None, **headers: str) -> tuple[int, str, dict[str, str]]:
        connection = http.client.HTTPConnection(urlsplit(self.home).netloc, timeout=20)
        given = {"Cookie": self.cookie, **self.headers, **{k.replace("_", "-"): v for k, v in headers.items()}}
        body = None
        if sent is not None:
            body = urlencode(sent)
            given["Content-Type"] = "application/x-www-form-urlencoded"
        connection.request("GET" if sent is None else "POST", path, body, given)
        answer = connection.getresponse()
        text = answer.read().decode("utf-8", "replace")
        if "Set-Cookie" in answer.headers:
            self.cookie = answer.headers["Set-Cookie"].partition(";")[0]
        connection.close()
        return answer.status, text, dict(answer.headers)

    def sign_in(self, link: str, annotator: str | None = None) -> None:
        token = link.partition("token=")[2]
        sent = {"token": token} | ({"annotator": annotator} if annotator else {})
        status, _, headers = self.ask("/sign-in", sent)
        assert (status, headers["Location"]) == (303, "/read")

    def form(self, purpose: str = "decide") -> str:
        _, page, _ = self.ask("/read")
        found = re.search(rf'action="/{purpose}".*?name="form" value="([^"]+)"', page, re.DOTALL)
        assert found is not None
        return found[1]


def record_at(directory: Path) -> str:
    """The URL of a record in a directory."""
    return f"sqlite:///{directory / 'record.db'}"
