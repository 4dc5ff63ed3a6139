"""What an animal is: a few lines of data in animals/*.toml, read into these dataclasses. README.md lists every key."""

import dataclasses
import random
import tomllib
import zlib
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent

STATUSES = frozenset(["complete", "capped", "blocked", "robots", "script-only", "none", "suspect", "failed"])


@dataclass(frozen=True)
class Ask:
    """How the search is asked."""

    path: str = "/search"
    field: str = "q"
    method: str = "get"
    form: str = "look"  # the look's own form, or a named one of forms.py
    hidden: dict[str, str] = dataclasses.field(default_factory=dict)
    needs_hidden: bool = False  # without the hidden fields the engine shows its advanced form
    button: str = ""  # "name=value" that must be sent, or the engine shows its form again
    charset: str = "utf-8"
    role: str = "main"  # which host answers: main | sister
    redirect: str = ""  # the form's target redirects to this path with the query
    answer: str = "html"  # html | rss | atom | gsa | json | funnelback | one of formats.py


@dataclass(frozen=True)
class Pager:
    """How the next page is asked for (family) and what the link to it looks like (style)."""

    family: str = "page1"
    param: str = "page"
    size: int = 10
    style: str = "prev-next"
    end: str = "none"  # none | clamp | empty | loop | self | 404: what follows the last page
    cap: int = 0  # items after which the engine pages no further
    cap_says: str = ""  # what it says there


@dataclass(frozen=True)
class Fault:
    """Something that breaks, and where."""

    at: str  # home | search | page2 | page3 | robots | everything
    kind: str


@dataclass(frozen=True)
class Expect:
    """What a reader should come to; `also` are outcomes that a careful reading of DESIGN.md allows as well."""

    status: str = "complete"
    also: tuple[str, ...] = ()
    found: bool = True


@dataclass(frozen=True)
class Animal:
    """One misbehaving or merely odd council site."""

    id: str
    name: str  # the sentence it proves
    group: str
    look: str = "bem"
    pages: int = 60
    urls: str = "slug"
    home: str = "form"
    decoys: tuple[str, ...] = ()
    decoys_after: tuple[str, ...] = ()
    ask: Ask = field(default_factory=Ask)
    list: str = "ol-h3"
    snippet: str = "kwic"  # kwic | summary | none
    wrap: str = ""
    total: str = "none"
    zero: str = "no-results"
    pager: Pager = field(default_factory=Pager)
    extras: tuple[str, ...] = ()
    quirks: tuple[str, ...] = ()
    faults: tuple[Fault, ...] = ()
    robots: str = ""
    many: int = 0  # hits of the fourth query; 0: chosen by the seed
    words: tuple[str, ...] = ()  # zero, one, few, many; empty: chosen by the seed
    documents: bool = False
    sister: bool = False
    menu_hits: bool = False
    expect: Expect = field(default_factory=Expect)

    @property
    def set(self) -> str:
        """Which author's: `first`, or `second` (files second-*.toml)."""
        return "second" if self.group.startswith("second-") else "first"

    @property
    def seed(self) -> int:
        return zlib.crc32(self.id.encode())

    def rng(self, purpose: str) -> random.Random:
        """Random choices of one kind, the same on every run."""
        return random.Random(f"{self.id}/{purpose}")

    @property
    def queries(self) -> tuple[str, ...]:
        """What to search for: no hit, one, a handful, several pages of them."""
        from tests.zoo.corpus import choose_words

        return self.words or choose_words(self.rng("words")).all()


@cache
def load(folder: Path = HERE / "animals") -> tuple[Animal, ...]:
    """Every animal of the zoo, in file order. Raises ValueError on an unknown key, naming file and animal."""
    found: list[Animal] = []
    for path in sorted(folder.glob("*.toml")):
        for key, data in tomllib.loads(path.read_text("utf-8")).items():
            try:
                found.append(_animal(key, path.stem, data))
            except (TypeError, ValueError) as error:
                raise ValueError(f"{path.name}, [{key}]: {error}") from error
    ids = [a.id for a in found]
    if len(ids) != len(set(ids)):
        raise ValueError(f"animals with one name: {sorted({i for i in ids if ids.count(i) > 1})}")
    return tuple(found)


def _animal(key: str, group: str, data: dict[str, Any]) -> Animal:
    data = dict(data)
    made: dict[str, Any] = {"id": key, "name": data.pop("proves"), "group": data.pop("group", group)}
    for name, kind in (("ask", Ask), ("pager", Pager), ("expect", Expect)):
        if name in data:
            made[name] = kind(**{k: _frozen(v) for k, v in data.pop(name).items()})
    if "fault" in data:
        faults = data.pop("fault")
        made["faults"] = tuple(Fault(**f) for f in (faults if isinstance(faults, list) else [faults]))
    animal = Animal(**made, **{k: _frozen(v) for k, v in data.items()})
    for status in (animal.expect.status, *animal.expect.also):
        if status not in STATUSES:
            raise ValueError(f"{status!r} is not a status of DESIGN.md")
    return animal


def _frozen(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value
