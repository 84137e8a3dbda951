"""The table of speed must say what a bar was missed by, and which peer did not run and why."""

import sys
from pathlib import Path
from types import ModuleType

import pytest

BENCHMARKS = Path(__file__).parents[3] / "benchmarks"


def imported(name: str) -> ModuleType:
    sys.path.insert(0, str(BENCHMARKS))
    try:
        return __import__(name)
    finally:
        sys.path.remove(str(BENCHMARKS))


@pytest.fixture(scope="module")
def speed() -> ModuleType:
    return imported("speed")


@pytest.fixture(scope="module")
def peers() -> ModuleType:
    return imported("peers")


def test_a_bar_that_is_held_in_all_parts_is_met(speed: ModuleType) -> None:
    assert speed.verdict(time=True, memory=True) == "met"


def test_a_missed_bar_names_the_parts_that_missed_it(speed: ModuleType) -> None:
    assert speed.verdict(time=True, memory=False, others_judged=False) == "**missed**: memory, others judged"


def test_a_difference_is_taken_round_by_round(speed: ModuleType) -> None:
    cost = imported("measure").Cost
    more = speed.difference([cost(3, 3), cost(13, 13), cost(5, 5)], [cost(1, 1), cost(10, 10), cost(4, 4)])
    assert more.cpu_seconds == 2


def test_growth_of_time_and_of_memory_is_held_to_the_bar(speed: ModuleType) -> None:
    cost = imported("measure").Cost
    found = {
        10: {"bare": [cost(1, 1, 1)], "nothing changed, commit": [cost(2, 2, 20)]},
        20: {"bare": [cost(1, 1, 1)], "nothing changed, commit": [cost(3, 3, 21)]},
    }
    rows = list(speed.unchanged(found, "nothing changed, commit", "bare", 5, 30))
    assert [row.verdict for row in rows] == ["met", "met", "**missed**: time"]


def test_a_peer_that_nobody_asked_for_says_so(peers: ModuleType) -> None:
    with pytest.raises(peers.NotRunError, match="not asked for"):
        peers.Peers(None).python("gto")


def test_a_peer_that_did_not_install_says_why(peers: ModuleType, tmp_path: Path) -> None:
    (tmp_path / "gto.failed").write_text("ERROR: no such release\n")
    with pytest.raises(peers.NotRunError, match="did not install: ERROR: no such release"):
        peers.Peers(tmp_path).python("gto")


def test_a_peer_of_another_version_is_not_taken(peers: ModuleType, tmp_path: Path) -> None:
    (tmp_path / "check-jsonschema/lib/python3.11/site-packages/check_jsonschema-0.1.0.dist-info").mkdir(parents=True)
    with pytest.raises(peers.NotRunError, match="is not installed in"):
        peers.Peers(tmp_path).python("check-jsonschema")


def test_a_peer_of_the_pinned_version_is_taken(peers: ModuleType, tmp_path: Path) -> None:
    name = f"check_jsonschema-{peers.PINS['check-jsonschema']}.dist-info"
    (tmp_path / "check-jsonschema/lib/python3.11/site-packages" / name).mkdir(parents=True)
    assert peers.Peers(tmp_path).python("check-jsonschema") == tmp_path / "check-jsonschema/bin/python"
