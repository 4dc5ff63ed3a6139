"""report.html: what it says, that every figure leads to its evidence, and that it is safe, bounded and good to read."""

import re
from collections import Counter
from datetime import date

import frictionless
import pytest
from bs4 import BeautifulSoup

from output.page import evidence
from output.page.tilemap import maps
from output.report import make_report
from output.tallies import take
from study.authorities import register
from study.protocol import load
from study.record import Record
from tests import axe
from tests.small_record import DEFINITION_AND_PLANS, SmallCrawl, small_protocol

KENT, DEVON, CHESHIRE, LIVERPOOL, ELSEWHERE = "E10000016", "E10000008", "E10000004", "E08000012", "www.school.example"
HOSTILE = '"><script>window.taken = true</script><img src=x onerror="window.taken = true">'
MORE = r"""
[[framework]]
dimension = "peer-or-expert-novice"
code = "peers"
name = "Peers"
cues = ['\bas equals\b']
"""


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    return small_protocol(tmp_path_factory.mktemp("protocol"), DEFINITION_AND_PLANS + MORE)


@pytest.fixture(scope="module")
def crawl(tmp_path_factory, study):
    """Something of everything: confirmed, by the model, ambiguous, no, not known; a name, a namesake, a definition, an attack."""
    path = tmp_path_factory.mktemp("record") / "record.db"
    with Record.open(f"sqlite:///{path}") as record:
        crawl = SmallCrawl(record, study, [KENT, DEVON, CHESHIRE, LIVERPOOL, ELSEWHERE])
        crawl.asked(
            KENT, "mentor", ["a", "b"], reported_total=40, total_is="capped", status="capped", reason="no page 2"
        )
        crawl.asked(DEVON, "mentor", ["a"])
        crawl.asked(CHESHIRE, "coach", ["a"])
        crawl.asked(ELSEWHERE, "mentor", status="blocked", reason=HOSTILE)
        said = {"relation": "mentoring", "approaches": ["strategy"], "title": "Our strategy"}
        plan = "Mentoring is a gift. Heads meet as equals, mentor and mentee."
        named = [("tda", None, True, "paid by the TDA", {"about": ["funding"], "explained": True})]
        named += [("definition", None, True, "Mentoring is a gift.")]
        kept = crawl.fetched(KENT, "a", plan, "relevant", evidence=[plan], mentions=named, **said)
        crawl.decided(kept, "relevant", relation="mentoring", approaches=["strategy"])
        crawl.fetched(KENT, "b", "Buses.", topics=["other"])
        crawl.fetched(DEVON, "a", "Mentors.", "relevant", **{**said, "title": HOSTILE}, evidence=[f"Mentors {HOSTILE}"])
        crawl.fetched(CHESHIRE, "a", "Coaches.", "ambiguous", relation="coaching", evidence=["Coaches."])
        yield crawl


@pytest.fixture(scope="module")
def path(crawl, tmp_path_factory):
    directory = tmp_path_factory.mktemp("report")
    make_report(crawl.record, crawl.protocol, directory)
    return directory / "report.html"


@pytest.fixture(scope="module")
def soup(path):
    return BeautifulSoup(path.read_text(encoding="utf-8"), "lxml")


def text(element):
    return " ".join(element.get_text(" ").split())


# -- What it says --------------------------------------------------------------------------------------------------------


def test_it_begins_with_the_result_in_words(soup):
    assert text(soup.select_one(".headline")).startswith(
        "Of 5 authorities asked, 2 have a relevant hit for mentor (mentoring);"
    )
    assert [text(one) for one in soup.select(".figures > li")] == [
        "2 of 5 have a relevant hit for mentor (mentoring) July 2008 (published): 1 of 30",
        "0 of 5 have a relevant hit for coach",
        "1 of 5 mentions Training and Development Agency for Schools July 2008 (published): 1 of 30",
    ]


