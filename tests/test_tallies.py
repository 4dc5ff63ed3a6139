"""What is counted, and what a cell may say: silence is only silence where everything was asked and read."""

from datetime import timedelta
from itertools import permutations

import pytest

from output.tallies import Figures, GroupTotal, reported_by_variant, searched, study_table, take
from tests.small_record import NOON, SmallCrawl

KENT, DEVON, LEEDS = "E10000016", "E10000008", "E08000035"


@pytest.fixture
def crawl(record, study):
    return SmallCrawl(record, study, [KENT])


def cell(crawl, code, what="keyword", authority=KENT, **options):
    return take(crawl.record, crawl.protocol, **options).findings.cell(authority, what, code)


def relevant(crawl, path, text="A mentor for each new headteacher.", relation="mentoring", **judged):
    return crawl.fetched(KENT, path, text, "relevant", relation=relation, **judged)


# -- Total hits ----------------------------------------------------------------------------------------------------------


def test_a_groups_total_is_the_distinct_pages_over_its_variants(crawl):
    crawl.asked(KENT, "mentor", ["a", "b"], reported_total=7, total_is="exact")
    crawl.asked(KENT, "mentoring", ["b", "c"], reported_total=5, total_is="estimate")
    tally = take(crawl.record, crawl.protocol)
    assert tally.total(KENT, "mentor") == GroupTotal(3, "exact")
    assert reported_by_variant(tally, crawl.protocol.keyword("mentor")) == {"mentor": 7, "mentoring": 5}
    assert reported_by_variant(tally, crawl.protocol.keyword("coach")) == {"coach": None}


def test_a_page_listed_twice_by_one_search_is_one_hit(crawl):
    crawl.asked(KENT, "mentor", ["a", "a", "b"])
    assert take(crawl.record, crawl.protocol).total(KENT, "mentor").hits == 2


def test_where_a_search_is_capped_the_largest_reported_total_stands_marked(crawl):
    crawl.asked(KENT, "mentor", ["a", "b"], status="capped", reported_total=2490, total_is="capped")
    crawl.asked(KENT, "mentoring", ["b"], reported_total=9000, total_is="estimate")
    tally = take(crawl.record, crawl.protocol)
    assert tally.total(KENT, "mentor") == GroupTotal(2490, "capped")
    assert tally.study_table()[0].capped
    assert not tally.study_table()[1].capped


def test_a_capped_search_without_a_total_counts_what_was_seen(crawl):
    crawl.asked(KENT, "mentor", ["a", "b"], status="capped")
    assert take(crawl.record, crawl.protocol).total(KENT, "mentor") == GroupTotal(2, "capped")


@pytest.mark.parametrize("status", ["blocked", "robots", "none", "suspect", "failed", "script-only", None])
def test_a_group_with_an_unusable_search_has_no_total_and_is_left_out_of_the_range(record, study, status):
    crawl = SmallCrawl(record, study, [KENT, DEVON])
    crawl.asked(KENT, "mentor", ["a", "b", "c"])
    crawl.asked(KENT, "mentoring", ["d"], status=status, state="done" if status else "pending")
    crawl.asked(DEVON, "mentor", ["a", "b"])
    row = study_table(record, study)[0]
    assert row.ours == Figures(total_hits=2, minimum=2, maximum=2, relevant_hits=0, authorities=0)
    assert (row.authorities_counted, row.authorities_asked) == (1, 2)


def test_an_authority_without_hits_counts_as_zero(record, study):
    crawl = SmallCrawl(record, study, [KENT, DEVON])
    crawl.asked(KENT, "mentor", ["a"])
    assert study_table(record, study)[0].ours.minimum == 0


def test_pages_of_a_portal_are_evidence_but_not_in_the_totals(crawl):
    crawl.site(KENT, "portal")
    crawl.asked(KENT, "mentor", ["a"])
    crawl.asked(KENT, "mentor", ["a", "p"], site="portal")
    crawl.fetched(KENT, "a")
    relevant(crawl, "p")
    tally = take(crawl.record, crawl.protocol)
    mentor = crawl.protocol.keyword("mentor")
    assert tally.total(KENT, "mentor").hits == 1
    assert tally.hits_with(mentor, ("yes_model",)) == 0
    assert tally.hits_with(mentor, ("yes_model",), main=False) == 1
    assert tally.findings.cell(KENT, "keyword", "mentor") == "yes_model"


