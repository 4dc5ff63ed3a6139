"""ht://Dig with Debian's own templates and search page, over a small site of pages and documents."""

import contextlib
import functools
import html
import os
import re
import subprocess
import threading
from collections.abc import Iterator
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from tests.services.content import PUBLISHED, Article, articles, as_pdf, as_text
from tests.services.daemon import find_program, need_file, room, run_once
from tests.services.engine import Engine

HTSEARCH = "/usr/lib/cgi-bin/htsearch"
TIME_LIMIT = 60

# Debian's configuration, with what every site has to set itself; htsearch shows ten pages of results unless
# told otherwise, which a site of several hundred pages would do.
_CONFIG = """include: /etc/htdig/htdig.conf
database_dir: {folder}/db
start_url: {url}
limit_urls_to: {url}
maximum_pages: 100
endings_root2word_db: {folder}/db/root2word.db
endings_word2root_db: {folder}/db/word2root.db
synonym_db: {folder}/db/synonyms.db
external_parsers: application/pdf->text/plain {folder}/pdf2text
"""


@contextlib.contextmanager
def htdig() -> Iterator[Engine]:
    """A site of `PUBLISHED` pages, every tenth a PDF and every eleventh plain text; `count` asks htsearch itself."""
    need_file(HTSEARCH)
    converter = find_program("pdftotext")
    with room(None) as folder:
        site, config = folder / "site", folder / "conf"
        for new in (site, config, folder / "db"):
            new.mkdir()
        _write_site(site)
        with _serve(site, config) as host:
            url = f"http://{host}/"
            (folder / "pdf2text").write_text(f'#!/bin/sh\nexec {converter} "$1" -\n', encoding="ascii")
            (folder / "pdf2text").chmod(0o755)
            settings = config / "htdig.conf"
            settings.write_text(_CONFIG.format(folder=folder, url=url), encoding="ascii")
            for step in (["htdig", "-i"], ["htpurge"], ["htfuzzy", "endings"], ["htfuzzy", "synonyms"]):
                name, *options = step
                run_once([find_program(name), "-c", str(settings), *options], cwd=folder, env=_environment(folder))
            yield Engine(url, host, functools.partial(_count, config))


def _count(config: Path, query: str) -> int:
    """MATCHES of htsearch's own results header for a query, as htsearch's CGI shows it with one hit a page."""
    page = _htsearch(config, f"config=htdig&method=and&format=builtin-short&matchesperpage=1&words={query}", "")
    if "No matches were found" in page:
        return 0
    found = re.search(r"Documents 1 - 1 of (\d+) matches", page)
    assert found, page
    return int(found.group(1))


def _htsearch(config: Path, query: str, form: str) -> str:
    environment = {
        "CONFIG_DIR": str(config),
        "GATEWAY_INTERFACE": "CGI/1.1",
        "SCRIPT_NAME": "/cgi-bin/htsearch",
        "REQUEST_METHOD": "POST" if form else "GET",
        "QUERY_STRING": query,
        "CONTENT_TYPE": "application/x-www-form-urlencoded",
        "CONTENT_LENGTH": str(len(form)),
    }
    done = subprocess.run(
        [HTSEARCH],
        input=form.encode("latin-1"),
        env=environment,
        capture_output=True,
        timeout=TIME_LIMIT,
        check=True,
    )
    return done.stdout.decode("latin-1").replace("\r\n", "\n")


class _Handler(SimpleHTTPRequestHandler):
    """Static files, and htsearch under /cgi-bin/, as Debian's web servers have it."""

    protocol_version = "HTTP/1.0"
    config: Path

    def do_GET(self) -> None:
        if self.path.split("?")[0] == "/cgi-bin/htsearch":
            self._search(self.path.partition("?")[2], "")
        else:
            super().do_GET()

    def do_POST(self) -> None:
        length = int(self.headers.get("Content-Length") or 0)
        self._search("", self.rfile.read(min(length, 100_000)).decode("latin-1"))

    def _search(self, query: str, form: str) -> None:
        head, _, body = _htsearch(self.config, query, form).partition("\n\n")
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
def _serve(site: Path, config: Path) -> Iterator[str]:
    handler = type("Handler", (_Handler,), {"config": config})
    server = ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(handler, directory=str(site)))
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def _write_site(site: Path) -> None:
    links = []
    for number, article in enumerate(articles()):
        if article.draft:
            continue
        suffix, content = _document(number, article)
        (site / f"{article.slug}{suffix}").write_bytes(content)
        links.append(f'<li><a href="{article.slug}{suffix}">{html.escape(article.title)}</a>')
    assert len(links) == PUBLISHED
    (site / "pages.html").write_text(_page("All our pages", f"<ul>{''.join(links)}</ul>"), encoding="ascii")
    home = "<p>Welcome. Here you find bins, parking, libraries and planning.</p>"
    (site / "index.html").write_text(_page("Fernhill District Council", home), encoding="ascii")
    # Unmodified, as Debian brings it.
    form = need_file("/usr/share/doc/htdig/examples/search.html")
    (site / "search.html").write_bytes(form.read_bytes())


def _document(number: int, article: Article) -> tuple[str, bytes]:
    if number % 10 == 3:
        return ".pdf", as_pdf(article)
    if number % 11 == 5:
        return ".txt", as_text(article)
    text = "".join(f"<p>{html.escape(paragraph)}</p>\n" for paragraph in article.paragraphs)
    return ".html", _page(article.title, text).encode("ascii")


def _page(title: str, body: str) -> str:
    return (
        f"<html><head><title>{html.escape(title)}</title></head><body><h1>{html.escape(title)}</h1>\n"
        '<p><a href="/">Home</a> | <a href="/pages.html">A to Z</a> | <a href="/search.html">Search this site</a></p>\n'
        f"{body}</body></html>\n"
    )


def _environment(folder: Path) -> dict[str, str]:
    return {"PATH": os.environ["PATH"], "TMPDIR": str(folder), "LANG": "C"}