def test_ours_stand_beside_the_published_and_equal_ones_are_marked(soup):
    ours, theirs, note = soup.select(".study tbody")[0].select("tr")
    assert [text(one) for one in ours.select("td")] == ["41", "0 to 40", "2", "2"]
    assert [text(one) for one in theirs.select("td")] == ["3", "1 to 2", "1", "1"]
    assert "of the 4 of 5 authorities" in text(note)
    tda = soup.select(".study tbody")[2].select("tr")[1]
    assert text(tda.select("td")[-1]) == "1 = (equal)"


def test_how_sure_is_told_apart_by_more_than_colour(soup):
    row = {text(r.th): [text(td) for td in r.select("td")] for r in soup.select("#sure tbody tr")}["mentor (mentoring)"]
    assert row[:6] == ["1", "1", "0", "2", "0", "1"]
    heads = {text(head): number for number, head in enumerate(soup.select("#authorities thead th"))}
    cells = {
        text(row.th): row.select("th, td")[heads["mentor (mentoring)"]] for row in soup.select("#authorities tbody tr")
    }
    shapes = {name.split()[0]: cell.use["href"] for name, cell in cells.items()}
    assert shapes == {
        "Kent": "#m-yes_confirmed",
        "Devon": "#m-yes_model",
        "Cheshire": "#m-no",
        "Liverpool": "#m-no",
        ELSEWHERE: "#m-x",
    }
    assert text(cells["Kent County Council"]) == "yes, confirmed by a person"
    assert text(cells[ELSEWHERE]) == "not known"


def test_an_approach_names_its_authorities_by_region(soup):
    section = soup.select_one("#approach-strategy")
    regions = [text(one) for one in section.select("dt")]
    names = [text(one.a) for one in section.select("dd")]
    assert list(zip(regions, names, strict=True)) == [
        ("South East", "Kent County Council"),
        ("South West", "Devon County Council"),
    ]
    assert "July 2008 (published), named: Kent County Council." in text(section)


def test_names_definitions_and_the_framework_are_quoted(soup):
    assert "On 1 page of 1 authority; about funding (1)" in text(soup.select_one("#name-tda"))
    assert "Mentoring is a gift." in text(soup.select_one("#definitions"))
    told = soup.select_one("#framework .told")
    assert "Heads meet as equals, mentor and mentee." in [text(quote) for quote in told.select("q")]


def test_what_was_left_out_on_demand_is_said_first(crawl, tmp_path, soup):
    make_report(crawl.record, crawl.protocol, tmp_path, model_only=True, without_brief=True)
    partial = BeautifulSoup((tmp_path / "report.html").read_text(encoding="utf-8"), "lxml")
    said = [text(one) for one in partial.select("header .remark")]
    assert [one.split(":")[0] for one in said] == ["Made with --model-only", "Made with --without-brief"]
    assert soup.select(".remark") == []
    assert all(one in (tmp_path / "datapackage.json").read_text(encoding="utf-8") for one in said)


def test_what_was_not_complete_is_told_with_its_reason(soup):
    row = soup.select_one("#c-E10000016")
    assert text(row).endswith("mentor: capped, no page 2")


# -- Every figure leads to its evidence ----------------------------------------------------------------------------------


def test_every_link_within_the_page_has_a_place_to_go_and_no_place_stands_twice(soup):
    ids = Counter(element["id"] for element in soup.select("[id]"))
    assert [name for name, count in ids.items() if count > 1] == []
    missing = {a["href"] for a in soup.select('a[href^="#"], use') if a["href"][1:] not in ids}
    assert missing == set()


def test_a_mark_leads_to_quote_address_and_day(soup):
    cell = soup.select_one("#k-E10000016 a.cell")
    place = soup.find(id=cell["href"][1:]).find_parent(class_="shown")
    assert "Mentoring is a gift." in text(place.blockquote.p)
    assert place.blockquote.footer.a["href"] == "http://e10000016.main.example/a"
    assert text(place.blockquote.footer.time) == "29 July 2008"
    assert text(place.h4).startswith("mentor (mentoring) · Own strategy")


