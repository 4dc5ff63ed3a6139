"""`mentorwatch explore`: ask the record and its newest report, in a browser."""

from __future__ import annotations

from typing import Annotated

import typer

from mentorwatch import options as o


def explore(
    record: o.RecordUrl = "",
    protocol: o.ProtocolName = "nfer-2008",
    port: Annotated[int, typer.Option("--port", min=1024, max=65535, help="On this machine only.")] = 8001,
    browser: Annotated[bool, typer.Option("--browser", help="Open the browser too.")] = False,
) -> None:
    """Open the record and the tables of its newest report in Datasette, read-only, on this machine only.

    Ready questions: who-mentions, who-does-what, what-is-new, how-sure, where-does-it-say-so, what-is-not-known. Anything
    else in SQL. A record on PostgreSQL is copied for it. Stop it with Ctrl-C.

    Needs the explore extra: in the checkout, pip install -e '.\\[explore]'.

    Examples:

        mentorwatch explore

        mentorwatch explore --record sqlite:///data/demo/mentorwatch.db --port 8002 --browser
    """
    import importlib.util
    import signal
    import subprocess
    import sys
    import tempfile
    from pathlib import Path

    from output.explore import PLUGINS, prepare
    from output.report import make
    from study import protocol as protocols
    from study.errors import UserError
    from study.record import Record

    if importlib.util.find_spec("datasette") is None:
        raise UserError("explore needs Datasette: in the checkout, pip install -e '.[explore]'")
    study = protocols.load(protocol)
    with tempfile.TemporaryDirectory(prefix="mentorwatch-explore-") as folder:
        with Record.open(o.record_url(record), create=False) as opened:
            found = prepare(opened, make(opened, study), Path(folder))
        typer.echo(f"Open http://127.0.0.1:{port}/report for the report and its ready questions; Ctrl-C stops it.")
        command = [sys.executable, "-m", "datasette", "serve", str(found.report), str(found.record)]
        command += ["--metadata", str(found.metadata), "--plugins-dir", str(PLUGINS)]
        command += ["--host", "127.0.0.1", "--port", str(port), "--setting", "allow_download", "off"]
        command += ["--setting", "sql_time_limit_ms", "20000", "--setting", "facet_time_limit_ms", "500"]
        command += ["--open"] if browser else []
        signal.signal(signal.SIGTERM, signal.default_int_handler)  # whoever stops us stops Datasette too
        with subprocess.Popen(command, stdout=subprocess.DEVNULL) as server:
            try:
                code = server.wait()
            except KeyboardInterrupt:
                server.terminate()
                code = 0
    if code:
        raise UserError(f"Datasette ended with code {code}; is port {port} taken? Try another --port")
