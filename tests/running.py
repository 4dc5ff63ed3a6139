"""What several tests run: our own commands as processes, the replica, and a small site that does what a test tells it."""

from __future__ import annotations

import contextlib
import json
import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

ROOT = Path(__file__).parent.parent


def mentorwatch(
    *arguments: str, timeout: float = 300, cwd: Path = ROOT, **environment: str
) -> subprocess.CompletedProcess[str]:
    """Run one of our commands to its end."""
    return subprocess.run(
        command(*arguments),
        capture_output=True,
        text=True,
        timeout=timeout,
        cwd=cwd,
        env={**clean_environment(), **environment},
        check=False,
    )


def command(*arguments: str) -> list[str]:
    """Our command as a list for subprocess."""
    return [sys.executable, "-m", "mentorwatch", *arguments]


def clean_environment() -> dict[str, str]:
    """The environment without our own variables, so that a developer's settings change no test."""
    return {name: value for name, value in os.environ.items() if not name.startswith("MENTORWATCH_")}


def free_ports(count: int) -> int:
    """A port with ``count - 1`` free ones after it."""
    for start in range(21000, 32000, 40):
        with contextlib.ExitStack() as stack:
            try:
                for port in range(start, start + count):
                    listener = stack.enter_context(socket.socket())
                    listener.bind(("127.0.0.1", port))
            except OSError:
                continue
            return start
    raise RuntimeError("no free ports")


@contextlib.contextmanager
def replica(scale: float, only: list[str] | None = None) -> Iterator[dict[str, str]]:
    """Serve the replica; yield code -> home page."""
    arguments = ["--base-port", str(free_ports(30)), "--scale", str(scale)]
    for code in only or ():
        arguments += ["--only", code]
    with subprocess.Popen(
        [sys.executable, "-m", "replica", *arguments], stdout=subprocess.PIPE, text=True, cwd=ROOT
    ) as server:
        try:
            assert server.stdout is not None
            yield json.loads(server.stdout.readline())["homes"]
        finally:
            server.kill()


def crawl_arguments(homes: dict[str, str], directory: Path, record_url: str = "") -> list[str]:
    """The arguments of `mentorwatch crawl` for replica sites."""
    homes_file = directory / "homes.csv"
    homes_file.write_text("code,website\n" + "".join(f"{code},{home}\n" for code, home in homes.items()))
    return [
        "--record",
        record_url or f"sqlite:///{directory / 'record.db'}",
        f"--homes={homes_file}",
        "--as-of=2008-07-29",
        *(f"--authority={code}" for code in homes),
        *(f"--allow={urlsplit(home).netloc}" for home in homes.values()),
    ]


@dataclass
class Answer:
    """What a small site answers."""

    body: bytes | str = ""
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    wait: float = 0.0  # seconds before it answers

    def validated_by(self, asked: dict[str, str]) -> bool:
        """Whether a conditional request with these headers is to be told 304."""
        etag, modified = self.headers.get("ETag"), self.headers.get("Last-Modified")
        if "if-none-match" in asked:  # which goes before a date (RFC 9110, 13.2.2)
            return etag is not None and asked["if-none-match"] == etag
        return modified is not None and asked.get("if-modified-since") == modified


@dataclass
class Asked:
    """What a small site was asked."""

    path: str
    at: float
    agent: str
    query: dict[str, list[str]]
    headers: dict[str, str] = field(default_factory=dict)  # names in lower case


class SmallSite:
    """A local site whose answers are given by path; a callable answer gets the query."""

    def __init__(self, answers: dict[str, Answer | Callable[[dict[str, list[str]]], Answer]]) -> None:
        self.answers, self.asked = answers, []  # type: ignore[var-annotated]
        site = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                parts = urlsplit(self.path)
                query = parse_qs(parts.query, keep_blank_values=True)
                headers = {name.lower(): value for name, value in self.headers.items()}
                site.asked.append(Asked(parts.path, time.monotonic(), headers.get("user-agent", ""), query, headers))
                found = site.answers.get(parts.path, Answer("no such page", 404))
                answer = found(query) if callable(found) else found
                if answer.validated_by(headers):
                    answer = Answer(status=304, headers=answer.headers)
                if answer.wait:
                    time.sleep(answer.wait)
                body = answer.body.encode() if isinstance(answer.body, str) else answer.body
                self.send_response(answer.status)
                told = {
                    "Content-Type": "text/html; charset=utf-8",
                    "Content-Length": str(len(body)),
                    **answer.headers,
                }
                for name, value in told.items():
                    self.send_header(name, value)
                self.end_headers()
                with contextlib.suppress(ConnectionError):
                    self.wfile.write(body)

            def log_message(self, *_: object) -> None: ...

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.port = self.server.server_port
        self.url = f"http://127.0.0.1:{self.port}/"
        self.allow = f"127.0.0.1:{self.port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def paths(self) -> list[str]:
        """The paths asked for, in order."""
        return [asked.path for asked in self.asked]

    def close(self) -> None:
        """Stop serving."""
        self.server.shutdown()
        self.server.server_close()


HOME = """<html><head><title>Small Borough Council</title></head><body><h1>Welcome to Small Borough</h1>
<form action="/search" role="search"><input type="text" name="q"><input type="submit" value="Search"></form>
<p>Refuse collection, allotments, libraries and council tax: everything about Small Borough.</p></body></html>"""


def searchable(
    pages: dict[str, tuple[str, str]], per_page: int = 10
) -> dict[str, Answer | Callable[[dict[str, list[str]]], Answer]]:
    """A small site with a search over ``pages`` (path -> title, text): plain, honest, paged."""

    def search(query: dict[str, list[str]]) -> Answer:
        words = query.get("q", [""])[0].lower()
        start = int(query.get("start", ["0"])[0])
        found = [(path, *page) for path, page in pages.items() if words and words in f"{page[0]} {page[1]}".lower()]
        shown = found[start : start + per_page]
        if not found:
            inside = f"<p>Sorry, no results were found for {words}.</p>"
        else:
            items = "".join(f'<li><a href="{path}">{title}</a><p>{text[:80]}</p></li>' for path, title, text in shown)
            last = start + len(shown)
            inside = f"<p>Results {start + 1} - {last} of {len(found)}</p><ol>{items}</ol>"
            if last < len(found):
                inside += f'<p><a href="/search?q={words}&amp;start={last}">Next</a></p>'
        return Answer(HOME.replace("</form>", f"</form><h2>Search results</h2>{inside}"))

    home = Answer(HOME)
    return {
        "/": home,
        "/search": search,
        "/robots.txt": Answer("User-agent: *\nDisallow:\n", headers={"Content-Type": "text/plain"}),
        **{
            path: Answer(f"<html><head><title>{title}</title></head><body><p>{text}</p></body></html>")
            for path, (title, text) in pages.items()
        },
    }
