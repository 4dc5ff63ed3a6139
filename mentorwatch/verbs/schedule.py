"""`mentorwatch schedule`: what to give cron, systemd or GitHub so that a run is made every month."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from mentorwatch import options as o


def schedule(
    every: Annotated[str, typer.Option("--every", metavar="month|week|day", help="How often to run.")] = "month",
    systemd: Annotated[bool, typer.Option("--systemd", help="Write service and timer units.")] = False,
    cron: Annotated[bool, typer.Option("--cron", help="Write lines for a crontab.")] = False,
    github: Annotated[bool, typer.Option("--github", help="Write a GitHub workflow (private repository).")] = False,
    output: Annotated[
        Path | None,
        typer.Option(
            "--output", "-o", metavar="DIR", help="Write the files into this folder.", show_default="standard output"
        ),
    ] = None,
    authority: o.Authority = None,
    site: o.Site = None,
    sample: o.Sample = "",
    protocol: o.ProtocolName = "nfer-2008",
    record: o.RecordUrl = "",
    report: Annotated[
        Path | None,
        typer.Option("--report", metavar="DIR", help="Where the run's report goes.", show_default="as run has it"),
    ] = None,
    homes: o.Homes = None,
    contact: o.Contact = "",
    via: o.Via = "search",
    max_unusable: Annotated[
        float, typer.Option("--max-unusable", min=0, max=100, metavar="PERCENT", help="As for run and status.")
    ] = 50.0,
    heartbeat: Annotated[
        Path | None,
        typer.Option(
            "--heartbeat", metavar="FILE", help="As for run.", show_default="heartbeat.json beside the record"
        ),
    ] = None,
) -> None:
    """Print, or write, what makes a run come every month, week or day, and a daily check that it did and went well.

    Nothing is installed: the last lines say how to. A run that finds another one on the record leaves with exit code 3.

    Examples:

        mentorwatch schedule --every month --systemd --sample england --contact you@example.org -o ~/.config/systemd/user

        mentorwatch schedule --cron --authority kent --contact you@example.org

        mentorwatch schedule --every week --github --sample nfer-2008 --contact you@example.org -o .github/workflows
    """
    from mentorwatch import scheduling

    kinds = [name for name, wanted in (("systemd", systemd), ("cron", cron), ("github", github)) if wanted]
    if len(kinds) != 1:
        raise scheduling.ScheduleError("give one of --systemd, --cron and --github")
    if every not in scheduling.MAX_AGE_DAYS:
        raise scheduling.ScheduleError(f"{every!r}: expected --every month, week or day")
    if not contact:
        raise scheduling.ScheduleError(
            "say who is asking with --contact: a run without anyone at the screen needs it most"
        )
    kept = _record(o.record_url(record), here=not github)
    asked = [
        *(("authority", code) for code in authority or ()),
        *(("site", url) for url in site or ()),
        ("sample", sample),
        ("protocol", protocol),
        ("record", kept),
        ("output", _place(report, here=not github)),
        ("homes", _place(homes, here=not github)),
        ("contact", contact),
        ("via", via),
        ("max-unusable", f"{max_unusable:g}"),
        ("heartbeat", _place(heartbeat, here=not github)),
    ]
    check = [
        ("record", kept),
        ("max-unusable", f"{max_unusable:g}"),
        ("max-age-days", str(scheduling.MAX_AGE_DAYS[every])),
    ]
    made = scheduling.Schedule(every, scheduling.run_arguments(asked), scheduling.run_arguments(check))
    files = {
        "systemd": lambda: scheduling.systemd(made),
        "cron": lambda: {"mentorwatch.crontab": scheduling.cron(made)},
        "github": lambda: {"mentorwatch.yml": scheduling.github(made)},
    }[kinds[0]]()
    for name, text in files.items():
        if output is None:
            typer.echo(f"# {name}\n{text}" if len(files) > 1 else text, nl=len(files) > 1)
        else:
            output.mkdir(parents=True, exist_ok=True)
            (output / name).write_text(text, encoding="utf-8")
            typer.echo(output / name)
    typer.echo(_NEXT[kinds[0]], err=True)


_NEXT = {
    "systemd": "Next: systemctl --user daemon-reload && systemctl --user enable --now mentorwatch.timer mentorwatch-check.timer "
    "(and `loginctl enable-linger`, so that they run while you are logged out). docs/operating.md says more.",
    "cron": "Next: add the lines to `crontab -e`, with MAILTO set. docs/operating.md says more.",
    "github": "Next: commit it to .github/workflows of a private copy of this repository. docs/operating.md says more.",
}


def _record(url: str, *, here: bool) -> str:
    """The record's URL as it holds from any folder; a password has no place in a unit or a crontab."""
    from sqlalchemy import make_url
    from sqlalchemy.exc import ArgumentError

    from mentorwatch.scheduling import ScheduleError
    from study.record import masked

    try:
        parsed = make_url(url)
    except (ArgumentError, ValueError) as problem:  # ValueError: a port that is no number
        raise ScheduleError(f"{masked(url)!r} is not a database URL") from problem
    if parsed.password is not None:
        raise ScheduleError(f"{parsed!r}: keep the password in ~/.pgpass, and leave it out here")
    if here and parsed.get_backend_name() == "sqlite" and parsed.database:
        return f"sqlite:///{Path(parsed.database).absolute()}"
    return url


def _place(path: Path | None, *, here: bool) -> str | None:
    return None if path is None else str(path.expanduser().absolute() if here else path)