def test_a_region_leads_to_its_authorities(soup):
    link = soup.select_one("#groups").find("a", string="South East")
    assert text(soup.find(id=link["href"][1:]).find_parent("tr").th) == "Kent County Council"


def test_a_dash_leads_to_how_the_site_was_searched(soup):
    hrefs = {a["href"] for a in soup.select("#k-www-school-example a.cell")}
    assert hrefs == {"#c-www-school-example"}


# -- The map -------------------------------------------------------------------------------------------------------------


def test_the_map_has_every_authority_of_today_once_and_heirs_show_what_was_theirs(crawl):
    (of_mentor, of_coach, _) = maps(take(crawl.record, crawl.protocol))
    assert len({tile.points for tile in of_mentor.tiles}) == len(of_mentor.tiles) == 153
    assert len([a for a in register().values() if a.end_date is None]) == 153
    heirs = [tile.title for tile in of_coach.tiles if tile.cell == "ambiguous"]
    assert len(heirs) == 2
    assert all("then Cheshire County Council: ambiguous" in title for title in heirs)
    assert dict(of_mentor.counts) == {"yes_confirmed": 1, "yes_model": 1, "no": 2, "x": 1}


def test_sites_outside_the_register_have_no_map(tmp_path, study):
    with Record.open(f"sqlite:///{tmp_path / 'record.db'}") as record:
        SmallCrawl(record, study, [ELSEWHERE])
        assert maps(take(record, study)) == []
        make_report(record, study, tmp_path / "out")
    assert 'id="map"' not in (tmp_path / "out" / "report.html").read_text(encoding="utf-8")


# -- Safe and bounded ----------------------------------------------------------------------------------------------------


def test_a_page_holds_a_few_quotes_a_cell_and_names_where_the_rest_is(tmp_path, study):
    with Record.open(f"sqlite:///{tmp_path / 'record.db'}") as record:
        crawl = SmallCrawl(record, study, [KENT])
        paths = [f"p{number}" for number in range(40)]
        crawl.asked(KENT, "mentor", paths)
        for path in paths:
            crawl.fetched(KENT, path, path, "relevant", relation="mentoring", evidence=[f"Quote {path}."])
        make_report(record, study, tmp_path / "out")
    soup = BeautifulSoup((tmp_path / "out" / "report.html").read_text(encoding="utf-8"), "lxml")
    assert len(soup.select("#evidence blockquote")) == evidence.PER_CELL
    assert "37 more in evidence.csv" in text(soup.select_one("#evidence"))


def test_a_study_of_very_many_sites_names_the_first_and_says_how_many_are_left(crawl, tmp_path, monkeypatch):
    monkeypatch.setattr("output.page.AUTHORITIES", 2)
    make_report(crawl.record, crawl.protocol, tmp_path)
    soup = BeautifulSoup((tmp_path / "report.html").read_text(encoding="utf-8"), "lxml")
    assert "The page names the first 2 authorities; 3 more are in the tables." in text(soup.select_one("#authorities"))
    assert len(soup.select("#authorities tbody tr")) == len(soup.select("#coverage tbody tr")) == 2
    assert {one["id"] for one in soup.select("#evidence .authority")} == {"a-E10000004"}
    assert text(soup.select_one(".figures li")).startswith("2 of 5")
    ids = {element["id"] for element in soup.select("[id]")}
    assert {a["href"] for a in soup.select('a[href^="#"]') if a["href"][1:] not in ids} == set()


