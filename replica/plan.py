"""Which pretend site stands for which authority: the plan and the order of Table 5.1, checked on reading."""

import csv
import tomllib
from functools import cache
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict

HERE = Path(__file__).parent
SAMPLE = HERE.parent / "study" / "samples" / "nfer-2008.csv"

GROUPS: dict[str, tuple[str, ...]] = {
    "mentor": ("mentor", "mentoring"),
    "coach": ("coach", "coaching"),
    "tda": ("TDA",),
    "extranet": ("extranet",),
    "framework": ("National Framework for Mentoring and Coaching",),
}
"""Keyword group -> its query variants, as the study asked them."""


class SitePlan(BaseModel):
    """One pretend site; the keys are explained at the head of plan.toml."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    code: str
    name: str
    chosen: Literal[True]
    dialect: str
    per_page: int
    mentor: int
    coach: int
    extranet: int
    plain: int
    match: Literal["exact", "stem", "substring"]
    words: Literal["all", "any", "phrase"]
    charset: Literal["utf-8", "windows-1252", "iso-8859-1"]
    declared: Literal["header", "meta", "both"]
    pages: str
    files: str
    sections: tuple[str, ...]
    documents: tuple[int, int, int]
    redirects: int
    dead: int
    soft: int
    layout: Literal["columns", "tables", "centred", "lists", "fonts"]
    server: str
    home: Literal["plain", "redirect", "frames", "refresh"] = "plain"
    search_on: Literal["home", "page"] = "home"
    soft_errors: bool = False
    decoys: tuple[str, ...] = ()
    extras: tuple[str, ...] = ()
    menu: tuple[str, ...] = ()

    @property
    def codec(self) -> str:
        """Python codec of the bytes sent; a page that says iso-8859-1 holds windows-1252, as in WHATWG Encoding."""
        return "utf-8" if self.charset == "utf-8" else "windows-1252"


@cache
def plans() -> dict[str, SitePlan]:
    """Code -> plan, in the order of Table 5.1. Raises ValueError where plan and sample disagree."""
    with (HERE / "plan.toml").open("rb") as handle:
        found = [SitePlan.model_validate(row) for row in tomllib.load(handle)["site"]]
    by_code = {plan.code: plan for plan in found}
    with SAMPLE.open(encoding="utf-8", newline="") as handle:
        codes = [row["code"] for row in csv.DictReader(handle)]
    if sorted(codes) != sorted(by_code) or len(found) != len(codes):
        raise ValueError(f"plan.toml must hold each authority of {SAMPLE} once: {set(codes) ^ set(by_code)}")
    return {code: by_code[code] for code in codes}


def port_of(code: str, base_port: int) -> int:
    """The port of an authority: its place in Table 5.1 counted from `base_port`, whichever sites are served."""
    return base_port + list(plans()).index(code)
