"""The pages behind an animal's search: council prose, seeded, with query words planted in known numbers.

The prose never contains a query word by chance, so how many pages a query finds is decided here and nowhere else.
"""

import random
import re
import unicodedata
from collections import Counter
from dataclasses import dataclass, field

MANY = [
    "mentoring",
    "governors",
    "apprentices",
    "volunteers",
    "allotments",
    "childminders",
    "recycling",
    "cycling",
    "fostering",
    "bursaries",
]
FEW = [
    "coaching",
    "induction",
    "mediation",
    "safeguarding",
    "heritage",
    "flooding",
    "adoption",
    "composting",
    "orienteering",
]
ONE = ["extranet", "beekeeping", "chaplaincy", "heraldry", "stonemasonry", "shopmobility", "twinning", "thatching"]
ZERO = ["lighthouse", "falconry", "submarine", "glockenspiel", "marmalade", "astronaut", "telescope"]

THINGS = [
    "library card",
    "parking permit",
    "bulky waste collection",
    "garden bin",
    "blue badge",
    "street party",
    "skip licence",
    "school place",
    "birth certificate",
    "leisure pass",
    "dropped kerb",
    "tree order",
    "market stall",
    "taxi licence",
    "housing repair",
    "burial plot",
    "bus pass",
    "town hall booking",
    "premises licence",
    "pest visit",
    "care assessment",
    "crossing patrol",
    "road closure",
    "listed building grant",
]
PLACES = [
    "Ashby",
    "Millford",
    "Stonebridge",
    "Netherton",
    "Highfield",
    "Kingsmead",
    "Oakley",
    "Thornbury",
    "Wexcombe",
    "Eastgate",
    "Brackley",
    "Long Moor",
    "Hollins",
    "Fenwick",
    "Priory Park",
    "Castle Ward",
    "Saltmarsh",
    "Copley",
]
BODIES = [
    "Cabinet",
    "Scrutiny Panel",
    "Audit Committee",
    "Licensing Board",
    "Area Forum",
    "Standards Hearing",
    "Schools Forum",
]
SECTIONS = [
    "Living here",
    "Your council",
    "Education",
    "Environment",
    "Business",
    "Leisure",
    "Housing",
    "Social care",
    "Transport",
    "News",
]
PROSE = [
    "You can apply for a {t} online or at the customer desk in {p}.",
    "The desk at {p} opens from nine until half past four on weekdays.",
    "Residents of {p} asked us to look again at how a {t} is issued.",
    "Bring proof of address with you, and allow ten working days for a {t}.",
    "The {b} considered a report about {p} and agreed its recommendations.",
    "Charges for a {t} are reviewed every April.",
    "If you live near {p} you may be able to share the cost with a neighbour.",
    "A member of staff will write to you after the {b} has met.",
    "We want everyone in {p} to know what a {t} involves before they commit.",
    "Copies in large print are held at the {p} office.",
    "Work near {p} should finish before the end of the month.",
    "The {b} meets in public and the papers are printed a week ahead.",
]
PLANTED = [
    "Our {w} programme now reaches every ward, {p} included.",
    "People who took part in {w} last year told us what they would change.",
    "More about {w} is set out in the report that went to the {b}.",
    "A small budget for {w} has been kept back for {p}.",
    "Ask the team at {p} how {w} could work for you.",
    "The annual review of {w} was received by the {b}.",
]
PLANTED_TITLES = [
    "{W} in {p}",
    "A review of {w}",
    "{W}: how to take part",
    "Support for {w}",
    "{W} at {p}, what happens next",
]
TITLES = [
    "Apply for a {t}",
    "{T}: charges",
    "{p} town plan",
    "Minutes of the {b}, {p}",
    "Renew your {t}",
    "About {p}",
    "{T} in {p}",
    "How we decide on a {t}",
    "{b} annual report",
    "Contact the {p} office",
    "Works in {p}",
    "Cancel a {t}",
    "{p} residents and the {b}",
]
WELSH_PROSE = [
    "Gallwch wneud cais yn {p}.",
    "Mae'r swyddfa yn {p} ar agor bob dydd.",
    "Bydd y pwyllgor yn cyfarfod yn {p}.",
]

WORD = re.compile(r"[0-9a-zà-öø-ÿŵŷ£']+")


def words_of(text: str) -> list[str]:
    """Lower-case words as the zoo's engines see them (letters with accents, digits, £)."""
    return [w.strip("'") for w in WORD.findall(unicodedata.normalize("NFC", text).lower()) if w.strip("'")]


def slug(title: str) -> str:
    """A title as an address: ascii letters, digits and hyphens."""
    plain = unicodedata.normalize("NFKD", title).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9]+", "-", plain).strip("-")


