"""Monitors of a Deployment: which are watched, and how."""

from datetime import timedelta

import pytest

from trueup.core.json import Json
from trueup.desired.monitors import DEFAULT_WINDOW, watches_of, why_not

MONITOR: dict[str, Json] = {"name": "errors", "metric": "error_rate", "op": "<=", "threshold": 0.01}


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({}, ""),
        ({"metric": "kv_cache", "source": "avg(kv_cache_usage)"}, ""),
        ({"test": "psi"}, "drift of live data"),
        ({"baseline": "facts@1"}, "drift of live data"),
        ({"onBreach": "pause"}, "can only `alert` or `rollback`"),
        ({"op": None}, "no `op`"),
        ({"op": "=="}, "no `op`"),
        ({"threshold": None}, "no `op`"),
        ({"metric": "kv_cache"}, "does not count `kv_cache`"),
        ({"metric": "similarity"}, "does not count `similarity`"),
        ({"metric": None}, "does not count ``"),
    ],
)
def test_what_is_not_watched_says_why(changes: dict[str, Json], said: str) -> None:
    why = why_not(MONITOR | changes)
    assert (said in why) if said else not why


def test_monitors_are_read_with_their_defaults() -> None:
    full = MONITOR | {"minSamples": 200, "window": "5m", "onBreach": "rollback"}
    unwatched = MONITOR | {"test": "psi"}
    first, second = watches_of({"spec": {"monitors": [MONITOR, full, unwatched]}})
    assert (first.window, first.takes_back, first.checks.min_requests) == (DEFAULT_WINDOW, False, 1)
    assert (second.window, second.takes_back, second.checks.min_requests) == (timedelta(minutes=5), True, 200)
    assert second.checks.watched[0].condition.bound == 0.01
    assert watches_of({}) == ()
