"""Search platforms and sites as data: reading crawler/platforms/*.toml and crawler/sites/*.toml (written by exceptions.py).

A file is a prior, never a guarantee: councils restyle freely, so every selector falls back to reading by comparison.
The form is documented in docs/platforms.md.
"""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import Literal

from lxml.cssselect import CSSSelector
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from crawler.searchspec import SLOT, Paging, SearchSpec
from crawler.web import Page, host_of, joined

PLATFORM_DIR = Path(__file__).parent / "platforms"
SITE_DIR = Path(os.environ.get("MENTORWATCH_SITES") or Path(__file__).parent / "sites")


class PlatformFileError(Exception):
    """Raised for a platform or site file that does not hold: names the file and the key. Correct the file."""


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Fingerprint(_Strict):
    """What gives a platform away. One match of `generator`, `headers`, `url` or `selector` is enough; of `html`, `least`."""

    generator: tuple[str, ...] = ()
    headers: dict[str, str] = Field(default_factory=dict)
    url: tuple[str, ...] = ()
    html: tuple[str, ...] = ()
    selector: tuple[str, ...] = ()
    least: int = 1

    @field_validator("generator", "url")
    @classmethod
    def _patterns(cls, patterns: tuple[str, ...]) -> tuple[str, ...]:
        for pattern in patterns:
            _compiled(pattern)
        return patterns

    @field_validator("selector")
    @classmethod
    def _selectors(cls, selectors: tuple[str, ...]) -> tuple[str, ...]:
        for selector in selectors:
            css(selector)
        return selectors


class Query(_Strict):
    """How the platform is asked. `url` is relative to the page; a form on the page with `param` comes first, and in a site
    file without `url` it is the search.

    `first` puts `url` before the page's forms, `phrase` is asked in place of `url` for queries of several words. A `param`
    or a name in `fields` that begins with * is the end of a generated name (ASP.NET prefixes those of its controls).
    """

    url: tuple[str, ...] = ()
    phrase: str = ""
    first: bool = False
    param: tuple[str, ...] = ()
    fields: dict[str, str | tuple[str, ...]] = Field(default_factory=dict)  # a field sent twice has a list
    method: Literal["GET", "POST"] = "GET"
    encoding: str = "utf-8"


class Results(_Strict):
    """CSS selectors of one item and of its title link, and extra wordings for no results.

    `split` selects what stands between blocks of items whose first only heads the others: a meeting above its papers.
    """

    item: str = ""
    title: str = ""
    split: str = ""
    none: tuple[str, ...] = ()

    @field_validator("item", "title", "split")
    @classmethod
    def _selectors(cls, selector: str) -> str:
        if selector:
            css(selector)
        return selector


class PagingRules(_Strict):
    """A selector of the next link, and the paging parameter: its `first` value, `step` (0 = page size) and page `size`."""

    next: str = ""
    param: str = ""
    first: int = 1
    step: int = 1
    size: int = 0

    @field_validator("next")
    @classmethod
    def _selector(cls, selector: str) -> str:
        if selector:
            css(selector)
        return selector


class Platform(_Strict):
    """One search platform, or, with `hosts`, one site's exception; only of these `verify` may be false (certificates.py)."""

    name: str
    hosts: tuple[str, ...] = ()
    script_only: bool = False
    home: str = ""
    note: str = ""
    verify: bool = True
    fingerprint: Fingerprint = Field(default_factory=Fingerprint)
    query: Query = Field(default_factory=Query)
    results: Results = Field(default_factory=Results)
    paging: PagingRules = Field(default_factory=PagingRules)

    def matches(self, page: Page) -> bool:
        """Whether the page gives the platform away."""
        mark = self.fingerprint
        if mark.generator and any(_compiled(p).search(_generator(page)) for p in mark.generator):
            return True
        headers = {name.lower(): value for name, value in page.headers.items()}
        if any(
            name.lower() in headers and _compiled(p).search(headers[name.lower()]) for name, p in mark.headers.items()
        ):
            return True
        if any(_compiled(p).search(page.url) for p in mark.url):
            return True
        if any(css(selector)(page.tree) for selector in mark.selector):
            return True
        source = _source(page)
        return bool(mark.html) and sum(part.lower() in source for part in mark.html) >= mark.least

    def specs(self, page: Page) -> list[SearchSpec]:
        """The requests that the file names, with its paging; addresses are relative to the page."""
        found = []
        for template in self.query.url:
            url = _address(page, template)
            if not url:
                continue
            param = self.query.param[0] if self.query.param else ""
            fields = tuple(
                (name, value)
                for name, values in self.query.fields.items()
                for value in ((values,) if isinstance(values, str) else values)
            )
            how: Literal["site", "platform"] = "site" if self.hosts else "platform"
            found.append(
                SearchSpec(
                    how,
                    url,
                    param,
                    self.name,
                    self.query.method,
                    fields,
                    self.query.encoding,
                    page.url,
                    self.counting,
                    phrase_url=_address(page, self.query.phrase),
                )
            )
        return found

    @property
    def counting(self) -> Paging | None:
        """The paging parameter, where the file names one."""
        rules = self.paging
        return Paging(rules.param, rules.first, rules.step, rules.size) if rules.param else None


