"""Xapian Omega with its own templates, over the same small site of pages and documents as ht://Dig's."""

import contextlib
import functools
from collections.abc import Iterator
from pathlib import Path

from tests.services.cgisite import run_cgi, serve, write_site
from tests.services.daemon import find_program, need_file, room, run_once
from tests.services.engine import Engine

OMEGA = "/usr/lib/cgi-bin/omega/omega"
ADDRESS = "/cgi-bin/omega"
TEMPLATES = "/usr/share/xapian-omega/templates"

# What a package's configuration says, with folders of our own.
_CONFIG = """database_dir {folder}/db
template_dir {templates}
log_dir {folder}/log
cdb_dir {folder}/cdb
"""


@contextlib.contextmanager
def omega() -> Iterator[Engine]:
    """A site of `PUBLISHED` pages that links to Omega's own search page; `count` is Omega's $msize, no template of its."""
    need_file(OMEGA)
    find_program("pdftotext")  # omindex reads PDFs by it
    with room(None) as folder:
        site, count = folder / "site", folder / "count"
        for new in (site, count, folder / "db", folder / "log", folder / "cdb"):
            new.mkdir()
        write_site(site, ADDRESS)
        run_once([find_program("omindex"), "--db", str(folder / "db/default"), "--url", "/", str(site)])
        config = folder / "omega.conf"
        config.write_text(_CONFIG.format(folder=folder, templates=need_file(TEMPLATES)), encoding="ascii")
        (count / "query").write_text("$msize", encoding="ascii")
        counting = folder / "count.conf"
        counting.write_text(_CONFIG.format(folder=folder, templates=count), encoding="ascii")
        with serve(site, ADDRESS, functools.partial(_omega, config)) as host:
            yield Engine(f"http://{host}/", host, functools.partial(_count, counting))


def _omega(config: Path, query: str, form: str) -> str:
    return run_cgi(OMEGA, ADDRESS, query, form, {"OMEGA_CONFIG_FILE": str(config)})


def _count(config: Path, query: str) -> int:
    # All documents are looked at, so that the number is no estimate.
    return int(_omega(config, f"P={query}&MINHITS=1000", "").rpartition("\n\n")[2])
