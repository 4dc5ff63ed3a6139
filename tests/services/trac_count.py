"""How many wiki pages, tickets, milestones and changesets Trac itself finds for a query: python trac_count.py FOLDER QUERY

All that its search page covers, asked of the sources that the page asks, with the rights of an anonymous visitor.
"""

import sys

from trac.env import open_environment
from trac.search.web_ui import SearchModule
from trac.test import MockRequest

environment = open_environment(sys.argv[1])
visitor = MockRequest(environment, authname="anonymous")
sources = SearchModule(environment).search_sources
names = [found[0] for source in sources for found in source.get_search_filters(visitor) or ()]
print(sum(len(list(source.get_search_results(visitor, [sys.argv[2]], names) or ())) for source in sources))
