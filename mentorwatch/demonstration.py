"""The demo: our own commands, one after the other, on the replica.

The replica's answer key is read only by the scripted researcher (``replica.researcher``); nothing here that crawls or
judges sees it.
"""

from __future__ import annotations

import contextlib
import csv
import json
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

from rich.console import Console
from sqlalchemy import func, select

from mentorwatch.stages import stage
from study.errors import UserError
from study.tables import label

_AS_OF = "2008-07-29"  # the day of the study
_FINISHED = "finished"  # a file that says that the last demo in a directory came to its end
_MADE = (  # what a demo makes in its directory; the file that says it came to its end is the last to go
    *(f"mentorwatch.db{end}" for end in ("", "-wal", "-shm")),
    *("warc", "models", "labelling.key", "homes.csv", "to-read.csv", "read.csv", _FINISHED),
)
_RESEARCHER = "scripted-researcher"


def demonstrate(output: Path, scale: float, base_port: int, directory: Path) -> None:
    """Run the demo; an interrupted one goes on, a finished one is done again from nothing."""
    console = Console()
    record = f"sqlite:///{directory / 'mentorwatch.db'}"
    kept = ("--record", record)
    began = time.monotonic()
    with _replica(base_port, scale) as homes:
        if (directory / _FINISHED).exists():
            _start_anew(directory, record)
        directory.mkdir(parents=True, exist_ok=True)
        homes_file = directory / "homes.csv"
        with homes_file.open("w", newline="", encoding="utf-8") as file:
            csv.writer(file).writerows([("code", "website"), *homes.items()])
        allowed = [f"--allow={urlsplit(home).netloc}" for home in homes.values()]
        console.rule("Crawl: each site's own search, every keyword, to the last page")
        stage("crawl", *kept, f"--homes={homes_file}", "--sample=nfer-2008", f"--as-of={_AS_OF}", "--delay=0", *allowed)
    console.rule("Judge")
    stage("classify", *kept)
    console.rule("Report by the model alone")
    stage("report", *kept, "--model-only", "--output", str(output / "model-alone"))
    _compare_with_the_key(record, scale)
    console.rule("A scripted researcher answers the queue")
    form, answered = directory / "to-read.csv", directory / "read.csv"
    stage("labels", "queue", *kept, "-o", str(form))
    _answer(form, answered, scale)
    stage("labels", "import", *kept, str(answered), "--annotator", _RESEARCHER)
    console.rule("Report after the researcher")
    stage("report", *kept, "--output", str(output))
    (directory / _FINISHED).touch()
    console.print(f"Done in {time.monotonic() - began:.0f} s. The report is in {output}/, the record in {directory}/.")


def _start_anew(directory: Path, record: str) -> None:
    """Remove what the last demo made, and nothing else; refuse where people have decided texts in its record."""
    from study.record import Record

    database = directory / "mentorwatch.db"
    if database.exists():
        with Record.open(record, create=False) as opened, opened.begin() as db:
            count = func.count().filter(label.c.annotator != _RESEARCHER)
            decided = db.execute(select(count)).scalar_one()
        if decided:
            raise UserError(
                f"{database}: holds {decided} decisions that people made on the last demo; the demo begins from nothing, so name "
                "another --directory, or take them out (`mentorwatch labels export`) and remove that file"
            )
    for path in (directory / name for name in _MADE):
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)


@contextlib.contextmanager
def _replica(base_port: int, scale: float) -> Iterator[dict[str, str]]:
    command = [sys.executable, "-m", "replica", "--base-port", str(base_port), "--scale", str(scale)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        try:
            assert server.stdout is not None
            ready = json.loads(server.stdout.readline() or "{}")
            if not ready.get("ready"):
                raise UserError(
                    f"the replica did not start on ports {base_port} to {base_port + 29}; try another --base-port"
                )
            yield {code: str(home) for code, home in ready["homes"].items()}
        finally:
            server.terminate()


def _compare_with_the_key(record: str, scale: float) -> None:
    from replica.researcher import compare
    from study.record import Record

    with Record.open(record, create=False) as opened:
        Console().print(compare(opened, scale))


def _answer(form: Path, answered: Path, scale: float) -> None:
    from replica.researcher import answer

    read = answer(form, answered, scale)
    Console().print(f"read {read} texts")
