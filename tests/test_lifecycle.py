"""The rule of two good looks, as a table and as properties that hold whatever fails and when."""

import random
from datetime import date, timedelta
from functools import wraps
from itertools import pairwise

import pytest

from output.lifecycle import (
    APPEARED,
    BACK,
    CARRIES,
    EVENTS,
    FIRST_SEEN,
    GAP,
    GONE,
    MISSING,
    NOT_FOUND,
    NOT_KNOWN,
    NOT_LISTED,
    STILL_THERE,
    WITHOUT,
    Seen,
    State,
    step,
)

START = date(2026, 1, 1)
GOOD_WITHOUT = (WITHOUT, NOT_LISTED, NOT_FOUND)


def life(*looks):
    """The events that looks make; a look is its kind, a month after the one before, or (kind, days since the start)."""
    state, events = State(), []
    for number, look in enumerate(looks):
        kind, day = look if isinstance(look, tuple) else (look, 30 * number)
        state, event = step(state, Seen(kind, START + timedelta(days=day)))
        events.append(event)
    return events


@pytest.mark.parametrize(
    ("looks", "events"),
    [
        ([CARRIES], [FIRST_SEEN]),
        ([NOT_KNOWN, CARRIES], ["", FIRST_SEEN]),
        ([NOT_LISTED, CARRIES], ["", APPEARED]),
        ([WITHOUT, NOT_KNOWN, CARRIES], ["", "", APPEARED]),
        ([CARRIES, CARRIES], [FIRST_SEEN, STILL_THERE]),
        ([CARRIES, NOT_KNOWN, CARRIES], [FIRST_SEEN, NOT_KNOWN, STILL_THERE]),
        ([CARRIES, NOT_LISTED], [FIRST_SEEN, MISSING]),
        ([CARRIES, NOT_LISTED, NOT_LISTED], [FIRST_SEEN, MISSING, GONE]),
        ([CARRIES, WITHOUT, NOT_FOUND, NOT_LISTED], [FIRST_SEEN, MISSING, GONE, ""]),
        ([CARRIES, NOT_LISTED, NOT_KNOWN, NOT_LISTED], [FIRST_SEEN, MISSING, NOT_KNOWN, GONE]),
        ([CARRIES, NOT_LISTED, CARRIES, NOT_LISTED], [FIRST_SEEN, MISSING, STILL_THERE, MISSING]),
        ([CARRIES, NOT_LISTED, NOT_LISTED, CARRIES], [FIRST_SEEN, MISSING, GONE, BACK]),
    ],
)
def test_what_looks_make_of_a_finding(looks, events):
    assert life(*looks) == events


def test_two_good_looks_closer_than_fourteen_days_are_not_enough():
    assert life((CARRIES, 0), (WITHOUT, 30), (WITHOUT, 43)) == [FIRST_SEEN, MISSING, MISSING]
    assert life((CARRIES, 0), (WITHOUT, 30), (WITHOUT, 44)) == [FIRST_SEEN, MISSING, GONE]
    assert life((CARRIES, 0), (WITHOUT, 30), (WITHOUT, 43), (WITHOUT, 45))[-1] == GONE


def test_a_server_that_says_so_twice_is_believed_at_once_and_one_that_says_so_once_is_not():
    assert life((CARRIES, 0), (NOT_FOUND, 30), (NOT_FOUND, 31)) == [FIRST_SEEN, MISSING, GONE]
    assert life((CARRIES, 0), (NOT_FOUND, 30), (NOT_KNOWN, 31), (WITHOUT, 32))[-1] == MISSING
    assert life((CARRIES, 0), (NOT_FOUND, 30), (CARRIES, 31), (NOT_FOUND, 32))[-1] == MISSING


def random_looks(dice):
    day, looks = 0, []
    for _ in range(dice.randint(1, 14)):
        day += dice.choice([1, 7, 14, 30])
        looks.append((dice.choice([CARRIES, CARRIES, NOT_KNOWN, *GOOD_WITHOUT]), day))
    return looks


def in_many_lives(check):
    """Run a property for four hundred lives; the seed of one that breaks it stands in the error."""

    @wraps(check)
    def every():
        for seed in range(400):
            try:
                check(random.Random(seed))
            except AssertionError as broken:
                raise AssertionError(f"seed {seed}: {broken}") from broken

    del every.__wrapped__  # pytest would look for a fixture named like the parameter
    return every


@in_many_lives
def test_failures_never_change_what_good_looks_make(dice):
    """Whatever fails, wherever: taken out again, every removal, appearance and return stands as it was, and no other."""
    looks = random_looks(dice)
    with_failures = list(looks)
    for _ in range(dice.randint(1, 6)):
        at = dice.randint(0, len(with_failures))
        after = with_failures[at - 1][1] if at else 0
        with_failures.insert(at, (NOT_KNOWN, after))
    kept = [event for event, look in zip(life(*with_failures), with_failures, strict=True) if look[0] != NOT_KNOWN]
    assert kept == [event for event, look in zip(life(*looks), looks, strict=True) if look[0] != NOT_KNOWN]


@in_many_lives
def test_a_look_that_turns_into_a_failure_never_makes_a_removal(dice):
    """Losing good looks to failures may delay a removal, or hide one; it never makes one earlier."""
    looks = random_looks(dice)
    failed = [(NOT_KNOWN, day) if dice.random() < 0.4 and kind != CARRIES else (kind, day) for kind, day in looks]
    removals = [index for index, event in enumerate(life(*failed)) if event == GONE]
    before = life(*looks)
    for index in removals:
        assert GONE in before[: index + 1]


@in_many_lives
def test_every_removal_rests_on_two_good_looks_far_enough_apart_and_none_between_that_carries(dice):
    looks = random_looks(dice)
    for index, event in enumerate(life(*looks)):
        if event != GONE:
            continue
        last = max(k for k in range(index) if looks[k][0] == CARRIES)
        good = [look for look in looks[last + 1 : index + 1] if look[0] in GOOD_WITHOUT]
        assert len(good) >= 2
        twice = sum(kind == NOT_FOUND for kind, _ in good) >= 2
        assert twice or good[-1][1] - good[0][1] >= GAP.days


@in_many_lives
def test_nothing_is_new_or_back_twice_without_being_gone_between(dice):
    told = [event for event in life(*random_looks(dice)) if event in (APPEARED, FIRST_SEEN, GONE, BACK)]
    assert told[:1] in ([], [APPEARED], [FIRST_SEEN])
    assert all(one != other and {one, other} & {GONE} for one, other in pairwise(told))


def test_all_events_are_named():
    assert {APPEARED, FIRST_SEEN, STILL_THERE, MISSING, GONE, BACK, NOT_KNOWN} <= set(EVENTS)