def test_two_sites_of_one_authority_are_one_total(crawl):
    crawl.site(KENT, name="second")
    crawl.asked(KENT, "mentor", ["a", "b"], status="capped", reported_total=50, total_is="exact")
    crawl.asked(KENT, "mentor", ["b", "c"], site="second")
    assert take(crawl.record, crawl.protocol).total(KENT, "mentor") == GroupTotal(3 + 48, "capped")


def test_what_was_read_by_sitemap_is_not_a_search_total(crawl):
    crawl.asked(KENT, "mentor", status="none")
    crawl.asked(KENT, "mentor", ["a"], via="sitemap", status="sitemap")
    assert take(crawl.record, crawl.protocol).total(KENT, "mentor") == GroupTotal()


@pytest.mark.parametrize("via", ["sitemap", "crawl"])
def test_relevant_hits_of_a_search_and_of_pages_read_in_its_place_are_not_added_up(crawl, via):
    crawl.asked(KENT, "mentor", ["seen"], status="failed")
    crawl.asked(KENT, "mentor", ["seen", "read"], via=via, status="sitemap")
    crawl.asked(KENT, "mentoring", ["also"])
    for path in ("seen", "read", "also"):
        relevant(crawl, path, f"A mentor for each new headteacher: {path}.")
    tally = take(crawl.record, crawl.protocol)
    mentor = crawl.protocol.keyword("mentor")
    assert tally.study_table()[0].ours.relevant_hits == 2
    assert tally.hits_with(mentor, ("yes_model",), by_search=False) == 1
    assert tally.hits_with(mentor, ("yes_model",), main=False) == 0


# -- Relevant hits -------------------------------------------------------------------------------------------------------


def test_a_relevant_hit_needs_a_relation_that_includes_the_groups(crawl):
    for query in ("mentor", "coach"):
        crawl.asked(KENT, query, ["m", "c", "b"])
    relevant(crawl, "m")
    relevant(crawl, "c", "A coach for leaders.", relation="coaching")
    relevant(crawl, "b", "Both.", relation="both")
    mentor, coach, _ = study_table(crawl.record, crawl.protocol)
    assert mentor.ours.relevant_hits == 2
    assert coach.ours.relevant_hits == 2
    assert mentor.ours.authorities == coach.ours.authorities == 1


def test_one_text_at_two_addresses_is_two_hits(crawl):
    crawl.asked(KENT, "mentor", ["one", "two"])
    relevant(crawl, "one")
    relevant(crawl, "two")
    assert study_table(crawl.record, crawl.protocol)[0].ours.relevant_hits == 2


def test_a_relevant_text_that_the_group_did_not_find_is_no_hit_of_it(crawl):
    crawl.asked(KENT, "coach", ["a"])
    relevant(crawl, "a", relation="both")
    mentor, coach, _ = study_table(crawl.record, crawl.protocol)
    assert mentor.ours.relevant_hits == 0
    assert coach.ours.relevant_hits == 1
    assert cell(crawl, "mentor") == "no"


def test_a_persons_decision_stands_above_the_model_unless_left_aside(crawl):
    crawl.asked(KENT, "mentor", ["a", "b"])
    kept = relevant(crawl, "a")
    crawl.decided(kept, "off-topic")
    missed = crawl.fetched(KENT, "b", "A mentor in every nursery.")
    assert cell(crawl, "mentor") == "no"
    assert cell(crawl, "mentor", model_only=True) == "yes_model"
    crawl.decided(missed, "relevant", relation="mentoring")
    assert cell(crawl, "mentor") == "yes_confirmed"
    assert study_table(crawl.record, crawl.protocol)[0].ours.relevant_hits == 1


def test_a_person_who_leaves_the_relation_open_leaves_it_to_the_model(crawl):
    crawl.asked(KENT, "mentor", ["a"])
    crawl.decided(relevant(crawl, "a"), "relevant")
    assert cell(crawl, "mentor") == "yes_confirmed"


def test_a_person_who_leaves_the_depth_open_leaves_it_to_the_model(crawl):
    crawl.asked(KENT, "mentor", ["a"])
    brief = relevant(crawl, "a", depth="brief")
    crawl.decided(brief, "relevant", depth=None)
    assert cell(crawl, "mentor", without_brief=True) == "no"
    crawl.decided(brief, "relevant", depth="section")
    assert cell(crawl, "mentor", without_brief=True) == "yes_confirmed"