@pytest.mark.parametrize("name", ["ecf-2026", "bare"])
def test_a_study_without_approaches_or_published_figures_has_a_page_too(tmp_path, study, name):
    nothing = {key: [] for key in ("approaches", "framework", "topics")}
    other = load(name) if name != "bare" else study.model_copy(update=nothing)
    other = other.model_copy(update={"published": None})
    with Record.open(f"sqlite:///{tmp_path / 'record.db'}") as record:
        SmallCrawl(record, other, [KENT])
        make_report(record, other, tmp_path / "out")
    soup = BeautifulSoup((tmp_path / "out" / "report.html").read_text(encoding="utf-8"), "lxml")
    assert "nothing was published of this study" in text(soup.nav)
    assert (soup.select_one("#approaches") is None) == (not other.approaches)
    assert soup.select_one("#framework") is None
    assert frictionless.validate(str(tmp_path / "out" / "datapackage.json")).valid


def test_nothing_is_loaded_from_elsewhere(soup):
    loading = soup.select("link, iframe, object, embed, img, source, script[src], use:not([href^='#'])")
    assert loading == []
    policy = soup.select_one("meta[http-equiv]")["content"]
    assert policy.startswith("default-src 'none'")
    assert not re.search(r"url\((?!#)", soup.style.string)
    assert all(re.match(r"(#|https?://)", a["href"]) for a in soup.select("a[href]"))


# -- In a browser --------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def browser():
    with axe.browser() as started:
        yield started


def opened(browser, path, width=1280, **options):
    page = browser.new_page(viewport={"width": width, "height": 800}, **options)
    requests = []
    page.on("request", lambda request: requests.append(request.url))
    page.goto(path.as_uri())
    page.requests = requests
    return page


@pytest.mark.services
def test_it_passes_axe_in_light_and_in_dark(browser, path):
    assert axe.violations(opened(browser, path)) == []
    assert axe.violations(opened(browser, path, width=360)) == []


@pytest.mark.services
def test_scraped_text_runs_nothing_and_the_page_asks_nobody(browser, path):
    page = opened(browser, path)
    assert page.evaluate("window.taken") is None
    assert page.requests == [path.as_uri()]
    assert page.get_by_text("<script>window.taken = true</script>").count() > 0


@pytest.mark.services
@pytest.mark.parametrize("width", [360, 1280])
def test_only_tables_scroll_sideways(browser, path, width):
    page = opened(browser, path, width)
    assert page.evaluate("document.documentElement.scrollWidth") <= width


@pytest.mark.services
def test_tables_sort_with_scripts_and_are_whole_without(browser, path):
    page = opened(browser, path)
    names = "() => [...document.querySelectorAll('#authorities tbody th')].map(th => th.textContent)"
    written = page.evaluate(names)
    page.get_by_role("button", name="Hits: mentor").click()
    page.get_by_role("button", name="Hits: mentor").click()
    assert page.evaluate(names)[0] == "Kent County Council"
    assert page.locator("#authorities th[aria-sort=descending]").count() == 1
    page.get_by_role("button", name="Hits: mentor").click()
    assert page.evaluate(names) == written
    context = browser.new_context(java_script_enabled=False)
    plain = context.new_page()
    plain.goto(path.as_uri())
    assert plain.locator("#authorities tbody th").all_text_contents() == written
    assert plain.get_by_role("button").count() == 0


@pytest.mark.services
def test_it_prints_whole(browser, path, tmp_path):
    import pypdfium2

    page = opened(browser, path)
    page.emulate_media(media="print")
    page.pdf(path=tmp_path / "report.pdf", prefer_css_page_size=True)
    document = pypdfium2.PdfDocument(tmp_path / "report.pdf")
    printed = " ".join(" ".join(sheet.get_textpage().get_text_range() for sheet in document).split())
    assert "Of 5 authorities asked" in printed
    assert printed.count("Mentoring is a gift.") >= 2
    assert "Authority by authority" in printed


