"""The command line: `mentorwatch VERB`. Verbs live in mentorwatch/verbs; this module only names and orders them."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Annotated

import typer

from mentorwatch.verbs.authorities import authorities
from mentorwatch.verbs.classify import classify
from mentorwatch.verbs.compare import compare
from mentorwatch.verbs.crawl import crawl
from mentorwatch.verbs.demo import demo
from mentorwatch.verbs.evaluate import evaluate
from mentorwatch.verbs.explore import explore
from mentorwatch.verbs.labels import labels
from mentorwatch.verbs.probe import probe
from mentorwatch.verbs.purge import purge
from mentorwatch.verbs.replica import replica
from mentorwatch.verbs.report import report
from mentorwatch.verbs.run import run
from mentorwatch.verbs.scaffold import scaffold
from mentorwatch.verbs.schedule import schedule
from mentorwatch.verbs.status import status
from mentorwatch.verbs.train import train
from study.errors import UserError

app = typer.Typer(
    no_args_is_help=True,
    rich_markup_mode="markdown",
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    help=(
        "Which local authorities promote mentoring and coaching of school staff?\n\n"
        "mentorwatch asks each authority's website through its **own search function**, reads every hit, judges what is about "
        "staff, lets researchers settle the rest, and writes tables in which every figure leads to a quote, a URL and a date.\n\n"
        "Try it: `mentorwatch demo`. One real authority: "
        "`mentorwatch run --authority kent --contact you@example.org`."
    ),
)

_ORDER: tuple[tuple[str, dict[str, Callable[..., None]]], ...] = (
    ("The whole job", {"run": run, "schedule": schedule, "demo": demo}),
    ("Stage by stage", {"crawl": crawl, "classify": classify, "train": train, "evaluate": evaluate, "report": report}),
    (
        "Look at",
        {
            "compare": compare,
            "explore": explore,
            "probe": probe,
            "scaffold": scaffold,
            "status": status,
            "authorities": authorities,
            "replica": replica,
        },
    ),
    ("Keep in order", {"purge": purge}),
)
for _panel, _verbs in _ORDER:
    for _name, _verb in _verbs.items():
        app.command(_name, rich_help_panel=_panel, no_args_is_help=_name in ("compare", "probe", "scaffold"))(_verb)
app.add_typer(labels, name="labels", rich_help_panel="Stage by stage")


def _show_version(wanted: bool) -> None:
    if wanted:
        from study.version import VERSION

        typer.echo(f"mentorwatch {VERSION}")
        raise typer.Exit


@app.callback()
def _options(
    version: Annotated[
        bool, typer.Option("--version", callback=_show_version, is_eager=True, help="Show the version.")
    ] = False,
) -> None: ...


def main() -> None:
    """Run the command line; errors a person can act on are shown as one line, with their exit code (2 unless they say otherwise)."""
    try:
        app()
    except UserError as problem:
        print(f"mentorwatch: {problem}", file=sys.stderr)
        sys.exit(problem.exit_code)
    except BrokenPipeError:  # whoever read our output has gone, as `head` does
        sys.stderr.close()
        sys.exit(0)
    except Exception as problem:
        said = _of_the_machine(problem)
        if not said:  # a fault of ours: its traceback is what a report of it needs
            raise
        print(f"mentorwatch: {said}", file=sys.stderr)
        sys.exit(2)


def _of_the_machine(problem: Exception) -> str:
    """Return in a line what is wrong with the disk or the record, and what to do; '' where neither is the cause."""
    from sqlalchemy.exc import DatabaseError, OperationalError

    if isinstance(problem, OSError):
        where = f"{problem.filename}: " if problem.filename else ""
        return f"{where}{problem.strerror or problem}. Look to the disk, its room and its permissions, and try again"
    # SQLite's code for no such table, no such column, syntax: a fault of ours.
    our_sql = getattr(getattr(problem, "orig", None), "sqlite_errorcode", None) == 1
    if type(problem) not in (DatabaseError, OperationalError) or our_sql:
        return ""
    record = (getattr(problem, "__notes__", None) or ["the record"])[0]
    return (
        f"{record}: cannot be read or written: {getattr(problem, 'orig', problem)}. If it is damaged, put the last backup in its "
        "place (docs/operating.md, Backup)"
    )
