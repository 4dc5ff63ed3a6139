"""A study protocol: what is asked of every site and what is looked for in the answers, as one TOML file.

A protocol is data. Its name is its file's stem in ``study/protocols``; ``load`` also takes a path. What each key means is
said at the fields below and, for people who write one, in docs/protocols.md.
"""

from __future__ import annotations

import hashlib
import re
import tomllib
from datetime import date
from functools import cached_property
from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError, model_validator

from study.authorities import samples
from study.errors import UserError

_PROTOCOLS = Path(__file__).parent / "protocols"


class ProtocolError(UserError):
    """A protocol file is missing or wrong; the text names file, key and what was expected."""


def _pattern(text: str) -> str:
    try:
        everywhere = re.compile(text).search("") is not None
    except re.error as problem:
        raise ValueError(f"expected a regular expression, but {problem}") from problem
    if everywhere or not text.strip():
        raise ValueError("expected a regular expression that needs some words: this one is found in every text")
    return text


def _words(text: str) -> str:
    if not text.strip():
        raise ValueError("expected words to search for")
    return text


Pattern = Annotated[
    str, AfterValidator(_pattern)
]  # matched without regard to case; white space stands for any white space
Code = Annotated[str, Field(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$")]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Keyword(_Strict):
    """A keyword group: its variants are searched one by one, its total is the distinct URLs over them."""

    code: Code
    name: str
    variants: list[Annotated[str, AfterValidator(_words)]] = Field(min_length=1)
    counts: Literal["relevance", "mention"]  # what makes a hit count: a relevant text, or a named mention
    relations: list[str] = []  # with counts = relevance: the relations that include the group's
    mention: str | None = None  # with counts = mention: the mention's code
    core: Pattern | None = None  # what the keyword looks like in running text, where passages are cut around it


class Relation(_Strict):
    """What a text is called: the codes that judgements and labels use."""

    code: Code
    name: str
    pattern: Pattern | None = None  # words that name it


class Coded(_Strict):
    """A topic (off-topic class), an approach or a flag: its code, its name, and words that point to it."""

    code: Code
    name: str
    about: str = ""
    cues: list[Pattern] = []  # used where there is no model; never decisive alone


class Namesake(_Strict):
    """Something else of the same name."""

    name: str
    pattern: Pattern


class Mention(_Strict):
    """A name that is looked for in every text, and how it is told from its namesakes."""

    code: Code
    name: str
    patterns: list[Pattern] = Field(min_length=1)  # any of them is a candidate
    case_sensitive: bool = False
    certain: list[Pattern] = []  # a candidate whose own words match one of these needs no more evidence
    needs: list[Pattern] = []  # else one of these must stand within `within` characters of it (or anywhere, if 0)
    within: int = Field(default=0, ge=0)
    namesakes: list[Namesake] = []  # a namesake in the text rules the uncertain candidates out
    unless: list[Pattern] = []  # words at the candidate (40 characters each side) that rule it out
    about: dict[str, list[Pattern]] = {}  # what it is about: code -> words within 300 characters
    explained: list[Pattern] = []  # words within 300 characters that explain it
    linked: list[Pattern] = []  # addresses within 300 characters that lead to it


class Offered(_Strict):
    """One entry of a framework that offers are mapped to: a type of it, or one end of a spectrum.

    A text that is relevant offers it where a person or the model gave it ``approach``, or where one of ``cues`` stands
    near the words it is about (``core``).
    """

    dimension: Code  # e.g. type, peer-or-expert-novice
    code: Code
    name: str
    about: str = ""
    approach: Code | None = None  # the approach that says the same
    cues: list[Pattern] = []


class Published(_Strict):
    """Figures of a published round of the study, printed beside ours."""

    title: str
    source: str
    as_of: date | None = None  # the day it speaks for: its place in a trend
    asked: int | None = None  # how many authorities
    totals: dict[str, int] = {}  # keyword group -> total hits
    minimum: dict[str, int] = {}
    maximum: dict[str, int] = {}
    relevant: dict[str, int] = {}
    authorities: dict[str, int] = {}  # keyword group -> authorities with a relevant hit or a mention
    approaches: dict[str, list[str]] = {}  # approach -> codes of authorities named


class Deployment(_Strict):
    """What searches bring back, as far as is known: a model is calibrated for this mix, not for that of its labels."""

    prevalence: float = Field(gt=0, lt=1)  # share of hits that are relevant
    topics: dict[str, Annotated[float, Field(gt=0)]]  # topic -> its share of the off-topic hits; need not sum to one


class Protocol(_Strict):
    """One study."""

    name: Code
    title: str
    sample: str  # default sample
    seeds: str | None = None  # folder under labels/ with the seed labels; none: rules only
    keywords: list[Keyword] = Field(min_length=1)
    relations: list[Relation] = []
    topics: list[Coded] = []
    approaches: list[Coded] = []
    flags: list[Coded] = []  # what a report may count apart
    mentions: list[Mention] = []
    denials: list[Pattern] = []  # words of a sentence that says it is not there, or no more
    deployment: Deployment | None = None  # needed where there are seeds
    published: Published | None = None
    framework: list[Offered] = []  # what a report maps the relevant texts to

    @model_validator(mode="after")
    def _references_hold(self) -> Protocol:
        if self.sample not in samples():
            raise ValueError(f"sample is {self.sample!r}; expected one of {', '.join(samples())}")
        mentions = {m.code for m in self.mentions}
        relations = {r.code for r in self.relations}
        for keyword in self.keywords:
            if keyword.counts == "mention" and keyword.mention not in mentions:
                raise ValueError(
                    f"keywords.{keyword.code}.mention is {keyword.mention!r}; expected one of {sorted(mentions)}"
                )
            unknown = set(keyword.relations) - relations
            if unknown:
                raise ValueError(
                    f"keywords.{keyword.code}.relations names {sorted(unknown)}; expected some of {sorted(relations)}"
                )
        topics = {topic.code for topic in self.topics}
        if self.deployment is not None and set(self.deployment.topics) != topics:
            raise ValueError(
                f"deployment.topics names {sorted(self.deployment.topics)}; expected a share for each of {sorted(topics)}"
            )
        approaches = {approach.code for approach in self.approaches}
        for offered in self.framework:
            if offered.approach is not None and offered.approach not in approaches:
                raise ValueError(
                    f"framework.{offered.code}.approach is {offered.approach!r}; expected one of {sorted(approaches)}"
                )
        for kind in ("keywords", "relations", "topics", "approaches", "flags", "mentions", "framework"):
            codes = [entry.code for entry in getattr(self, kind)]
            twice = sorted({code for code in codes if codes.count(code) > 1})
            if twice:
                raise ValueError(f"{kind}: {', '.join(twice)} stands twice; expected each code once")
        return self

    @cached_property
    def hash(self) -> str:
        """SHA-256 of what the protocol says (not of its comments or layout).

        Without ``framework``, and without when a published round was and how many it asked: they are read when a report is
        made, so changing them leaves what was judged as it is.
        """
        said = self.model_dump_json(exclude={"framework": True, "published": {"as_of", "asked"}})
        return hashlib.sha256(said.encode()).hexdigest()

    def keyword(self, code: str) -> Keyword:
        """Return the keyword group with this code; KeyError if there is none."""
        for keyword in self.keywords:
            if keyword.code == code:
                return keyword
        raise KeyError(code)

    @cached_property
    def core(self) -> re.Pattern[str]:
        """Words around which passages are cut: every relevance keyword's ``core`` pattern."""
        parts = [k.core or re.escape(v) for k in self.keywords if k.counts == "relevance" for v in k.variants]
        return re.compile("|".join(dict.fromkeys(parts)) or r"(?!)", re.IGNORECASE)

    @cached_property
    def denied(self) -> re.Pattern[str]:
        """Words by which a sentence denies what it is about; matches nothing where the protocol has none."""
        return re.compile("|".join(f"(?:{pattern})" for pattern in self.denials) or r"(?!)", re.IGNORECASE)


def names() -> list[str]:
    """Return the names of the protocols that come with mentorwatch."""
    return sorted(path.stem for path in _PROTOCOLS.glob("*.toml"))


def load(name_or_path: str) -> Protocol:
    """Load a protocol by name or path; raise :class:`ProtocolError` naming file, key and what was expected."""
    path = _PROTOCOLS / f"{name_or_path}.toml"
    if not path.is_file():
        path = Path(name_or_path)
    if not path.is_file():
        raise ProtocolError(
            f"{name_or_path}: there is no such protocol; expected one of {', '.join(names())}, or a .toml file"
        )
    try:
        data = tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as problem:
        raise ProtocolError(f"{path}: not a TOML file: {problem}") from problem
    try:
        return Protocol.model_validate(data)
    except ValidationError as problem:
        lines = [_say(path, data, error["loc"], error["msg"], error.get("input")) for error in problem.errors()]
        raise ProtocolError("\n".join(lines)) from problem


def _say(path: Path, data: object, location: tuple[int | str, ...], message: str, found: object) -> str:
    key = ""
    for step in location:
        if isinstance(step, int):
            entry = data[step] if isinstance(data, list) and step < len(data) else None
            code = entry.get("code") if isinstance(entry, dict) else None
            key += f"[{code or step}]"
        else:
            key += f".{step}" if key else str(step)
        data = (
            data[step]
            if isinstance(data, list) and isinstance(step, int) and step < len(data)
            else (data.get(step) if isinstance(data, dict) else None)
        )
    shown = "" if isinstance(found, dict | list) or message == "Field required" else f" (found {str(found)[:80]!r})"
    return f"{path}: {key or 'file'}: {message.removeprefix('Value error, ')}{shown}"
