"""Writing platform and site files: what was found on a site, in the one form of docs/platforms.md.

A site file is saved only after a second look at the site with it: what does not pass the control queries is not written.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from crawler.function import SearchFunction
from crawler.platforms import SITE_DIR, PagingRules, Platform, Query, Results, named
from crawler.searchspec import SearchSpec
from crawler.seeking import find_search
from crawler.web import Fetch, Page, host_of
from study.addresses import canonical_url

# Fields that a page gives a new value each time it is shown: sent a month later they are refused or ignored.
_FRESH_NAME = re.compile(r"^__|token|csrf|nonce|viewstate|session|form_build_id|authenticity", re.IGNORECASE)
_FRESH_VALUE = re.compile(r"(?=.*\d)(?=.*[A-Za-z])[\w+/=-]{20,}$")


@dataclass(frozen=True)
class Saved:
    """What came of saving: the file, or why there is none."""

    path: Path | None
    reason: str = ""


def site_path(url: str, folder: Path = SITE_DIR) -> Path:
    """Where the file for a site stands: folder/HOST.toml, the host without 'www.'."""
    return folder / f"{host_of(url).replace(':', '-')}.toml"


async def save_site(
    fetch: Fetch, function: SearchFunction, home: Page, *, use_platforms: bool = True, folder: Path = SITE_DIR
) -> Saved:
    """Write the site file for ``function`` if the site, asked as the file says, passes its controls; 3 or 4 requests.

    ``home`` is the page that the home address led to. A file that is there already is left alone.
    """
    if function.spec is not None and function.spec.rendered:
        return Saved(None, "its results are drawn in the browser: --render finds them, a file has no form for that")
    path = site_path(function.home_url, folder)
    if path.exists():
        return Saved(None, f"{path} is there already; remove it to write it anew")
    reason = f"there is nothing to save: {function.reason}"
    for rules in _ways(function, home):
        again = await find_search(fetch, function.home_url, use_platforms=use_platforms, site_rules=[rules])
        if again.found and again.how == "site":
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(as_toml(rules), encoding="utf-8")
            return Saved(path)
        reason = f"asked as the file would say, the site does not pass: {again.how or again.status}, {again.reason}"
    return Saved(None, reason)


def _ways(function: SearchFunction, home: Page) -> list[Platform]:
    """Site files that would do, best first: the address with its fields, or the form as the page has it that day."""
    spec = function.spec
    if spec is None:
        return []
    addressed = _site(function, home, _query(spec, home), "")
    start = spec.found_on if spec.found_on and canonical_url(spec.found_on) != canonical_url(home.url) else ""
    form = _site(function, home, Query(param=(spec.query_param,)), start)
    ways = [addressed, form] if spec.method == "GET" and not any(map(_is_fresh, spec.fields)) else [form, addressed]
    return ways if spec.query_param else [addressed]


def _site(function: SearchFunction, home: Page, query: Query, start: str) -> Platform:
    spec, known = function.spec, named(function.platform)
    assert spec is not None
    counting = spec.paging or (known.counting if known else None)
    paging = {} if counting is None else counting.to_json()
    turn = known.paging.next if known else ""
    typed, led = (urlsplit(url).netloc.lower() for url in (function.home_url, home.url))
    day = datetime.now(UTC).date().isoformat()
    how = " ".join(filter(None, (function.how, function.platform)))
    return Platform(
        name=host_of(function.home_url),
        hosts=tuple(dict.fromkeys((typed, led))),
        home=start,
        note=f"written by mentorwatch probe --save, {day}; found by {how}",
        query=query,
        results=known.results if known else Results(),
        paging=PagingRules(next=turn, **paging),
    )


def _query(spec: SearchSpec, home: Page) -> Query:
    fields: dict[str, Any] = {}
    for name, value in (pair for pair in spec.fields if not _is_fresh(pair)):
        fields[name] = value if name not in fields else (*_several(fields[name]), value)
    parts = urlsplit(spec.url)
    near = (parts.scheme, parts.netloc) == urlsplit(home.url)[:2]
    url, phrase = (each.partition(parts.netloc)[2] if near else each for each in (spec.url, spec.phrase_url))
    param = (spec.query_param,) if spec.query_param else ()
    return Query(
        url=(url or "/",), phrase=phrase, param=param, fields=fields, method=_method(spec), encoding=spec.encoding
    )


def _method(spec: SearchSpec) -> Any:
    return "POST" if spec.method == "POST" else "GET"


def _several(value: str | tuple[str, ...]) -> tuple[str, ...]:
    return (value,) if isinstance(value, str) else value


def _is_fresh(pair: tuple[str, str]) -> bool:
    return bool(_FRESH_NAME.search(pair[0]) or _FRESH_VALUE.match(pair[1]))


# -- TOML ------------------------------------------------------------------------------------------------------------------


def as_toml(rules: Platform, remarks: Mapping[str, str] | None = None) -> str:
    """A platform or site file: every key that is not at its default, in the documented order.

    ``remarks`` are comments by key (``fingerprint.generator``) or table (``results``).
    """
    said, lines = remarks or {}, []
    tables: list[str] = []
    for key, value in rules.model_dump(exclude_defaults=True).items():
        if isinstance(value, dict):
            body = [_line(key, name, inner, said) for name, inner in value.items() if inner not in ("", (), {})]
            tables.append("\n".join(["", *_remark(said.get(key)), f"[{key}]", *body]))
        else:
            lines.append(_line("", key, value, said))
    for key in ("fingerprint", "query", "results", "paging"):
        if key in said and not any(f"\n[{key}]" in table for table in tables):
            tables.append("\n".join(["", *_remark(said[key]), f"[{key}]"]))
    return "\n".join([*lines, *tables]) + "\n"


def _line(table: str, name: str, value: Any, said: Mapping[str, str]) -> str:
    return "\n".join([*_remark(said.get(f"{table}.{name}")), f"{name} = {toml_value(value)}"])


def _remark(text: str | None) -> Iterable[str]:
    return [f"# {text}"] if text else []


def toml_value(value: Any) -> str:
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int):
        return str(value)
    if isinstance(value, dict):
        inner = ", ".join(f"{toml_value(name)} = {toml_value(each)}" for name, each in value.items())
        return f"{{ {inner} }}"
    return f"[{', '.join(toml_value(each) for each in value)}]"
