"""`python -m replica`: serves the pretend sites; see `replica.serve`."""

import argparse

from replica import serve


def main() -> None:
    """Reads the options and serves until interrupted."""
    parser = argparse.ArgumentParser(prog="python -m replica", description="Serve thirty pretend council sites.")
    parser.add_argument("--base-port", type=int, default=8700, metavar="N", help="first port (default 8700)")
    parser.add_argument("--scale", type=float, default=1.0, metavar="S", help="share of the filler pages (default 1)")
    parser.add_argument("--only", nargs="+", action="extend", metavar="CODE", help="authority codes (default all)")
    options = parser.parse_args()
    serve(options.base_port, options.scale, options.only)


if __name__ == "__main__":
    main()
