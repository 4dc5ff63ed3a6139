"""Products of 1998 to 2025 by their own default templates: found, and read to the end, without a rule for any of them."""

from __future__ import annotations

import asyncio

import pytest

from crawler.asking import Hit, State, conclude, find_search
from crawler.caps import read_whole
from tests.fixtures.search.pretend import HOST
from tests.fixtures.search.products import PRODUCTS

# Scripts that show a document, and pages whose address says where they were found from.
TITLES_ONLY = {"verity", "dotnetnuke"}


@pytest.mark.parametrize("use_platforms", [True, False], ids=["as-it-comes", "without-platforms"])
@pytest.mark.parametrize("name", PRODUCTS)
def test_a_product_that_nobody_wrote_a_rule_for_is_read_to_the_end(name: str, use_platforms: bool) -> None:
    site = PRODUCTS[name]()

    async def visit() -> dict[str, tuple[list[Hit], State | None]]:
        function = await find_search(site.fetch, f"{HOST}/", use_platforms=use_platforms)
        assert function.found, function.reason
        read: dict[str, tuple[list[Hit], State | None]] = {}
        for query in ("extranet", "mentoring", "coaching"):
            hits: list[Hit] = []
            state = None
            async for reading in read_whole(site.fetch, function, query):
                hits += reading.hits
                state = reading.state
            read[query] = hits, state
        return read

    for query, (hits, state) in asyncio.run(visit()).items():
        docs = site.find(query)
        assert state is not None
        assert conclude(state)[0] == "complete", conclude(state)[1]
        assert [hit.title for hit in hits] == [doc.title for doc in docs]
        if name not in TITLES_ONLY:
            assert [hit.url for hit in hits] == [doc.url for doc in docs]
        assert state.total_is == "absent" or (state.reported_total or 0) == len(docs)
