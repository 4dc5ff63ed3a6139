"""Trac from PyPI with its own templates, served by its own web server: a wiki whose pages its search finds."""

import contextlib
import functools
from collections.abc import Iterator
from pathlib import Path

from tests.services.content import PUBLISHED, articles
from tests.services.daemon import environment_of, free_port, listens, room, run_once, running
from tests.services.engine import Engine

HERE = Path(__file__).parent


@contextlib.contextmanager
def trac() -> Iterator[Engine]:
    """A wiki of `PUBLISHED` pages beside those that Trac brings; `count` asks Trac's search sources."""
    programs = environment_of("trac")
    with room(None) as folder:
        project, pages = folder / "project", folder / "pages"
        run_once([f"{programs}/trac-admin", str(project), "initenv", "Fernhill District Council", "sqlite:db/trac.db"])
        pages.mkdir()
        for article in articles():
            if not article.draft:  # Trac has no drafts
                text = "\n\n".join((f"= {article.title} =", *article.paragraphs))
                (pages / article.slug).write_text(text, encoding="ascii")
        assert len(list(pages.iterdir())) == PUBLISHED
        run_once([f"{programs}/trac-admin", str(project), "wiki", "load", str(pages)])
        port = free_port()
        serve = [f"{programs}/tracd", "-s", "--hostname", "127.0.0.1", "--port", str(port), str(project)]
        with running(serve, lambda: listens(port), log=folder / "trac.log"):
            command = [f"{programs}/python", "-P", str(HERE / "trac_count.py"), str(project)]
            count = functools.cache(lambda query: int(run_once([*command, query])))
            yield Engine(f"http://127.0.0.1:{port}/", f"127.0.0.1:{port}", count)