@pytest.mark.services
def test_the_heads_of_a_long_table_are_printed_on_every_sheet(browser, tmp_path, study):
    import pypdfium2

    with Record.open(f"sqlite:///{tmp_path / 'record.db'}") as record:
        SmallCrawl(record, study, [f"www.school-{number}.example" for number in range(120)])
        make_report(record, study, tmp_path / "out")
    opened(browser, tmp_path / "out" / "report.html").pdf(path=tmp_path / "report.pdf", prefer_css_page_size=True)
    sheets = [sheet.get_textpage().get_text_range() for sheet in pypdfium2.PdfDocument(tmp_path / "report.pdf")]
    inside = [sheet for sheet in sheets if sheet.count(".example") > 20 and "Hits:" in sheet]
    assert len(inside) >= 3


# -- Over time -----------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def years(tmp_path_factory, study):
    """Three crawls. Kent's page changes; Devon's appears in the third; Liverpool's is there, then its search is blocked."""
    directory = tmp_path_factory.mktemp("years")
    said = {"relation": "mentoring", "approaches": ["strategy"]}
    with Record.open(f"sqlite:///{directory / 'record.db'}") as record:
        for month, words in ((6, "every new head"), (7, "every new head"), (8, "every new head and deputy")):
            crawl = SmallCrawl(record, study, [KENT, DEVON, LIVERPOOL], as_of=date(2008, month, 29))
            crawl.asked(KENT, "mentor", ["a"])
            own = f"A mentor for {words}."
            crawl.fetched(KENT, "a", own, "relevant", evidence=[own], **said)
            if month == 8:
                for query in ("mentor", "mentoring"):
                    crawl.asked(LIVERPOOL, query, status="blocked", reason="HTTP 403")
                crawl.asked(DEVON, "mentor", ["a"])
                crawl.fetched(DEVON, "a", "Our mentors.", "relevant", evidence=["Our mentors."], **said)
            else:
                crawl.asked(LIVERPOOL, "mentor", ["a"])
                crawl.fetched(LIVERPOOL, "a", "Mentors.", "relevant", evidence=["Mentors."], **said)
        make_report(record, study, directory / "out")
        make_report(record, study, directory / "first", crawl_id=1)
    return directory


@pytest.fixture(scope="module")
def grown(years):
    return BeautifulSoup((years / "out" / "report.html").read_text(encoding="utf-8"), "lxml")


def test_what_is_new_since_last_time_is_quoted(grown):
    assert text(grown.select_one(".since")).startswith("Since 29 July 2008 : 1 new, 1 changed; ")
    new = grown.select_one("#event-appeared").find_next("ul")
    assert text(new.li).startswith("Devon County Council : mentor (mentoring) · Own strategy by the model Our mentors.")
    changed = grown.select_one("#event-changed").find_next("ul")
    assert (text(changed.select_one("del")), text(changed.select_one("ins"))) == ("head.", "head and deputy.")


def test_what_could_not_be_seen_is_no_change(grown):
    heading = grown.select_one("#event-not-seen")
    assert text(heading) == "Could not be known this time"  # what was seen and judged otherwise stands there too
    unseen = heading.find_next("ul")
    assert "Liverpool City Council" in text(unseen)
    assert "Liverpool" not in text(grown.select_one("#event-changed").find_next("ul"))


def test_the_trend_has_a_line_and_the_same_in_figures(grown):
    rows = {text(row.th): [text(cell) for cell in row.select("td")] for row in grown.select("#trend tbody tr")}
    assert [cells[0] for day, cells in rows.items() if day.endswith("2008")] == [
        "2 of 3 (2 to 3)",
        "2 of 3",
        "2 of 3",
    ]
    figure = grown.select_one("#trend figure")
    assert len(figure.select("circle")) == 3
    assert "2 of 3 (2 to 3) on 29 August 2008" in text(figure.figcaption)


def test_with_one_crawl_it_says_why_there_is_no_trend(years):
    soup = BeautifulSoup((years / "first" / "report.html").read_text(encoding="utf-8"), "lxml")
    assert soup.select("#changes, #trend") == []
    assert "there is but one crawl to compare" in text(soup.nav)


@pytest.mark.services
def test_changes_and_trend_pass_axe_too(browser, years):
    assert axe.violations(opened(browser, years / "out" / "report.html")) == []
