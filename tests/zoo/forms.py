# ruff: noqa: E501 (markup is easier to read unbroken)
"""Search forms in odd makes, and decoys: forms on the home page that are not the site search.

Slots as in looks/: {{action}} {{method}} {{field}} {{value}} {{hidden}} {{button}}.
"""

FORMS: dict[str, str] = {
    "plain": '<form action="{{action}}" method="{{method}}"><input type="text" name="{{field}}" value="{{value}}">{{hidden}}'
    '<input type="submit"{{button}}></form>',
    "image-button": '<form action="{{action}}" method="{{method}}"><input name="{{field}}" size="15" value="{{value}}">{{hidden}}'
    '<input type="image" name="go" src="/images/go.gif" alt="Search"></form>',
    "outside": '<form id="f7" action="{{action}}" method="{{method}}" role="search">{{hidden}}<button{{button}}>Search</button></form>'
    '<div class="elsewhere"><input type="search" name="{{field}}" value="{{value}}" form="f7" aria-label="Search the council"></div>',
    "radio-scope": '<form action="{{action}}" method="{{method}}"><label>Search <input name="{{field}}" value="{{value}}"></label>{{hidden}}'
    '<input type="radio" name="scope" value="county"> All councils in the county <input type="radio" name="scope" value="site" checked> '
    'This website<input type="checkbox" name="archive" value="1"> Include archive<input type="submit"{{button}}></form>',
    "select-scope": '<form action="{{action}}" method="{{method}}"><select name="scope"><option value="news">News only</option>'
    '<option value="site" selected>Whole website</option><option value="jobs">Jobs</option></select>'
    '<input type="text" name="{{field}}" value="{{value}}" placeholder="Keyword">{{hidden}}<input type="submit"{{button}}></form>',
    "no-hints": '<form action="{{action}}" method="{{method}}"><h3>Looking for something?</h3><input name="{{field}}" value="{{value}}">'
    '{{hidden}}<input type="submit" value="Go"></form>',
    "default-text": '<form action="{{action}}" method="{{method}}"><input type="text" name="{{field}}" value="Enter keywords..." '
    "onfocus=\"if(this.value=='Enter keywords...')this.value=''\">{{hidden}}<input type=\"submit\"{{button}}></form>",
    "two-fields": '<form action="{{action}}" method="{{method}}"><h3>Find a page</h3><p>with all of the words <input name="{{field}}" '
    'value="{{value}}"></p><p>with any of the words <input name="any"></p><p>without the words <input name="without"></p>'
    '<p>changed since <input name="since" size="10"> (dd/mm/yyyy)</p>{{hidden}}<input type="submit"{{button}}></form>',
    "script-link": '<form name="sf" action="{{action}}" method="{{method}}">Search: <input name="{{field}}" value="{{value}}">{{hidden}} '
    '<a href="javascript:document.sf.submit()">Go</a></form>',
    "formaction": '<form action="/a-to-z-jump" method="{{method}}"><label>Search or jump <input type="text" name="{{field}}" value="{{value}}">'
    '</label>{{hidden}}<button type="submit" formaction="{{action}}">Search site</button> <button type="submit">Jump in A to Z</button></form>',
    "dropped-query": '<form action="{{action}}?view=old&amp;skin=2" method="{{method}}"><input type="search" name="{{field}}" value="{{value}}">'
    '{{hidden}}<input type="submit"{{button}}></form>',
    "noscript": '<div id="search-widget" data-engine="7"></div><script>document.getElementById("search-widget").innerHTML="";</script>'
    '<noscript><form action="{{action}}" method="{{method}}"><input type="search" name="{{field}}" value="{{value}}" title="Search">{{hidden}}'
    "<button{{button}}>Search</button></form></noscript>",
    "welsh": '<form action="{{action}}" method="{{method}}"><label for="ch">Chwilio\'r wefan</label><input id="ch" type="text" name="{{field}}" '
    'value="{{value}}">{{hidden}}<input type="submit" value="Chwilio"></form>',
    "hidden-overlay": '<div class="overlay" hidden aria-hidden="true" style="display:none"><form action="{{action}}" method="{{method}}">'
    '<input type="text" name="{{field}}" value="{{value}}" placeholder="Type and press enter">{{hidden}}</form></div>'
    '<button class="toggle" aria-expanded="false">Open search</button>',
}

