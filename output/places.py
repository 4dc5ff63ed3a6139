"""Who an authority of a crawl is: names and codes as the Department for Education's data standards want them.

Source of the columns: DfE, "explore education statistics" data standards (analysts' guide); ``x`` means not available.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from study.authorities import region_codes, register, sample, samples

NOT_KNOWN = "x"
NOT_AVAILABLE = "Not available"  # the standards' name of a place whose code is x
CREDIT = (
    "Names, codes and regions: mySociety (CC BY 4.0); contains public sector information licensed under the Open Government "
    "Licence v3.0. Quotes belong to whoever published the pages."
)
_ENGLAND = ("E92000001", "England")


@dataclass(frozen=True)
class Place:
    """One authority; ``key`` is how the record calls it: its GSS code, or the host of a site outside the register."""

    key: str
    name: str
    country_code: str = NOT_KNOWN
    country_name: str = NOT_AVAILABLE
    region_code: str = NOT_KNOWN
    region_name: str = NOT_AVAILABLE
    old_la_code: str = NOT_KNOWN  # three digits, of the DfE
    new_la_code: str = NOT_KNOWN  # GSS
    type: str = NOT_KNOWN
    size: str = NOT_KNOWN  # by number of schools, as the sample's study counted them


def places(keys: Iterable[str], sample_name: str, day: date) -> list[Place]:
    """Return the authorities ``keys`` and those of the sample in force on ``day``: by GSS code, then other sites by host.

    ``sample_name`` may be one that has no file ('sites', 'authorities'): then the keys stand alone and sizes are ``x``.
    """
    sizes: dict[str, str] = {}
    wanted = set(keys)
    if sample_name in samples():
        for sampled in sample(sample_name, day):
            sizes[sampled.authority.code] = sampled.size
            if sampled.authority.in_force(day):
                wanted.add(sampled.authority.code)
    known = register()
    ordered = sorted(wanted, key=lambda key: (key not in known, key))
    return [_place(key, sizes.get(key, "")) for key in ordered]


def _place(key: str, size: str) -> Place:
    authority = register().get(key)
    if authority is None:
        return Place(key, key)
    return Place(
        key=key,
        name=authority.name,
        country_code=_ENGLAND[0],
        country_name=_ENGLAND[1],
        region_code=region_codes()[authority.region],
        region_name=authority.region,
        old_la_code=authority.dfe_code or NOT_KNOWN,
        new_la_code=authority.code,
        type=authority.type or NOT_KNOWN,
        size=size or NOT_KNOWN,
    )
