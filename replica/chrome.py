"""What stands round every page of a site: header, menus, search box, footer, in that site's own vocabulary."""

import random
import re
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

from replica.plan import HERE, SitePlan

_ROLES: dict[str, tuple[str, ...]] = {
    "wrap": ("wrapper", "container", "outer", "shell", "pagebox", "sheet", "canvas", "holder"),
    "head": ("header", "banner", "masthead", "topbar", "branding", "strip"),
    "logo": ("logo", "crest", "emblem", "homelink", "badge", "sitename"),
    "nav": ("nav", "menu", "tabs", "topnav", "links", "mainmenu", "primary"),
    "side": ("side", "leftcol", "sidebar", "related", "rail", "submenu", "secondary"),
    "crumb": ("crumbs", "trail", "breadcrumb", "path", "where", "locator"),
    "main": ("main", "content", "body", "centre", "story", "article", "copy", "maintext"),
    "foot": ("footer", "bottom", "base", "legal", "imprint", "endnote"),
    "list": ("found", "matches", "listing", "hits", "answers", "outcome", "retrieved"),
    "item": ("entry", "row", "record", "match", "one", "piece", "hit"),
    "note": ("info", "meta", "small", "detail", "stamp", "caption", "fine"),
    "form": ("finder", "sitesearch", "lookup", "quick", "ask", "searchbox"),
}
_MENU = (
    "A to Z of services",
    "Your council",
    "Contact us",
    "News",
    "Jobs",
    "Education and learning",
    "Council tax",
    "Environment",
    "Leisure",
    "Roads and transport",
    "Social care and health",
    "Have your say",
)
MONTHS = (
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
)
_MARK = re.compile(r"\$\{(\w+)\}")
_LIVE = frozenset({"title", "main", "box", "crumb"})


def vocabulary(plan: SitePlan, skin: str = "") -> dict[str, str]:
    """Role -> class name of a site; no two sites share their set. Another `skin` is another set."""
    rng = random.Random(f"{plan.code}/vocabulary{skin}")
    prefix = rng.choice(("", "", plan.name.lower().replace(" ", "").replace("&", "")[:3], f"c{rng.randint(1, 9)}"))
    style = rng.choice(("-", "_", "camel"))
    names = {}
    for role, words in _ROLES.items():
        word = rng.choice(words)
        names[role] = word if not prefix else prefix + (word.capitalize() if style == "camel" else style + word)
    return names


@dataclass(frozen=True, slots=True)
class Look:
    """What of a frame changes over the months: menu and skin by name, the year of the copyright, a last line."""

    menu: str = ""
    skin: str = ""
    year: int = 2008
    line: str = ""


class Chrome:
    """The frame of one site.

    `links` are (title, address) of pages that its menus may lead to; `look` says what differs from July 2008.
    """

    def __init__(
        self, plan: SitePlan, home: str, links: Sequence[tuple[str, str]], head: str, look: Look | None = None
    ) -> None:
        look = look or Look()
        self.classes = vocabulary(plan, look.skin)
        rng = random.Random(f"{plan.code}/chrome{look.menu}")
        addresses = [address for _, address in links]
        menu = [(text, rng.choice(addresses)) for text in rng.sample(_MENU, rng.randint(5, 8))]
        for text in plan.menu:
            menu.insert(rng.randrange(len(menu)), (text, rng.choice(addresses)))
        side = [*rng.sample(list(links), min(4, len(links)))]
        # A word like Coaching in a menu stands on every page of the site: the reader has to see through it.
        side += [(text, rng.choice(addresses)) for text in plan.menu]
        fixed = {
            "name": escape(plan.name),
            "head": _head(plan, home) + head,
            "nav_li": "".join(f"<li>{_link(*entry)}</li>" for entry in menu),
            "nav_bar": " | ".join(_link(*entry) for entry in menu),
            "side_li": "\n".join(f"<li>{_link(*entry)}</li>" for entry in side),
            "side_br": "<br>\n".join(_link(*entry) for entry in side),
            "side_p": "\n".join(f"<p>{_link(*entry)}</p>" for entry in side),
            "foot": f"Copyright {escape(plan.name)} {look.year}. Accessibility. Disclaimer. Pretend site for software "
            f"tests.{look.line}",
        }
        fixed |= {f"c_{role}": name for role, name in self.classes.items()}
        layout = (HERE / "layouts" / f"{plan.layout}.html").read_text(encoding="utf-8")
        filled = _MARK.sub(lambda found: found[0] if found[1] in _LIVE else fixed[found[1]], layout)
        self._pieces = _MARK.split(filled)

    def page(self, title: str, main: str, box: str = "", crumb: str = "") -> str:
        """A whole page; `title` is plain text, the rest HTML."""
        live = {"title": escape(title), "main": main, "box": box, "crumb": crumb or escape(title)}
        return "".join(live[piece] if odd % 2 else piece for odd, piece in enumerate(self._pieces))


def content(title: str, text: str, date: str, tag: str, note: str) -> str:
    """The middle of a content page: heading, paragraphs and lists, and when it was last updated."""
    rows = [f"<{tag}>{escape(title)}</{tag}>"]
    for paragraph in text.split("\n\n"):
        lines = paragraph.split("\n")
        start = next((at for at, line in enumerate(lines) if line.startswith("- ")), len(lines))
        if start:
            rows.append(f"<p>{'<br />'.join(map(escape, lines[:start]))}</p>")
        if start < len(lines):
            items = "".join(f"<li>{escape(line.removeprefix('- '))}</li>" for line in lines[start:])
            rows.append(f"<ul>{items}</ul>")
    rows.append(f'<p class="{note}">Last updated: {date}</p>')
    return "\n".join(rows)


def updated(number: int) -> str:
    """The date shown on page `number` in July 2008: between January 2006 and then."""
    when = number * 7919 % 31
    return day(number % 28 + 1, 2006 + when // 12, when % 12 + 1)


def day(day_of_month: int, year: int, month: int) -> str:
    """A date as the sites write it: 3 August 2008."""
    return f"{day_of_month} {MONTHS[month - 1]} {year}"


def _link(text: str, address: str) -> str:
    return f'<a href="{escape(address)}">{escape(text)}</a>'


def _head(plan: SitePlan, home: str) -> str:
    lines = []
    if plan.declared != "header":
        lines.append(f'<meta http-equiv="Content-Type" content="text/html; charset={plan.charset}" />\n')
    if "base" in plan.extras:
        lines.append(f'<base href="{home}{plan.pages.split("/")[1]}/" />\n')
    return "".join(lines)
