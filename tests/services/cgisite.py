"""A small site of pages and documents with a CGI program beside them, as Debian's web servers have both."""

import contextlib
import functools
import html
import os
import subprocess
import threading
from collections.abc import Callable, Iterator
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from tests.services.content import PUBLISHED, Article, articles, as_pdf, as_text

TIME_LIMIT = 60

# What a program answers to a query string and a posted form: headers, an empty line, the body; as latin-1.
Program = Callable[[str, str], str]


def run_cgi(
    program: str, address: str, query: str, form: str, environment: dict[str, str], folder: Path | None = None
) -> str:
    """What a CGI program at `address` answers; `environment` holds what it needs beside CGI's own variables.

    It runs in `folder`, where some look for their configuration.
    """
    own = {
        "PATH": os.environ["PATH"],
        "GATEWAY_INTERFACE": "CGI/1.1",
        "SCRIPT_NAME": address,
        "REQUEST_METHOD": "POST" if form else "GET",
        "QUERY_STRING": query,
        "CONTENT_TYPE": "application/x-www-form-urlencoded",
        "CONTENT_LENGTH": str(len(form)),
    }
    done = subprocess.run(
        [program],
        input=form.encode("latin-1"),
        env=own | environment,
        cwd=folder,
        capture_output=True,
        timeout=TIME_LIMIT,
        check=True,
    )
    return done.stdout.decode("latin-1").replace("\r\n", "\n")


class _Handler(SimpleHTTPRequestHandler):
    """Static files, and the program at its address."""

    protocol_version = "HTTP/1.0"
    address: str
    program: Program

    def do_GET(self) -> None:
        if self.path.split("?")[0] == self.address:
            self._answer(self.path.partition("?")[2], "")
        else:
            super().do_GET()

    def do_POST(self) -> None:
        length = int(self.headers.get("Content-Length") or 0)
        self._answer("", self.rfile.read(min(length, 100_000)).decode("latin-1"))

    def _answer(self, query: str, form: str) -> None:
        head, _, body = type(self).program(query, form).partition("\n\n")
        content = body.encode("latin-1")
        self.send_response(200)
        for line in head.splitlines():
            name, _, value = line.partition(":")
            self.send_header(name, value.strip())
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, format: str, *values: object) -> None:
        """Nothing: the tests' output is not a web server's log."""


@contextlib.contextmanager
def serve(site: Path, address: str, program: Program) -> Iterator[str]:
    """The host and port that show the files of `site` and the program, until the context ends."""
    handler = type("Handler", (_Handler,), {"address": address, "program": staticmethod(program)})
    server = ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(handler, directory=str(site)))
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def write_site(site: Path, search: str) -> None:
    """`PUBLISHED` pages, every tenth a PDF and every eleventh plain text, each page with a link to `search`."""
    links = []
    for number, article in enumerate(articles()):
        if article.draft:
            continue
        suffix, content = _document(number, article, search)
        (site / f"{article.slug}{suffix}").write_bytes(content)
        links.append(f'<li><a href="{article.slug}{suffix}">{html.escape(article.title)}</a>')
    assert len(links) == PUBLISHED
    pages = _page("All our pages", f"<ul>{''.join(links)}</ul>", search)
    (site / "pages.html").write_text(pages, encoding="ascii")
    home = "<p>Welcome. Here you find bins, parking, libraries and planning.</p>"
    (site / "index.html").write_text(_page("Fernhill District Council", home, search), encoding="ascii")


def _document(number: int, article: Article, search: str) -> tuple[str, bytes]:
    if number % 10 == 3:
        return ".pdf", as_pdf(article)
    if number % 11 == 5:
        return ".txt", as_text(article)
    text = "".join(f"<p>{html.escape(paragraph)}</p>\n" for paragraph in article.paragraphs)
    return ".html", _page(article.title, text, search).encode("ascii")


def _page(title: str, body: str, search: str) -> str:
    return (
        f"<html><head><title>{html.escape(title)}</title></head><body><h1>{html.escape(title)}</h1>\n"
        f'<p><a href="/">Home</a> | <a href="/pages.html">A to Z</a> | <a href="{search}">Search this site</a></p>\n'
        f"{body}</body></html>\n"
    )