def test_relevant_without_any_relation_is_for_a_person_to_say(crawl):
    crawl.asked(KENT, "mentor", ["a"])
    relevant(crawl, "a", relation="none")
    assert cell(crawl, "mentor") == "ambiguous"


def test_a_disputed_text_is_ambiguous_until_it_is_settled(crawl):
    crawl.asked(KENT, "mentor", ["a"])
    kept = relevant(crawl, "a")
    crawl.decided(kept, "relevant", "heron", relation="mentoring")
    crawl.decided(kept, "off-topic", "wren")
    assert cell(crawl, "mentor") == "ambiguous"
    crawl.decided(kept, "relevant", "owl", role="adjudicator", relation="mentoring")
    assert cell(crawl, "mentor") == "yes_confirmed"


def test_ambiguous_hits_are_counted_apart_and_never_as_yes(crawl):
    crawl.asked(KENT, "mentor", ["a"])
    crawl.fetched(KENT, "a", "Mentors in lifelong learning.", "ambiguous")
    tally = take(crawl.record, crawl.protocol)
    mentor = crawl.protocol.keyword("mentor")
    assert tally.findings.cell(KENT, "keyword", "mentor") == "ambiguous"
    assert tally.hits_with(mentor, ("ambiguous",)) == 1
    assert tally.study_table()[0].ours.authorities == 0


def test_without_brief_leaves_out_what_is_only_touched_on(crawl):
    crawl.asked(KENT, "mentor", ["a"])
    relevant(crawl, "a", depth="brief", approaches=["strategy"])
    assert cell(crawl, "mentor") == "yes_model"
    assert cell(crawl, "mentor", without_brief=True) == "no"
    assert cell(crawl, "strategy", "approach", without_brief=True) == "no"


def test_the_newest_model_that_judged_the_crawl_is_the_one_that_speaks(crawl):
    crawl.asked(KENT, "mentor", ["a"])
    kept = relevant(crawl, "a")
    crawl.judged(kept, "off-topic", model_id="n" * 64, at=NOON + timedelta(days=1))
    crawl.judged(kept, "ambiguous", model_id="rules")
    assert cell(crawl, "mentor") == "no"


def test_without_a_model_the_rules_speak(crawl):
    crawl.asked(KENT, "mentor", ["a"])
    crawl.fetched(KENT, "a", "A mentor.", "ambiguous", model_id="rules")
    assert take(crawl.record, crawl.protocol).rows.model_id == "rules"
    assert cell(crawl, "mentor") == "ambiguous"


# -- What silence means --------------------------------------------------------------------------------------------------


def test_no_needs_every_search_complete_and_every_hit_read(crawl):
    crawl.asked(KENT, "mentor", ["a"])
    crawl.fetched(KENT, "a")
    for what, code in [("keyword", "mentor"), ("mention", "tda"), ("approach", "strategy")]:
        assert cell(crawl, code, what) == "no"


@pytest.mark.parametrize(
    "status", ["capped", "blocked", "robots", "script-only", "none", "suspect", "failed", "archive"]
)
def test_a_search_that_was_not_complete_is_not_silence(crawl, status):
    crawl.asked(KENT, "mentor", status=status)
    assert cell(crawl, "mentor") == "x"
    assert cell(crawl, "coach") == "no"  # its own searches are fine
    assert cell(crawl, "tda") == "no"  # so are its own; but any text might hold a mention or an approach
    assert cell(crawl, "tda", "mention") == cell(crawl, "strategy", "approach") == "x"


def test_a_search_still_to_do_is_not_silence(crawl):
    crawl.asked(KENT, "coach", status=None, state="pending")
    assert cell(crawl, "coach") == "x"


def test_a_search_of_a_portal_that_failed_is_not_silence(crawl):
    crawl.site(KENT, "portal")
    crawl.asked(KENT, "coach", site="portal", status="failed")
    assert cell(crawl, "coach") == "x"
    assert cell(crawl, "mentor") == "no"


@pytest.mark.parametrize("outcome", ["blocked", "failed", "robots", "refused", "too-large"])
def test_a_hit_that_could_not_be_fetched_is_not_silence(crawl, outcome):
    crawl.asked(KENT, "mentor", ["a", "b"])
    crawl.fetched(KENT, "a")
    crawl.fetched(KENT, "b", outcome=outcome, status=403)
    assert cell(crawl, "mentor") == "x"
    assert cell(crawl, "coach") == "no"
    assert cell(crawl, "strategy", "approach") == "x"


