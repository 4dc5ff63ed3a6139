"""Swish-e with its own CGI script and template, over the same small site of pages and documents as ht://Dig's."""

import contextlib
import functools
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

from tests.services.cgisite import run_cgi, serve, write_site
from tests.services.daemon import find_program, need_file, room, run_once
from tests.services.engine import Engine

SCRIPT = "/usr/lib/swish-e/swish.cgi"
ADDRESS = "/cgi-bin/swish.cgi"

_INDEXING = """IndexDir {site}
IndexFile {index}
IndexOnly .html .txt .pdf
IndexContents HTML* .html .htm
IndexContents TXT* .txt .pdf
StoreDescription HTML* <body> 4000
StoreDescription TXT* 4000
FileFilter .pdf pdftotext '"%p" -'
ReplaceRules remove {site}
"""


@contextlib.contextmanager
def swishe() -> Iterator[Engine]:
    """A site of `PUBLISHED` pages that links to swish.cgi; `count` is what the swish-e program itself finds."""
    need_file(SCRIPT)
    program = find_program("swish-e")
    find_program("pdftotext")
    with room(None) as folder:
        site, index = folder / "site", folder / "index.swish-e"
        site.mkdir()
        write_site(site, ADDRESS)
        config = folder / "swish.conf"
        config.write_text(_INDEXING.format(site=site, index=index), encoding="ascii")
        run_once([program, "-c", str(config), "-v", "0"])
        # The script reads this from the folder that it runs in.
        (folder / ".swishcgi.conf").write_text(
            f"return {{ swish_index => '{index}', swish_binary => '{program}' }};\n", encoding="ascii"
        )
        with serve(site, ADDRESS, functools.partial(_answer, folder)) as host:
            yield Engine(f"http://{host}/", host, functools.partial(_count, program, index))


def _answer(folder: Path, query: str, form: str) -> str:
    # Older than Perl 5.26, since which a program does not read Perl from the folder that it runs in.
    environment = {"SERVER_NAME": "127.0.0.1", "PERL_USE_UNSAFE_INC": "1"}
    return run_cgi(SCRIPT, ADDRESS, query, form, environment, folder)


def _count(program: str, index: Path, query: str) -> int:
    done = subprocess.run([program, "-f", str(index), "-w", query], capture_output=True, text=True, check=False)
    found = re.search(r"# Number of hits: (\d+)", done.stdout)
    return int(found[1]) if found else 0
