"""The page of docs/ that says what every table and column of a report holds, made from columns.toml.

python -m output.dictionary > docs/data-dictionary.md
"""

from __future__ import annotations

from collections.abc import Iterable

from output.columns import cells, declared, heading, names, symbols

_OPENING = """\
# Data dictionary: the tables of a report

Made from [output/columns.toml](../output/columns.toml) by `python -m output.dictionary`; a report holds the same as
`data-dictionary.csv` and, for programs, as `datapackage.json` (Data Package v2). How things are counted:
[reports.md](reports.md). A name with `*` stands for one column a keyword group, mention or approach.
"""


def as_markdown() -> str:
    """Return the page."""
    parts = [_OPENING]
    parts += ["## Cells\n", _table(("cell", "what it says"), cells().items())]
    parts += ["## Symbols in place of a value\n", _table(("symbol", "meaning"), symbols().items())]
    for name in names():
        title, about = heading(name)
        parts.append(f"## {name}.csv: {title}\n\n{about}\n")
        rows = ((column.name, column.type, column.about) for column in declared(name))
        parts.append(_table(("column", "type", "what"), rows))
    return "\n".join(parts)


def _table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    lines = [f"| {' | '.join(head)} |", f"|{'---|' * len(head)}"]
    lines += [f"| `{first}` | {' | '.join(rest)} |" for first, *rest in rows]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    print(as_markdown(), end="")