@dataclass
class Doc:
    """One page of a pretend council: what it says and where it lives."""

    number: int
    title: str
    sentences: list[str]
    section: str
    kind: str = "page"  # page | news | pdf | doc
    role: str = "main"  # main | sister: which of the authority's hosts carries it
    path: str = ""
    date: tuple[int, int, int] = (2024, 1, 1)
    counts: Counter[str] = field(default_factory=Counter)

    def index(self) -> None:
        """Count the words once everything has been planted."""
        self.counts = Counter(words_of(" ".join([self.title, *self.sentences])))


@dataclass(frozen=True)
class Words:
    """The four queries of an animal and how many pages each finds."""

    zero: str
    one: str
    few: str
    many: str

    def all(self) -> tuple[str, ...]:
        return (self.zero, self.one, self.few, self.many)


def choose_words(rng: random.Random) -> Words:
    """Four query words, different from animal to animal."""
    return Words(rng.choice(ZERO), rng.choice(ONE), rng.choice(FEW), rng.choice(MANY))


def make_docs(rng: random.Random, count: int, plant: dict[str, int], welsh: bool = False) -> list[Doc]:
    """`count` pages; each word of `plant` occurs on exactly that many of them."""
    docs: list[Doc] = []
    seen: set[str] = set()
    while len(docs) < count:
        number = len(docs)
        fill = _filler(rng)
        title = rng.choice(TITLES).format(**fill)
        title = title[0].upper() + title[1:]
        if slug(title) in seen:
            title = f"{title}, part {number}"
        seen.add(slug(title))
        sentences = [rng.choice(PROSE).format(**_filler(rng)) for _ in range(rng.randint(3, 7))]
        if welsh:
            sentences.append(rng.choice(WELSH_PROSE).format(**fill))
        date = (rng.randint(2016, 2025), rng.randint(1, 12), rng.randint(1, 28))
        docs.append(Doc(number, title, sentences, rng.choice(SECTIONS), date=date))
    for word, hits in plant.items():
        for doc in rng.sample(docs, hits):
            _plant(rng, doc, word, seen)
    for doc in docs:
        doc.index()
    return docs


def _filler(rng: random.Random) -> dict[str, str]:
    thing = rng.choice(THINGS)
    return {"t": thing, "T": thing.capitalize(), "p": rng.choice(PLACES), "b": rng.choice(BODIES)}


def _plant(rng: random.Random, doc: Doc, word: str, seen: set[str]) -> None:
    fill = _filler(rng) | {"w": word, "W": word.capitalize()}
    for _ in range(rng.randint(1, 3)):
        doc.sentences.insert(rng.randint(0, len(doc.sentences)), rng.choice(PLANTED).format(**fill))
    if rng.random() < 0.4:
        title = rng.choice(PLANTED_TITLES).format(**fill)
        doc.title = f"{title} ({doc.number})" if slug(title) in seen else title
        seen.add(slug(doc.title))


def set_path(doc: Doc, style: str, rng: random.Random) -> None:
    """Give a page its address in the style of one make of site (the keys below)."""
    name, n = slug(doc.title), 1000 + doc.number * 7
    if doc.kind in ("pdf", "doc"):
        doc.path = f"/downloads/file/{n}/{name.replace('-', '_')}.{doc.kind}"
        return
    doc.path = {
        "slug": f"/{name}",
        "html": f"/{slug(doc.section)}/{name}.html",
        "htm": f"/{doc.section.lower().replace(' ', '_')}/{name.replace('-', '')[:24]}{doc.number}.htm",
        "article": f"/article/{n}/{doc.title.replace(' ', '-').replace(',', '').replace(':', '')}",
        "info": f"/info/{20000 + doc.number}/{slug(doc.section)}/{n}/{name.replace('-', '_')}",
        "query": f"/index.php?id={n}&cat={doc.number % 9}",
        "aspx": f"/pages/default.aspx?ItemId={n}",
        "asp": f"/content/page.asp?pid={n}",
        "deep": f"/{slug(doc.section)}/{slug(rng.choice(PLACES))}/{name}/",
        "nsf": f"/web/site.nsf/Content/{n:08X}?OpenDocument",
        "amp": f"/view.php?doc={n}&sect={doc.number % 7}&copy={doc.number % 3}",
        "cfm": f"/services/detail.cfm?id={n}&dept={doc.number % 9}",
        "portal": f"/portal/page/portal/council/{slug(doc.section)}/{name.replace('-', '_')}",
        "accents": f"/caf%C3%A9s/{name}",
        "case": f"/p/{_code(doc.number // 2).swapcase() if doc.number % 2 else _code(doc.number // 2)}",
        "plain": f"/?p={n}",
        "unid": f"/__80256{n:03X}.nsf/0/{n * 7919:08x}?open&type=page",
        "spaces": f"/{doc.section.replace(' ', '%20')}/{doc.title.replace(' ', '%20').replace(',', '%2C').replace(':', '')}",
    }[style]


def _code(number: int) -> str:
    """A short code of lower-case letters."""
    return "abcdefghij"[number // 100 % 10] + "klmnopqrst"[number // 10 % 10] + "uvwxyzabcd"[number % 10]
