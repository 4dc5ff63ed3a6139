"""Plone with its classic interface and default theme, from PyPI: pages, news items, text files and PDFs."""

import base64
import contextlib
import functools
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tests.services.content import PUBLISHED, Article, articles, as_pdf, as_text
from tests.services.daemon import environment_of, free_port, listens, room, run_once, running
from tests.services.engine import Engine

HERE = Path(__file__).parent


@contextlib.contextmanager
def plone() -> Iterator[Engine]:
    """A site of `PUBLISHED` items and some private ones; `count` asks the catalog itself, as an anonymous visitor."""
    programs = environment_of("plone")
    port = free_port()
    with room(None) as folder:
        site = folder / "site"
        run_once([f"{programs}/mkwsgiinstance", "-d", str(site), "-u", "admin:not-a-secret"])
        _set(site / "etc/zope.ini", "port = 8080", f"port = {port}")
        # Files need a place for blobs, which the skeleton of a Zope instance leaves out.
        data = "     path $INSTANCE/var/Data.fs\n"
        _set(site / "etc/zope.conf", data, f"{data}     blob-dir $INSTANCE/var/blobs\n")
        _set(site / "etc/zope.conf", data, f"{data}     read-only true\n", new=site / "etc/reading.conf")

        def console(settings: str, script: str, argument: str, **options: str) -> int:
            command = [f"{programs}/zconsole", "run", str(site / "etc" / settings), str(HERE / script), argument]
            return int(run_once(command, **options))

        content = json.dumps([_item(number, article) for number, article in enumerate(articles())])
        published = console("zope.conf", "plone_fill.py", "127.0.0.1", input=content)
        assert published == PUBLISHED, published
        command = [f"{programs}/runwsgi", str(site / "etc/zope.ini")]
        with running(command, lambda: listens(port), log=folder / "plone.log"):
            # A reader beside the server takes five seconds to start, and the content stays as it is.
            count = functools.cache(lambda query: console("reading.conf", "plone_count.py", query))
            yield Engine(f"http://127.0.0.1:{port}/", f"127.0.0.1:{port}", count)


def _item(number: int, article: Article) -> dict[str, Any]:
    item = {"slug": article.slug, "title": article.title, "draft": article.draft, "paragraphs": article.paragraphs}
    if number % 10 == 3:
        return item | {"type": "File", "suffix": "pdf", "file": base64.b64encode(as_pdf(article)).decode()}
    if number % 10 == 7:
        return item | {"type": "File", "suffix": "txt", "file": base64.b64encode(as_text(article)).decode()}
    return item | {"type": "Document" if number % 3 else "News Item"}


def _set(path: Path, old: str, new_text: str, *, new: Path | None = None) -> None:
    text = path.read_text(encoding="utf-8")
    assert text.count(old) == 1, f"{path}: {old}"
    (new or path).write_text(text.replace(old, new_text), encoding="utf-8")
