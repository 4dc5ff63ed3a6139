"""Namazu with its own CGI program and templates, over the same small site of pages and documents as ht://Dig's."""

import contextlib
import functools
import subprocess
from collections.abc import Iterator
from pathlib import Path

from tests.services.cgisite import run_cgi, serve, write_site
from tests.services.daemon import find_program, need_file, room, run_once
from tests.services.engine import Engine

PROGRAM = "/usr/lib/cgi-bin/namazu.cgi"
ADDRESS = "/cgi-bin/namazu.cgi"


@contextlib.contextmanager
def namazu() -> Iterator[Engine]:
    """A site of `PUBLISHED` pages that links to namazu.cgi; `count` is what the namazu program itself finds."""
    need_file(PROGRAM)
    program = find_program("namazu")
    with room(None) as folder:
        site, index = folder / "site", folder / "index"
        for new in (site, index):
            new.mkdir()
        write_site(site, ADDRESS)
        options = ["--quiet", "--indexing-lang=en_GB.UTF-8", "--allow=.*\\.(html|txt|pdf)", f"--output-dir={index}"]
        run_once([find_program("mknmz"), *options, f"--replace=s#{site}##", str(site)])
        settings = folder / "namazurc"
        settings.write_text(f"Index {index}\nLang en\n", encoding="ascii")
        with serve(site, ADDRESS, functools.partial(_answer, settings)) as host:
            yield Engine(f"http://{host}/", host, functools.partial(_count, program, index))


def _answer(settings: Path, query: str, form: str) -> str:
    return run_cgi(PROGRAM, ADDRESS, query, form, {"NAMAZURC": str(settings), "LANG": "C"}, settings.parent)


def _count(program: str, index: Path, query: str) -> int:
    command = [program, "--norc", "--count", query, str(index)]
    return int(subprocess.run(command, capture_output=True, text=True, check=True).stdout)