# The second set: folded away, doubled, misnested, several buttons, odd boxes.
FORMS |= {
    "details": '<details class="find"><summary>Search</summary><form action="{{action}}" method="{{method}}"><input type="search" name="{{field}}" '
    'value="{{value}}" aria-label="Search">{{hidden}}<button{{button}}>Go</button></form></details>',
    "dialog": '<button type="button" onclick="this.nextElementSibling.showModal()">Search</button><dialog id="search-dialog"><form action="{{action}}" '
    'method="{{method}}"><input name="{{field}}" value="{{value}}" placeholder="Search for anything">{{hidden}}<button{{button}}>Search</button></form>'
    '<form method="dialog"><button>Close</button></form></dialog>',
    "modal": '<a href="#searchModal" data-toggle="modal" role="button" class="btn"><span class="glyphicon glyphicon-search"></span></a><div class="modal fade" '
    'id="searchModal" tabindex="-1" role="dialog" aria-hidden="true" style="display: none;"><div class="modal-dialog"><div class="modal-content"><form '
    'action="{{action}}" method="{{method}}"><input type="text" class="form-control" name="{{field}}" value="{{value}}">{{hidden}}<button type="submit"{{button}}>'
    'Search</button><button type="button" data-dismiss="modal">Close</button></form></div></div></div>',
    "twins": '<div class="visible-xs"><form action="{{action}}" method="{{method}}" id="search-mobile"><input type="search" name="{{field}}" value="{{value}}">'
    '{{hidden}}<input type="submit"{{button}}></form></div><div class="hidden-xs"><form action="{{action}}" method="{{method}}" id="search-desktop">'
    '<input type="search" name="{{field}}" value="{{value}}">{{hidden}}<input type="submit"{{button}}></form></div>',
    "empty-action": '<form action="" method="{{method}}"><input type="text" name="{{field}}" value="{{value}}">{{hidden}}<input type="submit"{{button}}></form>',
    "query-action": '<form action="?" method="{{method}}"><input type="text" name="{{field}}" value="{{value}}">{{hidden}}<input type="submit"{{button}}></form>',
    "hash-action": '<form action="#" method="{{method}}"><input type="text" name="{{field}}" value="{{value}}">{{hidden}}<input type="submit"{{button}}></form>',
    "no-action": '<form><label>Search these pages <input type="text" name="{{field}}" value="{{value}}"></label>{{hidden}}<input type="submit"{{button}}></form>',
    "fragment-action": '<form action="{{action}}#results" method="{{method}}"><input type="search" name="{{field}}" value="{{value}}">{{hidden}}'
    '<input type="submit"{{button}}></form>',
    "many-buttons": '<form action="{{action}}" method="{{method}}"><label>Search <input type="text" name="{{field}}" value="{{value}}"></label>{{hidden}}'
    '<input type="submit" name="op" value="Search jobs"> <input type="submit"{{button}}> <input type="submit" name="op" value="Search people"></form>',
    "az-button": '<form action="{{action}}" method="{{method}}"><input type="text" name="{{field}}" value="{{value}}" title="Keyword or service">{{hidden}}'
    '<button name="go" value="az">A to Z</button><button{{button}}>Search the site</button></form>',
    "radio-unchecked": '<form action="{{action}}" method="{{method}}"><input type="text" name="{{field}}" value="{{value}}">{{hidden}}<input type="radio" name="where" '
    'value="site" id="w1"><label for="w1">This site</label> <input type="radio" name="where" value="news" id="w2"><label for="w2">News only</label>'
    '<input type="submit"{{button}}></form>',
    "radio-web": '<form action="{{action}}" method="{{method}}"><input type="text" name="{{field}}" value="{{value}}">{{hidden}}<label><input type="radio" name="where" '
    'value="web" checked> The web</label> <label><input type="radio" name="where" value="site"> Council site</label> <input type="submit"{{button}}></form>',
    "ticked-areas": '<form action="{{action}}" method="{{method}}"><input type="text" name="{{field}}" value="{{value}}" size="30">{{hidden}}<fieldset><legend>Search in'
    '</legend><input type="checkbox" name="area[]" value="pages" checked> Pages <input type="checkbox" name="area[]" value="news" checked> News '
    '<input type="checkbox" name="area[]" value="files" checked> Files</fieldset><input type="submit"{{button}}></form>',
    "textarea": '<form action="{{action}}" method="{{method}}" role="search"><textarea name="{{field}}" rows="1" maxlength="200" aria-label="Search">{{value}}</textarea>'
    "{{hidden}}<button{{button}}>Search</button></form>",
    "labelless": '<form action="{{action}}" method="{{method}}"><input name="{{field}}" value="{{value}}">{{hidden}}<button{{button}}>&raquo;</button></form>',
    "image-only": '<FORM METHOD={{method}} ACTION="{{action}}"><INPUT NAME="{{field}}" SIZE=10 VALUE="{{value}}">{{hidden}}<INPUT TYPE=IMAGE SRC="/gifs/search.gif" '
    'NAME="srch" BORDER=0></FORM>',
    "misnested": '<table border="0"><form action="{{action}}" method="{{method}}"><tr><td><input type="text" name="{{field}}" value="{{value}}"></td>{{hidden}}<td>'
    '<input type="submit"{{button}}></td></tr></form></table>',
    "match-select": '<form action="{{action}}" method="{{method}}"><p>Find documents with <select name="match"><option value="any">any</option><option value="all" selected>'
    'all</option><option value="bool">boolean</option></select> of these words: <input type="text" name="{{field}}" value="{{value}}">{{hidden}}'
    '<select name="num"><option>10</option><option>20</option></select> per page <input type="submit"{{button}}> <input type="reset" value="Reset"></p></form>',
    "script-submit": '<form onsubmit="return false" data-url="{{action}}" data-param="{{field}}" class="js-search"><input type="search" placeholder="Search" value="{{value}}">'
    "<button type=\"button\" onclick=\"location=this.form.dataset.url+'?'+this.form.dataset.param+'='+this.form[0].value\">Search</button></form>",
    "unquoted": '<form method={{method}} action={{action}}>Keywords: <input type=text name={{field}} value="{{value}}" size=14>{{hidden}} <input type=submit{{button}}></form>',
    "postcode-sibling": '<form action="{{action}}" method="{{method}}"><input type="text" name="{{field}}" value="{{value}}" placeholder="Keyword"> <input type="text" '
    'name="near" value="" placeholder="Postcode (optional)" size="8">{{hidden}}<input type="submit"{{button}}></form>',
}

