"""Settings of the Scrapy project. Each unsafe default of Scrapy that is turned off here says why.

What a run may change stands in the last section; the command line sets it (`mentorwatch crawl --help`).
"""

from study.version import VERSION

BOT_NAME = "mentorwatch"
SPIDER_MODULES = ["crawler.spiders"]
TWISTED_REACTOR = "twisted.internet.asyncioreactor.AsyncioSelectorReactor"
LOG_LEVEL = "WARNING"

# -- Only the web, only by HTTP ------------------------------------------------------------------------------------------
# A redirect or a hit must not reach local files or other services (GHSA-23j4-mw76-5v7h).
_HANDLER = "crawler.downloads.Handler"
DOWNLOAD_HANDLERS = {"file": None, "ftp": None, "s3": None, "data": None, "http": _HANDLER, "https": _HANDLER}
TELNETCONSOLE_ENABLED = False  # a console that runs code
REMOTE_CONTROL_ENABLED = False  # likewise
HTTPPROXY_ENABLED = False  # a proxy of the environment would resolve names behind the address guard's back
TWISTED_DNS_RESOLVER = "crawler.guard.GuardedResolver"
DOWNLOAD_VERIFY_CERTIFICATES = True

# -- Bounds --------------------------------------------------------------------------------------------------------------
DOWNLOAD_MAXSIZE = 32 * 1024 * 1024  # bytes, after decompression too; the largest prospectus seen was 20 MB
DOWNLOAD_WARNSIZE = 0
DOWNLOAD_TIMEOUT = 60  # seconds for one answer
REDIRECT_MAX_TIMES = 8
METAREFRESH_ENABLED = False  # followed where a home page is looked for, never for hits: what was found is what is read
# Of one site that is read in place of its search (--via auto); at one request a second 20,000 pages take six hours.
MENTORWATCH_SITEMAP_PAGES = 20_000
MENTORWATCH_CRAWL_PAGES = 5_000
MENTORWATCH_CRAWL_DEPTH = 6  # links from the home page
# Pages of one site that its search lists no more (crawler/revisits.py): with a finding, asked for in every crawl; others in turn.
MENTORWATCH_REVISIT_FINDINGS = 2_000
MENTORWATCH_REVISIT_OTHERS = 500
RETRY_TIMES = 2
RETRY_GIVE_UP_LOG_LEVEL = "INFO"
COOKIES_ENABLED = True  # some searches keep their query in a session

# -- Manners -------------------------------------------------------------------------------------------------------------
ROBOTSTXT_OBEY = True
ROBOTSTXT_USER_AGENT = "mentorwatch"
DOWNLOAD_DELAY_JITTER = 0  # the delay is a promise, not an average
CONCURRENT_REQUESTS = 64
CONCURRENT_REQUESTS_PER_DOMAIN = 4
DOWNLOADER_MIDDLEWARES = {
    "crawler.middlewares.AddressGuard": 50,
    "scrapy.downloadermiddlewares.robotstxt.RobotsTxtMiddleware": None,
    "crawler.middlewares.CautiousRobots": 100,
    "crawler.middlewares.Patience": 560,  # nearer to the network than RetryMiddleware, which would not wait
    "scrapy.downloadermiddlewares.offsite.OffsiteMiddleware": None,  # no security boundary; the guard is
    "scrapy.downloadermiddlewares.httpauth.HttpAuthMiddleware": None,
}
ITEM_PIPELINES = {
    "crawler.pipelines.ReadText": 100,
    "crawler.pipelines.KeepCapture": 200,
}
EXTENSIONS = {"crawler.progress.Progress": 100}
REFERRER_POLICY = "no-referrer"  # where a link was found is nobody else's business

# -- What a run sets -----------------------------------------------------------------------------------------------------
USER_AGENT = f"mentorwatch/{VERSION} (research crawler; no contact given)"
DOWNLOAD_DELAY = 1.0  # seconds between two requests to one host
MENTORWATCH_CONTACT = ""  # e-mail or page; a live crawl refuses to start without
MENTORWATCH_ALLOW: list[str] = []  # HOST:PORT pairs past the address guard
MENTORWATCH_RECORD = ""  # database URL; default: MENTORWATCH_RECORD of the environment, else study.record.DEFAULT_URL
MENTORWATCH_RETRY_AFTER_MAX = 300.0  # seconds; a host that asks for more is left for this run
MENTORWATCH_SITE_BUDGET = 12 * 3600.0  # seconds for one site in one run
MENTORWATCH_CAPTURES_AT_ONCE = 8  # hits of one site in hand at a time
MENTORWATCH_RENDER = False  # true: pages whose results are drawn by scripts are read in Chromium (crawler/rendering.py)
MENTORWATCH_COMMITTEES = True  # false: only the hosts that the crawl is told, none found on their home pages
MENTORWATCH_PLATFORMS = True  # false: only the generic reader
