"""The one description of all tables and columns (columns.toml), and what is made of it: Frictionless, DfE, a dictionary."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

_FILE = Path(__file__).with_name("columns.toml")


@dataclass(frozen=True)
class Column:
    """One column as it is described; ``grouping`` is set for the DfE's indicators."""

    name: str
    type: str
    about: str
    grouping: str = ""


@dataclass(frozen=True)
class Described:
    """One table as it is described, with the columns it really has."""

    name: str
    title: str
    about: str
    key: tuple[str, ...]
    columns: tuple[Column, ...]
    dfe: bool


@cache
def _described() -> dict[str, Any]:
    return tomllib.loads(_FILE.read_text(encoding="utf-8"))


def cells() -> dict[str, str]:
    """Return what each cell says, by its code."""
    return dict(_described()["cells"])


def symbols() -> dict[str, str]:
    """Return the symbols that stand in place of a value, and what they mean."""
    return dict(_described()["symbols"])


def names() -> list[str]:
    """Return the names of all tables that are described, in the order they are read in."""
    return list(_described()["tables"])


def heading(name: str) -> tuple[str, str]:
    """Return a table's title and what it is about."""
    table = _described()["tables"][name]
    return str(table["title"]), str(table["about"])


def describe(name: str, columns: Iterable[str]) -> Described:
    """Return a table's description for the columns it has; KeyError names a column that nobody has described."""
    table = _described()["tables"][name]
    return Described(
        name=name,
        title=table["title"],
        about=table["about"],
        key=tuple(table["key"]),
        columns=tuple(_column(name, table["columns"], column) for column in columns),
        dfe=bool(table.get("dfe")),
    )


def declared(name: str) -> Iterator[Column]:
    """Yield a table's columns as the file declares them: one with * stands for several."""
    columns = _described()["tables"][name]["columns"]
    for column in columns:
        yield _column(name, columns, column)


def _column(table: str, columns: dict[str, list[str]], name: str) -> Column:
    exact = columns.get(name)
    if exact is None:
        fitting = [key for key in columns if "*" in key and re.fullmatch(key.replace("*", ".+"), name)]
        if not fitting:
            raise KeyError(f"{_FILE.name}: tables.{table} does not describe the column {name}")
        exact = columns[max(fitting, key=len)]
    kind, about, *grouping = exact or _described()["common"][name]
    return Column(name, kind, about, *grouping)
