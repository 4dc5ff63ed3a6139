"""`mentorwatch classify`: judge what the record holds, or texts from a file."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TextIO, cast

import typer

from mentorwatch import options as o

if TYPE_CHECKING:
    from rich.progress import Progress

    from classifier.files import Line, Pages
    from classifier.judge import Judge
    from classifier.model import Model
    from classifier.stage import Summary
    from study.protocol import Protocol
    from study.record import Record


def classify(
    input: Annotated[
        Path | None,
        typer.Option("--input", "-i", metavar="FILE|-", help="Pages to judge, .jsonl or .csv; - is standard input."),
    ] = None,
    output: Annotated[
        Path | None,
        typer.Option(
            "--output", "-o", metavar="FILE|-", help="Where the judged pages go.", show_default="-, standard output"
        ),
    ] = None,
    record: o.RecordUrl = "",
    protocol: o.ProtocolName = "nfer-2008",
    crawl: Annotated[
        int | None,
        typer.Option(
            "--crawl",
            metavar="ID",
            min=1,
            help="The crawl to judge.",
            show_default="the newest, and what earlier ones left",
        ),
    ] = None,
    form: Annotated[
        str | None,
        typer.Option("--format", metavar="jsonl|csv", help="Of --input and --output, where their names do not say."),
    ] = None,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Say nothing but errors.")] = False,
) -> None:
    """Judge texts: relevant, off-topic or ambiguous, with the quotes that carried the judgement.

    Without --input, every text of a crawl that is not judged yet is judged into the record, after whoever judges there now;
    without --crawl those of the newest crawl, and those of earlier crawls that were never judged, as where a run was killed.
    With --input, pages from elsewhere are judged: columns `id`, `url`, `title`, `text` (only `text` is needed, others are
    kept). Added are `relevance`, `probability` (of relevance among a search's hits; empty without a keyword or a model),
    `relation` (mentoring, coaching, both, none), `topics`, `approaches`, `mentions` (what and quote) and `evidence` (quotes).
    In CSV, codes are joined with ';' and mentions and evidence are JSON. A record named by --record adds its labels to what the
    model learns from.

    Lines that cannot be read are named on standard error and left out; a file that is not UTF-8 is refused. Exit code 0: judged;
    2: nothing could be read, or not all to the end.

    Examples:

        mentorwatch classify

        mentorwatch classify --input pages.jsonl --output judged.jsonl

        mentorwatch classify -i pages.csv -o - > judged.csv

        mentorwatch classify -i pages.jsonl --protocol ecf-2026
    """
    from study import protocol as protocols

    study = protocols.load(protocol)
    if input is None:
        if output is not None or form is not None:
            raise typer.BadParameter("--output and --format go with --input; without it the record is judged")
        _judge_record(o.record_url(record), study, crawl, quiet)
        return
    if crawl is not None:
        raise typer.BadParameter("--crawl names a crawl of the record; it does not go with --input")

    from classifier.files import Pages, form_of
    from classifier.judge import Judge

    read = form_of(str(input), form) or "jsonl"
    written = form_of(str(output or "-"), form) or read
    if {read, written} - {"jsonl", "csv"}:
        raise typer.BadParameter(f"--format is {form!r}; expected jsonl or csv")
    if output is not None and str(output) != "-" and str(input) != "-" and output.resolve() == input.resolve():
        raise typer.BadParameter("--output is --input itself; name another file")
    judge = Judge(study, _model(record, study))
    with ExitStack() as open_files:
        name = "standard input" if str(input) == "-" else str(input)
        pages = Pages(_opened(open_files, input, "r"), read, name)
        count = _judge_pages(pages, judge, open_files, output, written)
    for number, problem in pages.bad:
        typer.echo(f"{name}, line {number}: {problem}", err=True)
    if pages.bad or not quiet:
        left = f"; {len(pages.bad)} lines could not be read" if pages.bad else ""
        typer.echo(f"{count} pages judged{left}", err=True)
    if pages.bad and not count:
        raise typer.Exit(2)


def _judge_pages(pages: Pages, judge: Judge, open_files: ExitStack, output: Path | None, form: str) -> int:
    from classifier.files import Judged

    waiting: list[Line] = []

    def texts() -> Iterator[tuple[str, str]]:
        for line in pages:
            waiting.append(line)
            yield line.title, line.text

    # Opened before the first page is judged: a folder that cannot be written to is said at once.
    judged = Judged(_opened(open_files, output or Path("-"), "w"), form)
    count = 0
    for verdict in judge.judge_many(texts()):
        judged.write(waiting.pop(0), pages.columns, verdict)
        count += 1
    return count


def _judge_record(url: str, study: Protocol, crawl: int | None, quiet: bool) -> None:
    from rich.progress import Progress

    from classifier.stage import left_unjudged
    from study.record import Record
    from study.runlock import run_lock

    def wait(taken: str) -> None:
        if not quiet:
            typer.echo(f"{taken}. Waiting for its end.", err=True)

    with (
        Record.open(url, create=False) as record,
        run_lock(record, "classify", wait),  # two that judge the same texts would write the same rows
        Progress(disable=quiet, transient=True) as bar,
    ):
        summary = _judge_crawl(record, study, crawl, bar)
        behind = left_unjudged(record, study) if crawl is None else []
        earlier = {each: _judge_crawl(record, study, each, bar) for each in behind}
    if not quiet:
        typer.echo(_say(summary), err=True)
        for each, done in earlier.items():
            typer.echo(f"left unjudged by an earlier run, crawl {each}: {_say(done)}", err=True)


def _judge_crawl(record: Record, study: Protocol, crawl: int | None, bar: Progress) -> Summary:
    from classifier.stage import judge_record

    task = bar.add_task("judging", total=None)
    return judge_record(record, study, crawl, lambda done, total: bar.update(task, completed=done, total=total))


def _say(summary: Summary) -> str:
    counts = ", ".join(f"{number} {name}" for name, number in summary.relevance.items())
    judged = f"{summary.judged} judged now: {counts}" if summary.judged else "all were judged before"
    return f"{summary.captures} pages with a text, {summary.texts} distinct; {judged}"


def _model(url: str, study: Protocol) -> Model | None:
    from classifier.stage import ensure_model
    from study.record import DEFAULT_URL, Record

    directory = Path("data") / "models"
    if not url:
        url = DEFAULT_URL if Path(DEFAULT_URL.removeprefix("sqlite:///")).exists() else ""
    if not url:
        return ensure_model(None, study, directory)
    with Record.open(url, create=False) as record:
        return ensure_model(record, study, record.directory / "models")


def _opened(open_files: ExitStack, path: Path, mode: str) -> TextIO:
    import sys

    from classifier.files import READ_ERRORS
    from study.errors import UserError

    # JSON may hold half of a surrogate pair, escaped: it has no UTF-8 to be written in.
    errors = READ_ERRORS if mode == "r" else "replace"
    if str(path) == "-":
        stream = sys.stdin if mode == "r" else sys.stdout
        reconfigure = getattr(stream, "reconfigure", None)
        if reconfigure is not None:
            reconfigure(encoding="utf-8", newline="", errors=errors)
        return stream
    try:
        return cast(TextIO, open_files.enter_context(path.open(mode, encoding="utf-8", errors=errors, newline="")))
    except OSError as problem:
        raise UserError(f"{path}: cannot be {'read' if mode == 'r' else 'written'}: {problem.strerror}") from problem
