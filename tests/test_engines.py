"""Real search engines, read to the end: everything they find is collected, once, and counted as they count.

No rule for any of them is needed: each test also runs with the platform TOMLs left out.
"""

import json
import subprocess
import sys
from typing import Any
from urllib.parse import urlsplit

import pytest

from tests.services.content import QUERIES
from tests.services.engine import Engine

pytestmark = pytest.mark.timeout(600)


def probe(engine: Engine, query: str, *options: str) -> dict[str, Any]:
    command = [sys.executable, "-m", "mentorwatch", "probe", engine.url, "--query", query, "--allow", engine.allow]
    command += ["--to-end", "--json", "--delay", "0", *options]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, f"{' '.join(command)} ended with {done.returncode}:\n{done.stdout}\n{done.stderr}"
    seen = json.loads(done.stdout)
    assert isinstance(seen, dict)
    return seen


@pytest.fixture(params=["wordpress", "htdig", "plone", "wagtail", "omega", "dokuwiki", "trac", "namazu", "swishe"])
def engine(request: pytest.FixtureRequest) -> Engine:
    found = request.getfixturevalue(request.param)
    assert isinstance(found, Engine)
    return found


@pytest.mark.services
@pytest.mark.parametrize("options", [(), ("--no-platforms",)], ids=["as-it-comes", "without-platforms"])
@pytest.mark.parametrize("query", QUERIES)
def test_an_engine_is_read_to_the_end_and_counted_as_it_counts_itself(
    engine: Engine, query: str, options: tuple[str, ...]
) -> None:
    own_count = engine.count(query)
    seen = probe(engine, query, *options)
    assert seen["found"] is True
    assert seen["controls"]["passed"] is True
    assert (seen["status"], seen["collected"], seen["distinct"]) == ("complete", own_count, own_count), seen["reason"]
    assert len({hit["url"] for hit in seen["hits"]}) == own_count
    assert [hit["rank"] for hit in seen["hits"]] == list(range(1, own_count + 1))
    if "--no-platforms" in options:
        assert seen["how"] != "platform"


@pytest.mark.services
def test_the_engines_hold_more_than_three_hundred_pages_and_count_what_was_put_in(engine: Engine) -> None:
    # Drafts hold every query word; an engine that found them, or missed a document, would count differently.
    assert {query: engine.count(query) for query in QUERIES} == QUERIES
    assert len(QUERIES) >= 5
    assert max(QUERIES.values()) >= 250


@pytest.mark.services
def test_a_total_that_the_engine_states_is_reported(htdig: Engine) -> None:
    seen = probe(htdig, "coaching")
    assert (seen["reported_total"], seen["total_is"]) == (QUERIES["coaching"], "exact")
    assert seen["pages"] == 3


@pytest.mark.services
def test_documents_stand_among_the_hits_of_a_search_that_indexes_them(htdig: Engine) -> None:
    kinds = {hit["url"].rpartition(".")[2] for hit in probe(htdig, "mentoring")["hits"]}
    assert kinds == {"html", "pdf", "txt"}


@pytest.mark.services
def test_a_search_that_no_page_links_to_is_found_where_its_template_puts_it(wagtail: Engine) -> None:
    seen = probe(wagtail, "lollipop", "--no-platforms")
    assert (seen["found"], seen["method"], seen["query_param"]) == (True, "GET", "query")
    assert urlsplit(seen["search_url"]).path == "/search/"


@pytest.mark.services
def test_files_are_hits_of_plone_and_private_items_are_not(plone: Engine) -> None:
    hits = {hit["url"].removeprefix(plone.url) for hit in probe(plone, "mentoring")["hits"]}
    assert {url.split("/")[0] for url in hits} == {"services", "announcements", "publications"}
    assert {url.removesuffix("/view")[-4:] for url in hits if "publications/" in url} == {".pdf", ".txt"}
