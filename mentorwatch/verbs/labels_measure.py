"""`mentorwatch labels status` and `agree`: where labelling stands, and how far annotators agree."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from mentorwatch import options as o

if TYPE_CHECKING:
    from labels.agreement import Agreement, Pair
    from labels.standing import Standing

Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]


def status(
    crawl: Annotated[
        int | None, typer.Option("--crawl", metavar="ID", min=1, help="The crawl to read.", show_default="the newest")
    ] = None,
    as_json: Json = False,
    record: o.RecordUrl = "",
    protocol: o.ProtocolName = "nfer-2008",
) -> None:
    """Show what labelling has found, what it took, and what may be claimed of what is unread.

    Texts are counted once, however many near-duplicates they have. Recall is tested at 80, 90 and 95 %; the last line says in
    words what the reading so far carries, and never more. How it is reckoned: docs/agreement.md.

    Examples:

        mentorwatch labels status

        mentorwatch labels status --json | jq .sentence
    """
    import json
    from dataclasses import asdict

    from labels.standing import standing
    from study import protocol as protocols
    from study.record import Record

    study = protocols.load(protocol)
    with Record.open(o.record_url(record), create=False) as opened:
        found = standing(opened, study, opened.crawl_of(study.name, crawl))
    if as_json:
        typer.echo(json.dumps(asdict(found) | {"sentence": found.sentence}, indent=2))
        return
    for line in _standing_lines(found):
        typer.echo(line)


def agree(
    as_json: Json = False,
    record: o.RecordUrl = "",
    protocol: o.ProtocolName = "nfer-2008",
) -> None:
    """Show how far annotators agree on the texts that several of them read, each blind to the others.

    First the counts, then percent agreement, positive agreement, Cohen's kappa, Gwet's AC1 and Krippendorff's alpha. Where
    relevant texts are rare, kappa and AC1 contradict each other; counts and positive agreement do not mislead. Which texts are
    read twice is a lot (`labels serve --overlap`) within what the queue holds, so it speaks for the queue, not for all hits.

    Examples:

        mentorwatch labels agree

        mentorwatch labels agree --json
    """
    import json

    from labels.agreement import agreement
    from study import protocol as protocols
    from study.record import Record

    study = protocols.load(protocol)
    with Record.open(o.record_url(record), create=False) as opened:
        found = agreement(opened, study)
    if as_json:
        typer.echo(json.dumps(_agreement_json(found), indent=2))
        return
    for line in _agreement_lines(found):
        typer.echo(line)


def _standing_lines(found: Standing) -> list[str]:
    share = f" ({found.read / found.pool:.1%})" if found.pool else ""
    unordered = f"; at least, as the order of {found.unordered:,} is not known" if found.unordered else ""
    lines = [
        f"Texts in the crawl   {found.pool:>8,}   near-duplicates counted once",
        f"Read                 {found.read:>8,}{share}",
        f"Relevant             {found.found:>8,}   and {found.unsure:,} unsure or in dispute",
        f"Since the last one   {found.since_found:>8,}   texts read without a relevant one{unordered}",
    ]
    lines += [
        f"  {source:<18} {hits:>8,}   relevant of {read:,} read" for source, (read, hits) in found.by_source.items()
    ]
    for target, value in found.p_values.items():
        said = "nothing found yet" if value is None else f"p = {value:.3f}"
        lines.append(f"Recall below {target:.0%}?    {said:>20}   hypergeometric test")
    if found.lot is not None:
        lot = found.lot
        lines.append(
            f"By lot: {lot.found} of {lot.read:,} texts drawn from those the model would drop are relevant; of the {lot.unread:,} "
            f"unread ones at most {lot.most:,} (95 %)."
        )
    if found.seconds is None:
        lines.append("No decision has its time; the labelling page measures it.")
    else:
        lines.append(
            f"A decision takes {found.seconds:.1f} s (median of {found.seconds_measured:,}); {found.hours_spent:.1f} hours were spent, "
            f"and {found.hours_saved:.1f} more would be needed to read everything."
        )
    return [*lines, "", found.sentence]


def _agreement_lines(found: Agreement) -> list[str]:
    if not found.people:
        return ["Nobody has decided anything yet: `mentorwatch labels serve`."]
    who = ", ".join(f"{name} {count:,}" for name, count in found.people.items())
    lines = [f"Read: {who}. Read by several: {found.read_by_several:,}."]
    if not found.relevance:
        return [
            *lines,
            "No text was read by two people, so there is nothing to compare (`labels serve --overlap 0.2`).",
        ]
    for pair in found.relevance:
        names = pair.first, pair.second
        width = max(len(pair.second) + 9, 18)
        kappa, ac1 = found.three_valued[names]
        lines += [
            "",
            (
                f"{pair.first} and {pair.second}: {pair.texts:,} texts, {found.unsure[names]:,} with somebody unsure "
                "(counted as not relevant)"
            ),
            f"{'':<{width}} {pair.second}: yes {pair.second}: no",
            f"{pair.first + ': yes':<{width}} {pair.both:>{len(pair.second) + 5},} {pair.first_only:>{len(pair.second) + 4},}",
            f"{pair.first + ': no':<{width}} {pair.second_only:>{len(pair.second) + 5},} {pair.neither:>{len(pair.second) + 4},}",
            (
                f"agreement {_share(pair.percent)}, positive agreement {_share(pair.positive)}, "
                f"kappa {_figure(pair.kappa)}, AC1 {_figure(pair.ac1)}"
            ),
            f"with unsure as a value of its own: kappa {_figure(kappa)}, AC1 {_figure(ac1)}",
        ]
    lines += [
        "",
        (
            f"Everybody: Krippendorff's alpha {_figure(found.alpha)} (relevant or not), "
            f"{_figure(found.alpha_three_valued)} (relevant, off-topic, unsure)"
        ),
    ]
    if found.codes:
        lines += [
            "",
            f"{'code, where both agree on relevance':<38} {'both':>6} {'one':>6} {'neither':>8} {'positive':>9} {'kappa':>6}",
        ]
        lines += [
            f"{pair.what:<38} {pair.both:>6,} {pair.first_only + pair.second_only:>6,} {pair.neither:>8,} "
            f"{_share(pair.positive):>9} {_figure(pair.kappa):>6}"
            for pair in found.codes
        ]
    return lines


def _agreement_json(found: Agreement) -> dict[str, Any]:
    def row(pair: Pair) -> dict[str, Any]:
        names = ("what", "first", "second", "both", "first_only", "second_only", "neither", "texts")
        return {name: getattr(pair, name) for name in (*names, "percent", "positive", "kappa", "ac1")}

    pairs = []
    for pair in found.relevance:
        kappa, ac1 = found.three_valued[pair.first, pair.second]
        unsure = found.unsure[pair.first, pair.second]
        pairs.append(row(pair) | {"unsure": unsure, "three_valued": {"kappa": kappa, "ac1": ac1}})
    return {
        "people": dict(found.people),
        "read_by_several": found.read_by_several,
        "relevance": pairs,
        "alpha": found.alpha,
        "alpha_three_valued": found.alpha_three_valued,
        "codes": [row(pair) for pair in found.codes],
    }


def _share(value: float | None) -> str:
    return "-" if value is None else f"{value:.1%}"


def _figure(value: float | None) -> str:
    return "-" if value is None else f"{value:.3f}"
