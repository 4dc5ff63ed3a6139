"""`python -m replica`: serves the pretend sites; see `replica.serve`."""

import argparse
import json
import sys

from replica import serve
from replica.history import events


def main() -> None:
    """Reads the options and serves until interrupted, or prints the log."""
    parser = argparse.ArgumentParser(prog="python -m replica", description="Serve thirty pretend council sites.")
    parser.add_argument("--base-port", type=int, default=8700, metavar="N", help="first port (default 8700)")
    parser.add_argument("--scale", type=float, default=1.0, metavar="S", help="share of the filler pages (default 1)")
    parser.add_argument("--only", nargs="+", action="extend", metavar="CODE", help="authority codes (default all)")
    parser.add_argument("--month", metavar="YYYY-MM", help="the sites as they stand in a month from 2008-07 to 2010-07")
    parser.add_argument("--validators", choices=["all", "as-is", "none"], help="who honours conditional requests")
    parser.add_argument("--control", action="store_true", help="lines on standard input name the next month")
    parser.add_argument(
        "--log", action="store_true", help="print what happened up to --month as JSON lines, serve nothing"
    )
    options = parser.parse_args()
    try:
        if options.log:
            for event in events(options.scale, options.month, options.only):
                sys.stdout.write(json.dumps(event.facts()) + "\n")
            return
        serve(
            options.base_port,
            options.scale,
            options.only,
            month=options.month,
            validators=options.validators,
            control=options.control,
        )
    except KeyError as unknown:
        parser.error(f"--only {unknown}: no site of that authority here")
    except (ValueError, OSError) as problem:
        parser.error(str(problem))


if __name__ == "__main__":
    main()
