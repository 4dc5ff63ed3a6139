"""Rows of a table as the page walks through them."""

from __future__ import annotations

from typing import Any

import pandas as pd


def records(table: pd.DataFrame) -> list[dict[str, Any]]:
    """Return the rows of a table as dicts by column."""
    return [{str(name): value for name, value in row.items()} for row in table.to_dict("records")]