@pytest.mark.parametrize(("outcome", "status"), [("gone", 404), ("gone", 410), ("soft-404", 200), ("failed", 410)])
def test_a_dead_link_is_seen_as_gone(crawl, outcome, status):
    crawl.asked(KENT, "mentor", ["a"])
    crawl.fetched(KENT, "a", outcome=outcome, status=status)
    assert cell(crawl, "mentor") == "no"


def test_a_hit_not_fetched_yet_or_not_judged_yet_is_not_silence(crawl):
    crawl.asked(KENT, "mentor", ["a"])
    assert cell(crawl, "mentor") == "x"
    crawl.fetched(KENT, "a", relevance=None)
    assert cell(crawl, "mentor") == "x"
    assert take(crawl.record, crawl.protocol).rows.unjudged == 1


def test_a_document_that_gave_no_text_is_not_silence(crawl):
    crawl.asked(KENT, "mentor", ["scan.pdf"])
    crawl.fetched(KENT, "scan.pdf", "", error="no text: a scan")
    assert cell(crawl, "mentor") == "x"


def test_a_long_text_that_was_cut_was_read(crawl):
    crawl.asked(KENT, "mentor", ["long"])
    crawl.fetched(KENT, "long", error="cut: longer than 2,000,000 characters")
    assert cell(crawl, "mentor") == "no"


def test_silence_read_by_sitemap_says_so(crawl):
    for query in ("mentor", "mentoring"):
        crawl.asked(KENT, query, status="none")
        crawl.asked(KENT, query, via="sitemap", status="sitemap")
    assert cell(crawl, "mentor") == "no_by_sitemap"
    assert cell(crawl, "tda", "mention") == "no_by_sitemap"
    assert cell(crawl, "coach") == "no"


def test_the_archive_never_proves_silence(crawl):
    crawl.asked(KENT, "coach", status="blocked")
    crawl.asked(KENT, "coach", via="archive", status="complete")
    assert cell(crawl, "coach") == "x"


def test_yes_needs_no_complete_search(crawl):
    crawl.asked(KENT, "mentor", ["a"], status="failed")
    relevant(crawl, "a", approaches=["strategy"])
    assert cell(crawl, "mentor") == "yes_model"
    assert cell(crawl, "strategy", "approach") == "yes_model"


def test_an_authority_of_the_sample_that_was_not_searched_is_not_known(record, study):
    SmallCrawl(record, study, [KENT], sample="nfer-2008")
    tally = take(record, study)
    assert len(tally.places) == 30
    assert tally.cells("keyword", "mentor")[DEVON] == "x"
    assert searched(tally) == (1, 0, 29)


# -- Mentions and approaches ---------------------------------------------------------------------------------------------

NAMED = ("tda", None, True, "funded by the TDA")
NAMESAKE = ("tda", "Torbay Development Agency", False, "the Torbay TDA")
UNCLEAR = ("tda", None, False, "the TDA")


def test_a_mention_counts_in_any_text_of_the_authority_and_is_the_models(crawl):
    crawl.asked(KENT, "mentor", ["a"])
    kept = crawl.fetched(KENT, "a", mentions=[NAMESAKE, NAMED])
    crawl.decided(kept, "off-topic")
    assert cell(crawl, "tda") == "yes_model"
    assert cell(crawl, "tda", "mention") == "yes_model"
    row = study_table(crawl.record, crawl.protocol)[2]
    assert (row.ours.authorities, row.ours.relevant_hits) == (1, None)


def test_a_namesake_is_no_mention_and_one_that_cannot_be_told_is_ambiguous(crawl):
    crawl.asked(KENT, "TDA", ["a", "b"])
    crawl.fetched(KENT, "a", "Torbay.", mentions=[NAMESAKE])
    crawl.fetched(KENT, "b", "Other.")
    assert cell(crawl, "tda") == "no"
    crawl.asked(KENT, "mentor", ["c"])
    crawl.fetched(KENT, "c", "Unclear.", mentions=[UNCLEAR])
    assert cell(crawl, "tda") == "ambiguous"


def test_approaches_come_from_relevant_texts_only(record, study):
    crawl = SmallCrawl(record, study, [KENT, DEVON, LEEDS])
    for authority, relevance in [(KENT, "relevant"), (DEVON, "ambiguous"), (LEEDS, "off-topic")]:
        crawl.asked(authority, "mentor", ["a"])
        crawl.fetched(authority, "a", relevance, relevance, relation="mentoring", approaches=["strategy"])
    assert take(record, study).cells("approach", "strategy") == {LEEDS: "no", DEVON: "ambiguous", KENT: "yes_model"}


