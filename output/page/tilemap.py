"""A tile map of England: one hexagon an authority of today, drawn for one keyword group.

Positions: study/tile-map.csv, after Open Innovations' hexmaps (MIT). An authority that was split or merged since the crawl lends
its cell to those who hold its area today.
"""

from __future__ import annotations

import csv
import math
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path

import study
from output.findings import AMBIGUOUS, CONFIRMED, MODEL, NO, NO_BY_SITEMAP, NOT_KNOWN
from output.page.marks import NOT_ASKED, SHORT, mark
from output.places import Place
from output.tallies import Tally
from study.authorities import find, register, successors

_FILE = Path(study.__file__).with_name("tile-map.csv")
_SIDE = 10.0  # of a hexagon, in the drawing's own units
_WIDE = math.sqrt(3) * _SIDE
# of several authorities that became one: what the map says of it
_ORDER = (CONFIRMED, MODEL, AMBIGUOUS, NOT_KNOWN, NO_BY_SITEMAP, NO)
# corners of a hexagon that stands on its tip
_CORNERS = [(_SIDE * math.sin(math.radians(a)), -_SIDE * math.cos(math.radians(a))) for a in range(0, 360, 60)]


@dataclass(frozen=True)
class Tile:
    """One hexagon."""

    points: str
    cell: str
    title: str
    href: str


@dataclass(frozen=True)
class TileMap:
    """One map: hexagons, the borders of regions as a path, and what it says in words."""

    title: str
    code: str
    view_box: str
    tiles: tuple[Tile, ...]
    borders: str
    counts: tuple[tuple[str, int], ...]  # authorities of the report by cell


def maps(tally: Tally) -> list[TileMap]:
    """Return a map for each keyword group of which anything is said; none where no authority of the register is in the report."""
    held = _held(tally.places)
    if not held:
        return []
    return [_map(tally, held, keyword.code, keyword.name) for keyword in tally.protocol.keywords]


def _held(places: tuple[Place, ...]) -> dict[str, list[Place]]:
    """By today's code: the authorities of the report whose area it holds."""
    held: dict[str, list[Place]] = defaultdict(list)
    for place in places:
        if place.key in register():
            for heir in successors(place.key, date.max):
                held[heir.code].append(place)
    return held


def _map(tally: Tally, held: dict[str, list[Place]], code: str, name: str) -> TileMap:
    cells = tally.cells("keyword", code)
    tiles = []
    for today, (x, y) in _centres().items():
        own = sorted(held.get(today, []), key=lambda place: _ORDER.index(cells[place.key]))
        cell = cells[own[0].key] if own else NOT_ASKED
        said = "; ".join(f"{place.name}: {SHORT[cells[place.key]]}" for place in own)
        now = find(today).name
        renamed = bool(own) and any(place.key != today for place in own)
        title = f"{now} (then {said})" if renamed else said or f"{now}: {SHORT[NOT_ASKED]}"
        href = mark(own[0].key, "keyword", code, cell).href if own else ""
        points = " ".join(f"{x + dx:.1f},{y + dy:.1f}" for dx, dy in _CORNERS)
        tiles.append(Tile(points, cell, title, href))
    counts = tuple((cell, n) for cell in _ORDER if (n := list(cells.values()).count(cell)))
    return TileMap(name, code, _view_box(), tuple(tiles), _borders(), counts)


@cache
def _positions() -> dict[str, tuple[int, int]]:
    with _FILE.open(newline="", encoding="utf-8-sig") as file:
        return {row["code"]: (int(row["q"]), int(row["r"])) for row in csv.DictReader(file)}


@cache
def _centres() -> dict[str, tuple[float, float]]:
    return {code: (_WIDE * (q + 0.5 * (r & 1)), -1.5 * _SIDE * r) for code, (q, r) in _positions().items()}


@cache
def _view_box() -> str:
    xs, ys = zip(*_centres().values(), strict=True)
    margin = _SIDE + 2
    left, top = min(xs) - margin, min(ys) - margin
    return f"{left:.1f} {top:.1f} {max(xs) + margin - left:.1f} {max(ys) + margin - top:.1f}"


@cache
def _borders() -> str:
    """Sides of hexagons that have another region, or nothing, beyond them."""
    at = {position: code for code, position in _positions().items()}
    parts = []
    for code, (q, r) in _positions().items():
        region = find(code).region
        x, y = _centres()[code]
        for number, neighbour in enumerate(_neighbours(q, r)):
            beyond = at.get(neighbour)
            if beyond is None or find(beyond).region > region:
                (ax, ay), (bx, by) = _CORNERS[number], _CORNERS[(number + 1) % 6]
                parts.append(f"M{x + ax:.1f} {y + ay:.1f}L{x + bx:.1f} {y + by:.1f}")
    return "".join(parts)


def _neighbours(q: int, r: int) -> Iterator[tuple[int, int]]:
    """The neighbours beyond the sides from the tip clockwise: north-east, east, south-east, south-west, west, north-west."""
    odd = r & 1
    yield from ((q + odd, r + 1), (q + 1, r), (q + odd, r - 1), (q - 1 + odd, r - 1), (q - 1, r), (q - 1 + odd, r + 1))
