"""Pages of a council that does not exist: the same every time, with query words in a known share of them."""

import random
from dataclasses import dataclass

from fpdf import FPDF

# How many published pages hold each word. The words stand nowhere else.
QUERIES = {"zeppelin": 0, "lollipop": 1, "apprenticeship": 9, "coaching": 25, "mentoring": 260}
PUBLISHED = 320
DRAFTS = 20

_OPENERS = [
    "From April",
    "Each autumn",
    "This year",
    "For residents",
    "By law",
    "In most cases",
    "On request",
    "Twice a week",
]
_WHO = ["the parking team", "our library staff", "the planning committee", "a duty officer", "the waste service"]
_WHO += [
    "parish councillors",
    "the highways office",
    "school governors",
    "the records centre",
    "our trading standards unit",
]
_DOES = ["collects", "publishes", "reviews", "offers", "checks", "arranges", "renews", "answers questions about"]
_WHAT = ["garden bins", "bus passes", "street lamps", "allotment plots", "birth certificates", "the flood plan"]
_WHAT += ["council tax bands", "dropped kerbs", "licences for market stalls", "minutes of meetings", "school meals"]
_WHERE = ["in Fernhill", "at Abbots Cross", "near the old station", "across the district", "at the civic centre"]
_WHERE += ["in Lower Marley", "along the canal", "at every branch", "on the Brook estate", "in town"]
_WHEN = ["before noon", "within ten working days", "on weekdays", "until the end of March", "free of charge"]
_WHEN += ["for a small fee", "by post or in person", "when the weather allows", "after a short interview"]
_TITLES = ("Guide to", "News about", "Report on", "Questions on", "Charges for", "Changes to", "Timetable for")
_WITH_WORD = (
    "The {word} scheme is open to everyone who works for us.",
    "Ask at the desk about {word} and bring a pen.",
    "Last spring {word} was praised in the survey.",
    "A leaflet on {word} is at the library.",
)


@dataclass(frozen=True)
class Article:
    """One page: a URL part, a title, its paragraphs; drafts must never be found."""

    slug: str
    title: str
    paragraphs: tuple[str, ...]
    draft: bool = False


def articles(seed: int = 2008) -> list[Article]:
    """`PUBLISHED` pages and `DRAFTS` drafts; every draft holds every query word that has hits."""
    chance = random.Random(seed)
    words: list[list[str]] = [[] for _ in range(PUBLISHED)]
    for word, pages in QUERIES.items():
        for number in chance.sample(range(PUBLISHED), pages):
            words[number].append(word)
    published = [_article(chance, number, found) for number, found in enumerate(words)]
    every = [word for word, pages in QUERIES.items() if pages]
    return published + [_article(chance, PUBLISHED + number, every, draft=True) for number in range(DRAFTS)]


def as_text(article: Article) -> bytes:
    """The article as a plain text file."""
    return "\n\n".join((article.title, *article.paragraphs)).encode("ascii")


def as_pdf(article: Article) -> bytes:
    """The article as a PDF without a title of its own."""
    document = FPDF()
    document.add_page()
    document.set_font("Helvetica")
    document.multi_cell(0, text=as_text(article).decode("ascii"))
    return bytes(document.output())


def _article(chance: random.Random, number: int, words: list[str], draft: bool = False) -> Article:
    paragraphs = [" ".join(_sentence(chance) for _ in range(chance.randint(2, 5))) for _ in range(chance.randint(2, 5))]
    for word in words:
        place = chance.randrange(len(paragraphs))
        paragraphs[place] += " " + chance.choice(_WITH_WORD).format(word=word)
    title = f"{chance.choice(_TITLES)} {chance.choice(_WHAT)} {chance.choice(_WHERE)}"
    return Article(f"item-{number:03d}", title, tuple(paragraphs), draft)


def _sentence(chance: random.Random) -> str:
    parts = (chance.choice(part) for part in (_OPENERS, _WHO, _DOES, _WHAT, _WHERE, _WHEN))
    opener, who, does, what, where, when = parts
    return f"{opener} {who} {does} {what} {where} {when}."
