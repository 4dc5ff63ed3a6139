"""DokuWiki as Debian packages it, with its default template, served by PHP's own web server.

Every page of it, the search and its hits too, has the same path. Pages are files; its own indexer reads them.
"""

import contextlib
from collections.abc import Iterator
from pathlib import Path

from tests.services.content import PUBLISHED, articles
from tests.services.daemon import find_program, free_port, listens, need_file, room, run_once, running
from tests.services.engine import Engine

HERE = Path(__file__).parent
FOLDERS = ("attic", "cache", "index", "locks", "log", "media", "media_attic", "media_meta", "meta", "pages", "tmp")

# DokuWiki's own way to settings elsewhere than in its folder: the name of theirs.
_SETTINGS = "<?php\ndefine('DOKU_CONF', '{folder}/conf/');\n"
_LOCAL = """<?php
$conf['title'] = 'Fernhill District Council';
$conf['savedir'] = '{folder}/data';
$conf['useacl'] = 1;
"""
# Read by the world, but for one namespace.
_ACCESS = "*\t@ALL\t1\nworking-papers:*\t@ALL\t0\n"
_START = "====== Fernhill District Council ======\n\nHere you find bins, parking, libraries and planning.\n"


@contextlib.contextmanager
def dokuwiki() -> Iterator[Engine]:
    """A wiki of `PUBLISHED` pages and some that only its authors may read; `count` asks its full-text search."""
    package = need_file("/usr/share/dokuwiki/doku.php").parent
    with room(None) as folder:
        settings = folder / "settings.php"
        settings.write_text(_SETTINGS.format(folder=folder), encoding="ascii")
        php = [find_program("php"), "-d", f"auto_prepend_file={settings}"]
        _fill(folder)
        run_once([*php, str(package / "bin/indexer.php"), "-q"])
        host = f"127.0.0.1:{(port := free_port())}"

        def count(query: str) -> int:
            return int(run_once([*php, str(HERE / "dokuwiki_count.php"), str(package), query]))

        with running(
            [*php, "-d", "opcache.enable_cli=1", "-S", host, "-t", str(package)],
            lambda: listens(port),
            log=folder / "php.log",
            environment={"PHP_CLI_SERVER_WORKERS": "2"},
        ):
            yield Engine(f"http://{host}/", host, count)


def _fill(folder: Path) -> None:
    conf, data = folder / "conf", folder / "data"
    for new in (conf, data, *(data / name for name in FOLDERS), data / "pages/working-papers"):
        new.mkdir()
    (conf / "local.php").write_text(_LOCAL.format(folder=folder), encoding="ascii")
    (conf / "acl.auth.php").write_text(_ACCESS, encoding="ascii")
    (conf / "users.auth.php").touch()
    (data / "pages/start.txt").write_text(_START, encoding="ascii")
    published = 0
    for article in articles():
        place = data / "pages" / ("working-papers" if article.draft else ".") / f"{article.slug}.txt"
        text = "\n\n".join((f"====== {article.title} ======", *article.paragraphs))
        place.write_text(text, encoding="ascii")
        published += not article.draft
    assert published == PUBLISHED
