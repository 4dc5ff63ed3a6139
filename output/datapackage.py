"""What goes beside the tables: datapackage.json (Data Package v2), the data dictionary and the DfE's meta files.

Sources: Data Package standard v2 (datapackage.org), DfE open-data standards (analysts' guide).
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from output.columns import Column, Described, cells, symbols
from output.csvfiles import ReportError
from output.tallies import Tally
from study.version import VERSION

_SCHEMA = "https://datapackage.org/profiles/2.0/{}.json"
_TYPES: dict[str, tuple[str, str]] = {
    "string": ("string", "default"),
    "code": ("string", "default"),
    "cell": ("string", "default"),
    "uri": ("string", "default"),  # sites' addresses are kept as they spell them, which need not be RFC 3986
    "integer": ("integer", "default"),
    "number": ("number", "default"),
    "year": ("integer", "default"),
    "date": ("date", "default"),
    "datetime": ("datetime", "default"),
}
_LICENCES = [
    {
        "name": "OGL-UK-3.0",
        "path": "https://www.nationalarchives.gov.uk/doc/open-government-licence/version/3/",
        "title": "Open Government Licence v3.0 (codes, regions)",
    },
    {
        "name": "CC-BY-4.0",
        "path": "https://creativecommons.org/licenses/by/4.0/",
        "title": "Creative Commons Attribution 4.0 (names: mySociety)",
    },
]
_SOURCES = [
    {"title": "mySociety, UK local authority names and codes", "path": "https://pages.mysociety.org/uk_local_authority_names_and_codes/"},
    {"title": "Department for Education and Office for National Statistics, codes and regions"},
]  # fmt: skip
_NOT_INDICATORS = {"time_period", "time_identifier", "geographic_level"}


def data_package(
    tally: Tally, described: Mapping[str, Described], folder: Path, remarks: Sequence[str] = ()
) -> dict[str, Any]:
    """Return the descriptor of a report's CSV files in ``folder``; it names no run time, so that two can be compared."""
    protocol = tally.protocol
    sources = [*_SOURCES, *([{"title": protocol.published.source}] if protocol.published else [])]
    return {
        "$schema": _SCHEMA.format("datapackage"),
        "name": f"mentorwatch-{protocol.name}",
        "title": protocol.title,
        "description": (
            f"Crawl {tally.rows.crawl_id} of the protocol {protocol.name}, as of {tally.rows.as_of}. "
            + " ".join(
                [*remarks, "Quotes belong to whoever published the pages; they are short and serve as evidence."]
            )
        ),
        "version": VERSION,
        "keywords": ["mentoring", "coaching", "local authorities", "England"],
        "licenses": _LICENCES,
        "sources": sources,
        "resources": [_resource(table, folder / f"{name}.csv") for name, table in described.items()],
    }


def _resource(table: Described, path: Path) -> dict[str, Any]:
    data = path.read_bytes()
    return {
        "name": table.name,
        "type": "table",
        "path": path.name,
        "title": table.title,
        "description": table.about,
        "format": "csv",
        "mediatype": "text/csv",
        "encoding": "utf-8",
        "bytes": len(data),
        "hash": f"sha256:{hashlib.sha256(data).hexdigest()}",
        "dialect": {"header": True, "delimiter": ",", "lineTerminator": "\r\n", "quoteChar": '"', "doubleQuote": True},
        "schema": {
            "$schema": _SCHEMA.format("tableschema"),
            "fields": [_field(column) for column in table.columns],
            "fieldsMatch": "exact",
            "uniqueKeys": [list(table.key)],
            "missingValues": [
                {"value": "", "label": "blank"},
                *({"value": value, "label": label} for value, label in symbols().items()),
            ],
        },
    }


def _field(column: Column) -> dict[str, Any]:
    kind, form = _TYPES[column.type]
    field: dict[str, Any] = {"name": column.name, "type": kind, "format": form, "description": column.about}
    if column.type == "cell":
        field["constraints"] = {"enum": list(cells())}
    if column.type == "integer":
        field["constraints"] = {"minimum": 0}
    return field


def dictionary(described: Mapping[str, Described]) -> pd.DataFrame:
    """Return the data dictionary: a row for each column of each table."""
    rows = [
        {
            "file": f"{name}.csv",
            "column": column.name,
            "type": _TYPES[column.type][0],
            "description": column.about,
            "values": "; ".join(cells()) if column.type == "cell" else "",
        }
        for name, table in described.items()
        for column in table.columns
    ]
    return pd.DataFrame(rows, dtype=object)


def dfe_meta(table: Described) -> pd.DataFrame:
    """Return a table's meta file as the Department for Education's upload wants it: filters and indicators."""
    rows = []
    for column in table.columns:
        if column.name in _NOT_INDICATORS or column.name.startswith(("country_", "region_")):
            continue
        rows.append(
            {
                "col_name": column.name,
                "col_type": "Indicator" if column.grouping else "Filter",
                "label": column.about,
                "indicator_grouping": column.grouping,
                "indicator_unit": "%" if column.type == "number" else "",
                "indicator_dp": {"number": "1", "integer": "0"}.get(column.type, "") if column.grouping else "",
                "filter_hint": "",
                "filter_grouping_column": "",
            }
        )
    return pd.DataFrame(rows, dtype=object)


def write_text(path: Path, text: str) -> Path:
    """Write a text file beside the tables; raise :class:`ReportError` naming it."""
    try:
        path.write_text(text, encoding="utf-8", newline="\n")
    except OSError as problem:
        raise ReportError(f"{path}: cannot be written: {problem.strerror or problem}") from problem
    return path


def as_json(package: Mapping[str, Any]) -> str:
    """Return a descriptor as it is written."""
    return json.dumps(package, indent=2, ensure_ascii=False) + "\n"
