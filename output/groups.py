"""Authorities by region, type and size: how many say what, of how many whose answer is known, and how far chance carries it.

Columns and symbols are the Department for Education's: Total for aggregates, z not applicable, x not available.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from output.findings import AMBIGUOUS, CONFIRMED, MODEL, NO, NO_BY_SITEMAP, NOT_KNOWN
from output.places import Place
from output.tallies import Tally

TOTAL = "Total"
_NOT_APPLICABLE = "z"
_CONFIDENCE = 0.95
_CENSUS = "england"  # a sample of all leaves nothing to chance
_SIZES = ("small", "medium", "large", NOT_KNOWN)


def groups(tally: Tally) -> Iterator[dict[str, object]]:
    """Yield a row for each group of authorities (all; each region, type and size) and each keyword, mention and approach."""
    names = _names(tally)
    for labels, members in _groups(tally.places):
        for what, code in tally.codes():
            cells = [tally.findings.cell(place.key, what, code) for place in members]
            yield {
                "time_period": tally.rows.as_of.year,
                "time_identifier": "Reporting year",
                **labels,
                "what": what,
                "code": code,
                "name": names[what, code],
                **_figures(cells, census=tally.rows.sample == _CENSUS),
            }


def _groups(places: Sequence[Place]) -> Iterator[tuple[dict[str, object], list[Place]]]:
    yield _labels(places[0] if places else None), list(places)
    by_code = {place.region_code: place for place in places}
    for code in sorted(by_code):
        place = by_code[code]
        yield _labels(place, region=True), [p for p in places if p.region_code == code]
    for kind in sorted({place.type for place in places}):
        yield _labels(places[0], la_type=kind), [p for p in places if p.type == kind]
    for size in sorted({place.size for place in places}, key=_by_size):
        yield _labels(places[0], la_size=size), [p for p in places if p.size == size]


def _by_size(size: str) -> tuple[int, str]:
    return (_SIZES.index(size) if size in _SIZES else len(_SIZES)), size


def _labels(
    place: Place | None, *, region: bool = False, la_type: str = TOTAL, la_size: str = TOTAL
) -> dict[str, object]:
    return {
        "geographic_level": "Regional" if region else "National",
        "country_code": place.country_code if place else NOT_KNOWN,
        "country_name": place.country_name if place else NOT_KNOWN,
        "region_code": place.region_code if place and region else "",
        "region_name": place.region_name if place and region else "",
        "la_type": la_type,
        "la_size": la_size,
    }


def _figures(cells: Sequence[str], *, census: bool) -> dict[str, object]:
    confirmed, model = cells.count(CONFIRMED), cells.count(MODEL)
    yes, no = confirmed + model, cells.count(NO) + cells.count(NO_BY_SITEMAP)
    known = yes + no
    low, high = interval(yes, known)
    return {
        "authorities": len(cells),
        "authorities_yes": yes,
        "authorities_yes_confirmed": confirmed,
        "authorities_yes_model": model,
        "authorities_ambiguous": cells.count(AMBIGUOUS),
        "authorities_no": no,
        "authorities_not_known": cells.count(NOT_KNOWN),
        "share_yes": round(100 * yes / known, 1) if known else NOT_KNOWN,
        "share_yes_lower_ci": _NOT_APPLICABLE if census else NOT_KNOWN if low is None else round(100 * low, 1),
        "share_yes_upper_ci": _NOT_APPLICABLE if census else NOT_KNOWN if high is None else round(100 * high, 1),
    }


def interval(yes: int, known: int) -> tuple[float | None, float | None]:
    """Return the exact 95 % interval (Clopper and Pearson, 1934) of a share of ``yes`` in ``known``; None where none is known."""
    if not known:
        return None, None
    from scipy.stats import beta

    tail = (1 - _CONFIDENCE) / 2
    low = float(beta.ppf(tail, yes, known - yes + 1)) if yes else 0.0
    high = float(beta.ppf(1 - tail, yes + 1, known - yes)) if yes < known else 1.0
    return low, high


def _names(tally: Tally) -> dict[tuple[str, str], str]:
    p = tally.protocol
    kinds = (("keyword", p.keywords), ("mention", p.mentions), ("approach", p.approaches))
    return {(what, entry.code): entry.name for what, entries in kinds for entry in entries}
