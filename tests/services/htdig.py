"""ht://Dig with Debian's own templates and search page, over a small site of pages and documents."""

import contextlib
import functools
import os
import re
from collections.abc import Iterator
from pathlib import Path

from tests.services.cgisite import run_cgi, serve, write_site
from tests.services.daemon import find_program, need_file, room, run_once
from tests.services.engine import Engine

HTSEARCH = "/usr/lib/cgi-bin/htsearch"
ADDRESS = "/cgi-bin/htsearch"

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
    # Unmodified, as Debian brings it.
    form = need_file("/usr/share/doc/htdig/examples/search.html")
    with room(None) as folder:
        site, config = folder / "site", folder / "conf"
        for new in (site, config, folder / "db"):
            new.mkdir()
        write_site(site, "/search.html")
        (site / "search.html").write_bytes(form.read_bytes())
        with serve(site, ADDRESS, functools.partial(_htsearch, config)) as host:
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
    return run_cgi(HTSEARCH, ADDRESS, query, form, {"CONFIG_DIR": str(config)})


def _environment(folder: Path) -> dict[str, str]:
    return {"PATH": os.environ["PATH"], "TMPDIR": str(folder), "LANG": "C"}
