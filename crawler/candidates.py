"""The ways to ask a site that one of its pages offers, likeliest first.

Site file, platform file (its form where the page has it), the page's strong forms, SearchAction, weak forms, then the
addresses that a platform file knows. What is on the page already in hand comes before what costs a request; a form that
visitors use comes before a SearchAction, which plug-ins emit although the visible search is another.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import product
from urllib.parse import parse_qsl, urlsplit

from crawler.generatedforms import generated_forms
from crawler.platforms import Platform, recognised
from crawler.searchform import STRONG_SCORE, Candidate, form_candidates
from crawler.searchlinks import search_actions
from crawler.searchspec import SLOT, Paging, SearchSpec
from crawler.web import Page, joined
from crawler.wording import words
from study.addresses import canonical_url


def candidates(page: Page, known: Sequence[Platform], site: Platform | None = None) -> list[SearchSpec]:
    """The page's ways to ask, without repeats. `known` = platform files to use, `site` = the site's own file."""
    platforms = [p for p in recognised(page, known) if not p.script_only]
    forms = [_of_platform(candidate, platforms) for candidate in form_candidates(page)]
    ordered = [*site.specs(page), *_of_site(page, forms, site)] if site else []
    ordered += [spec for platform in platforms if platform.query.first for spec in platform.specs(page)]
    ordered += [spec for platform in platforms for spec in generated_forms(page, platform)]
    ordered += [c.spec for c in forms if c.spec.how == "platform"]
    ordered += [c.spec for c in forms if c.spec.how == "form" and c.score >= STRONG_SCORE]
    ordered += [_with_paging(spec, platforms) for spec in search_actions(page)]
    ordered += [c.spec for c in forms if c.spec.how == "form" and c.score < STRONG_SCORE]
    ordered += [spec for platform in platforms for spec in platform.specs(page)]
    return distinct(ordered)


def common_paths(page: Page) -> list[SearchSpec]:
    """Addresses that many sites answer searches at: the last resort."""
    found = []
    for folder, template in product(_folders(page), words("paths", "common")):
        url = joined(folder, template.lstrip("/").replace(SLOT, "SEARCHTERMS")).replace("SEARCHTERMS", SLOT)
        param = next((name for name, value in parse_qsl(urlsplit(url).query) if value == SLOT), "")
        found.append(SearchSpec("path", url, param, found_on=page.url))
    return found


def search_addresses(page: Page) -> list[str]:
    """Addresses where a search page may stand that no link leads to."""
    return [joined(folder, path.lstrip("/")) for folder, path in product(_folders(page), words("paths", "pages"))]


def _folders(page: Page) -> list[str]:
    """The folders that a home page may stand in: of '/council' and '/council/index.html' it is '/council/'.

    Where '/' leads to '/index', that is a page beside the others, unless its own links say that they are below it ('/en').
    """
    parts, given = urlsplit(page.url), urlsplit(page.ask.url)
    folder, _, last = parts.path.rpartition("/")
    beside = f"{parts.scheme}://{parts.netloc}{folder}/"
    if not last or "." in last:
        return [beside]
    below = f"{beside}{last}/"
    if given.path.rstrip("/") == parts.path:
        return [below]
    inside = any(joined(page.base_url, link.get("href") or "").startswith(below) for link in page.tree.iter("a"))
    return [below, beside] if inside else [beside]


def distinct(specs: Sequence[SearchSpec]) -> list[SearchSpec]:
    """The specs without those that would ask the same thing as an earlier one."""
    kept: dict[str, SearchSpec] = {}
    for spec in specs:
        kept.setdefault(identity(spec), spec)
    return list(kept.values())


def identity(spec: SearchSpec) -> str:
    """Equal for specs that ask the same."""
    ask = spec.ask("zq")
    fragment = ask.url.partition("#")[2]
    asked = canonical_url(ask.url) + (f"#{fragment}" if "zq" in fragment else "")
    return f"{ask.method} {asked} {spec.query_param if ask.method != 'GET' else ''}"


def _of_platform(candidate: Candidate, platforms: Sequence[Platform]) -> Candidate:
    """The candidate with the platform's name and paging where its field is one that the platform's file names."""
    for platform in platforms:
        if candidate.spec.query_param in platform.query.param and _same_place(candidate.spec, platform):
            spec = replace(candidate.spec, how="platform", platform=platform.name, paging=_paging(platform))
            return replace(candidate, spec=spec)
    return candidate


def _of_site(page: Page, forms: Sequence[Candidate], site: Platform) -> list[SearchSpec]:
    """The forms with a field that the site's file names, as they stand on the page today: tokens and view state fresh."""
    named = [form.spec for form in forms if form.spec.query_param in site.query.param]
    return [
        replace(spec, how="site", platform=site.name, paging=site.counting)
        for spec in [*named, *generated_forms(page, site)]
    ]


def _same_place(spec: SearchSpec, platform: Platform) -> bool:
    """Whether the form goes where the platform's file says; any place will do where the file knows none."""
    paths = {urlsplit(url).path.rstrip("/").rsplit("/", 1)[-1].lower() for url in platform.query.url}
    return not paths or urlsplit(spec.url).path.rstrip("/").rsplit("/", 1)[-1].lower() in paths


def _with_paging(spec: SearchSpec, platforms: Sequence[Platform]) -> SearchSpec:
    for platform in platforms:
        if spec.query_param in platform.query.param and _same_place(spec, platform):
            return replace(spec, platform=platform.name, paging=_paging(platform))
    return spec


def _paging(platform: Platform) -> Paging | None:
    return platform.counting