def platforms(folder: Path = PLATFORM_DIR) -> tuple[Platform, ...]:
    """The platforms of a folder of TOML files, in the order of their file names. Raises PlatformFileError."""
    return _read_folder(folder)


def site_exceptions(folder: Path = SITE_DIR) -> tuple[Platform, ...]:
    """The sites of a folder of TOML files; each names its hosts. Raises PlatformFileError."""
    found = _read_folder(folder)
    for site in found:
        if not site.verify and not site.note:
            raise PlatformFileError(f"{folder / site.name}: note: a site file with verify = false says why")
        if not site.hosts:
            raise PlatformFileError(f"{folder / site.name}: hosts: a site file names the hosts that it is for")
    return found


def recognised(page: Page, known: Iterable[Platform]) -> list[Platform]:
    """The platforms that a page gives away, in file order."""
    return [platform for platform in known if platform.matches(page)]


def for_host(url: str, sites: Iterable[Platform]) -> Platform | None:
    """The site file for an address's host, if there is one."""
    host = host_of(url)
    return next((site for site in sites if host in {h.removeprefix("www.") for h in site.hosts}), None)


def named(name: str, sites: Iterable[Platform] = ()) -> Platform | None:
    """The platform or site of that name."""
    return next((p for p in (*sites, *platforms()) if p.name == name), None) if name else None


@cache
def _read_folder(folder: Path) -> tuple[Platform, ...]:
    return tuple(read_file(path) for path in sorted(folder.glob("*.toml")))


def read_file(path: Path) -> Platform:
    """One platform or site file. Raises PlatformFileError naming the key to correct."""
    try:
        return Platform.model_validate(tomllib.loads(path.read_text(encoding="utf-8")))
    except tomllib.TOMLDecodeError as problem:
        raise PlatformFileError(f"{path}: not valid TOML: {problem}") from problem
    except ValidationError as problem:
        first = problem.errors()[0]
        key = ".".join(str(part) for part in first["loc"])
        raise PlatformFileError(f"{path}: {key}: {first['msg']}") from problem


@cache
def _compiled(pattern: str) -> re.Pattern[str]:
    try:
        return re.compile(pattern, re.IGNORECASE)
    except re.error as problem:
        raise ValueError(f"'{pattern}' is not a regular expression: {problem}") from problem


@cache
def css(selector: str) -> CSSSelector:
    """A compiled CSS selector. Raises ValueError."""
    try:
        return CSSSelector(selector, translator="html")
    except SyntaxError as problem:
        raise ValueError(f"'{selector}' is not a CSS selector: {problem}") from problem


def _address(page: Page, template: str) -> str:
    """A file's address as it is at the page's site; '' where there is none."""
    if not template:
        return ""
    return joined(page.url, template.replace(SLOT, "SEARCHTERMS")).replace("SEARCHTERMS", SLOT)


def _generator(page: Page) -> str:
    found = [m.get("content") or "" for m in page.tree.iter("meta") if (m.get("name") or "").lower() == "generator"]
    return " | ".join([*found, page.headers.get("x-generator", ""), page.headers.get("X-Generator", "")])


def _source(page: Page) -> str:
    return page.text[:400_000].lower()
