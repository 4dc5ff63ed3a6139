"""The spiders: ``sitesearch`` does a crawl, ``probe`` looks at how one site's search works."""
