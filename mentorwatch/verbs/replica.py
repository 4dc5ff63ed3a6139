"""`mentorwatch replica`: serve the thirty pretend council sites, in July 2008 or later."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import typer


class Validators(StrEnum):
    """Who honours conditional requests."""

    all = "all"
    as_is = "as-is"
    none = "none"


def replica(
    base_port: Annotated[int, typer.Option("--base-port", min=1024, max=65000, help="Port of the first site.")] = 8700,
    scale: Annotated[
        float, typer.Option("--scale", min=0.0, max=1.0, help="Share of the off-topic pages; 1 = July 2008 in full.")
    ] = 1.0,
    only: Annotated[
        list[str] | None,
        typer.Option("--only", metavar="CODE", help="Serve only this authority (repeatable)."),
    ] = None,
    month: Annotated[
        str | None,
        typer.Option("--month", metavar="YYYY-MM", help="The sites as they stand in a month, 2008-07 to 2010-07."),
    ] = None,
    validators: Annotated[
        Validators | None,
        typer.Option("--validators", help="Which sites honour conditional requests; as-is with a month, else none."),
    ] = None,
    control: Annotated[
        bool,
        typer.Option(
            "--control", help="A month on standard input, or an empty line for the next, takes the sites there."
        ),
    ] = False,
    log: Annotated[
        bool, typer.Option("--log", help="Print what happened up to the month as JSON lines, and serve nothing.")
    ] = False,
) -> None:
    """Serve thirty pretend council sites on loopback ports until interrupted: July 2008, or a later month of their life.

    Examples:

        mentorwatch replica

        mentorwatch replica --scale 0.05 --only E10000016

        mentorwatch replica --month 2008-08 --scale 0.05

        mentorwatch replica --log --month 2009-06 --scale 0.05 > what-happened.jsonl

        mentorwatch probe http://127.0.0.1:8704/ --allow 127.0.0.1:8704   (in another terminal)
    """
    import json

    from replica import serve
    from replica.history import events
    from study.errors import UserError

    try:
        if log:
            for event in events(scale, month, only):
                typer.echo(json.dumps(event.facts()))
            return
        policy = validators.value if validators else None
        serve(base_port=base_port, scale=scale, only=only, month=month, validators=policy, control=control)  # type: ignore[arg-type]
    except KeyError as unknown:
        raise UserError(f"--only {unknown}: the replica has no site of that authority") from unknown
    except ValueError as problem:
        raise UserError(str(problem)) from problem