# What a visitor has to choose or leave chosen in a form besides typing the query; without it the engine asks again.
CHOICES: dict[str, dict[str, str]] = {
    "radio-scope": {"scope": "site"},
    "select-scope": {"scope": "site"},
    "radio-unchecked": {"where": "site"},
    "radio-web": {"where": "site"},
    "ticked-areas": {"area[]": "pages"},
    "match-select": {"match": "all"},
}
# Forms with several submit buttons, of which only the named one searches the site.
RIVAL_BUTTONS = ("many-buttons", "az-button")

DECOYS: dict[str, str] = {
    "newsletter": '<form class="signup" action="/newsletter/subscribe" method="post"><h3>Get our e-mail newsletter</h3><input type="email" '
    'name="email" placeholder="you@example.org"><button>Subscribe</button></form>',
    "newsletter-text": '<form action="/newsletter.asp" method="get"><b>News by e-mail</b> <input name="q" type="text" value="E-mail address">'
    '<input type="submit" value="Join"></form>',
    "login": '<form action="/account/login" method="post"><h3>My account</h3><input type="text" name="username"><input type="password" '
    'name="password"><input type="submit" value="Log in"></form>',
    "postcode": '<form action="/my-area" method="get"><label>Find your nearest services: enter your postcode <input type="text" name="postcode" '
    'maxlength="8"></label><button>Find</button></form>',
    "bin-day": '<form action="/bins/search" method="get"><label>Search for your bin day <input type="search" name="address" '
    'placeholder="Postcode or street"></label><button type="submit">Search</button></form>',
    "planning": '<form action="/planning/online-applications/search.do" method="get"><h3>Search planning applications</h3><input type="text" '
    'name="searchCriteria.simpleSearchString" placeholder="Enter a keyword, reference number, postcode or single line of an address">'
    '<input type="submit" value="Search"></form>',
    "library": '<form action="http://librarycatalogue.example/search" method="get"><h3>Search the library catalogue</h3><input type="text" '
    'name="query" placeholder="Title, author or ISBN"><input type="submit" value="Search"></form>',
    "jobs": '<form action="/jobs/search" method="get" role="search"><h3>Search job vacancies</h3><input type="text" name="keywords" '
    'placeholder="Job title"><select name="type"><option>Any hours</option><option>Part time</option></select><button>Search jobs</button></form>',
    "directory": '<form action="/directory/search" method="get"><h3>Search our directory of clubs</h3><input type="hidden" name="directoryID" '
    'value="12"><input type="text" name="keywords"><input type="submit" value="Search directory"></form>',
    "news": '<form action="/news/search" method="get"><h3>Search news</h3><input type="text" name="search" placeholder="Search news">'
    '<input type="submit" value="Search"></form>',
    "events": '<form action="/events/search" method="get"><h3>What\'s on</h3><input type="date" name="from"><input type="text" name="search">'
    "<button>Search events</button></form>",
    "payment": '<form action="/pay/lookup" method="get"><label>Bill reference <input type="text" name="ref" pattern="[0-9]{8}"></label>'
    "<button>Pay</button></form>",
    "councillor": '<form action="/councillors/find" method="get"><label>Find a councillor by name <input type="text" name="name"></label>'
    "<button>Find</button></form>",
    "feedback": '<form action="/page-feedback" method="post"><p>Did you find what you were looking for?</p><input type="text" name="comment">'
    '<input type="hidden" name="search" value="no"><button>Send</button></form>',
    "translate": '<form action="/translate" method="get"><select name="lang"><option>Polski</option><option>Urdu</option></select>'
    "<button>Translate</button></form>",
    "route": '<form action="/journey" method="get"><h3>Plan a journey</h3>From <input name="from"> to <input name="to"><button>Plan</button></form>',
    "commented": '<!-- old search, remove after launch <form action="/oldsearch.cgi" method="get"><input type="text" name="search">'
    '<input type="submit" value="Search"></form> -->',
    "google": '<form action="http://www.google.example/search" method="get">Search the web <input type="text" name="q"><input type="submit" '
    'value="Google"></form>',
    "jobs-header": '<form class="header-search" role="search" action="/careers/results" method="get"><input type="search" name="q" aria-label="Search '
    'vacancies"><button>Search</button></form>',
    "register": '<form action="/licensing/register" method="post"><h3>Public register</h3><input type="text" name="q" placeholder="Premises or licence number">'
    '<input type="submit" value="Search register"></form>',
    "catalogue-same-field": '<form action="/archives/catalogue" method="get"><label>Search the archives <input type="search" name="q"></label><button>Search</button></form>',
    "street": '<form action="/gritting" method="get"><label>Street name <input type="text" name="search"></label><input type="submit" value="Search"></form>',
    "committee": '<form action="/mgdocs/ieDocSearch.aspx" method="get"><h3>Search agendas and minutes</h3><input type="text" name="SS">'
    '<input type="submit" value="Search"></form>',
}

# Decoys that really answer: path, field, and the section whose pages they search.
WORKING_DECOYS = {
    "/news/search": ("search", "News"),
    "/directory/search": ("keywords", "Leisure"),
    "/events/search": ("search", "Leisure"),
    "/jobs/search": ("keywords", "Business"),
    "/mgdocs/ieDocSearch.aspx": ("SS", "Your council"),
    "/careers/results": ("q", "Business"),
    "/archives/catalogue": ("q", "Leisure"),
}