def test_a_persons_approaches_replace_the_models(crawl):
    crawl.asked(KENT, "mentor", ["a"])
    kept = relevant(crawl, "a", approaches=["strategy"])
    crawl.decided(kept, "relevant", relation="mentoring", approaches=["early-years"])
    assert cell(crawl, "early-years", "approach") == "yes_confirmed"
    assert cell(crawl, "strategy", "approach") == "no"
    assert cell(crawl, "strategy", "approach", model_only=True) == "yes_model"


OPINIONS = [
    {"decision": "relevant", "annotator": "heron", "relation": "mentoring", "approaches": ["strategy"]},
    {"decision": "relevant", "annotator": "owl", "relation": "both"},
    {"decision": "off-topic", "annotator": "wren"},
    {"decision": "ambiguous", "annotator": "tit"},
]


@pytest.mark.parametrize("said", [*permutations(OPINIONS[:2]), *permutations(OPINIONS[::2]), *permutations(OPINIONS)])
def test_approaches_on_which_people_differ_are_ambiguous_whoever_saved_last(crawl, said):
    crawl.asked(KENT, "mentor", ["a"])
    kept = relevant(crawl, "a", approaches=["early-years"])
    for opinion in said:
        crawl.decided(kept, **opinion)
    assert cell(crawl, "strategy", "approach") == "ambiguous"
    assert cell(crawl, "early-years", "approach") == ("ambiguous" if OPINIONS[3] in said else "no")
    crawl.decided(kept, "relevant", "rook", role="adjudicator", relation="both", approaches=["strategy"])
    assert cell(crawl, "strategy", "approach") == "yes_confirmed"
    assert cell(crawl, "early-years", "approach") == "no"


def test_who_is_unsure_and_gives_no_approaches_leaves_them_as_unsure_as_the_text(crawl):
    crawl.asked(KENT, "mentor", ["a"])
    kept = relevant(crawl, "a", approaches=["strategy"])
    crawl.decided(kept, "ambiguous")
    assert cell(crawl, "strategy", "approach") == "ambiguous"
    crawl.decided(kept, "ambiguous", approaches=["early-years"])
    assert cell(crawl, "strategy", "approach") == "no"
    assert cell(crawl, "early-years", "approach") == "ambiguous"


@pytest.mark.parametrize("turn", [1, -1])
def test_relations_on_which_people_differ_are_ambiguous_where_they_matter(crawl, turn):
    for query in ("mentor", "coach"):
        crawl.asked(KENT, query, ["a"])
    kept = relevant(crawl, "a")
    for annotator, relation in [("heron", "mentoring"), ("owl", "both")][::turn]:
        crawl.decided(kept, "relevant", annotator, relation=relation)
    assert cell(crawl, "mentor") == "yes_confirmed"
    assert cell(crawl, "coach") == "ambiguous"


@pytest.mark.parametrize("turn", [1, -1])
def test_a_text_is_as_brief_as_all_say_it_is(crawl, turn):
    crawl.asked(KENT, "mentor", ["a"])
    kept = relevant(crawl, "a")
    for annotator, depth in [("heron", "section"), ("owl", "brief")][::turn]:
        crawl.decided(kept, "relevant", annotator, depth=depth)
    assert cell(crawl, "mentor", without_brief=True) == "yes_confirmed"


# -- Beside the published table ------------------------------------------------------------------------------------------


def test_the_study_table_says_which_figures_equal_the_published(record, study):
    crawl = SmallCrawl(record, study, [KENT, DEVON])
    crawl.asked(KENT, "mentor", ["a", "b"])
    crawl.asked(DEVON, "mentor", ["a"])
    relevant(crawl, "a")
    mentor, coach, tda = study_table(record, study)
    assert mentor.ours == mentor.published
    assert mentor.differs == ()
    assert coach.equal("total_hits") is None  # unpublished
    assert coach.differs == ("relevant_hits",)
    assert tda.differs == ("authorities",)


def test_another_crawl_of_the_record_is_left_alone(crawl, record, study):
    crawl.asked(KENT, "mentor", ["a"])
    relevant(crawl, "a")
    later = SmallCrawl(record, study, [KENT])
    assert cell(later, "mentor") == "no"
    assert cell(crawl, "mentor", crawl_id=crawl.id) == "yes_model"
