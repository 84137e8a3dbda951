"""What came of examples before: there whole or not at all, whoever else writes and whatever was killed."""

import os
import signal
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from trueup.adapters.evaluators.cache import FILE, NO_CACHE, FolderCache
from trueup.core.digests import Digest, digest_of
from trueup.core.json import Json

KEYS = [digest_of(n) for n in range(20)]
VALUE = {"nll": 1.5, "tokens": 8, "text": "עברית 木 \u2028"}

JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53), 2**53)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


def test_what_was_kept_is_found_by_another_run(tmp_path: Path) -> None:
    first = FolderCache(tmp_path / "cache")
    first.keep(KEYS[0], VALUE)
    assert first.find(KEYS[0]) == VALUE
    assert FolderCache(tmp_path / "cache").find(KEYS[0]) == VALUE
    assert first.find(KEYS[1]) is None


@given(st.dictionaries(st.text(), JSON, max_size=4))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_value_comes_back_as_it_was(tmp_path: Path, value: dict[str, Json]) -> None:
    cache = FolderCache(tmp_path)
    cache.keep(KEYS[0], value)
    assert cache.find(KEYS[0]) == value
    cache.close()


def test_looking_makes_nothing(tmp_path: Path) -> None:
    assert FolderCache(tmp_path / "cache").find(KEYS[0]) is None
    assert FolderCache(tmp_path / "cache").collect() == 0
    assert not (tmp_path / "cache").exists()


def test_the_last_value_counts(tmp_path: Path) -> None:
    cache = FolderCache(tmp_path)
    cache.keep(KEYS[0], VALUE)
    cache.keep(KEYS[0], {"nll": 2})
    assert cache.find(KEYS[0]) == {"nll": 2}


@pytest.mark.parametrize(
    "damage",
    [
        "UPDATE results SET value = CAST('{\"nll\": 0}' AS BLOB)",
        "UPDATE results SET value = CAST('{' AS BLOB)",
        "UPDATE results SET value = 3",
        "UPDATE results SET sum = 'x'",
        "UPDATE results SET used = 'x'",
    ],
)
def test_a_damaged_entry_is_not_there(tmp_path: Path, damage: str) -> None:
    cache = FolderCache(tmp_path)
    cache.keep(KEYS[0], VALUE)
    cache.close()
    with sqlite3.connect(tmp_path / FILE) as raw:
        raw.execute(damage)
    raw.close()
    assert cache.find(KEYS[0]) is None
    cache.keep(KEYS[0], VALUE)
    assert cache.find(KEYS[0]) == VALUE


def test_a_value_that_stands_under_another_key_is_not_there(tmp_path: Path) -> None:
    cache = FolderCache(tmp_path)
    cache.keep(KEYS[0], VALUE)
    cache.close()
    with sqlite3.connect(tmp_path / FILE) as raw:
        raw.execute("UPDATE results SET key = ?", (bytes.fromhex(KEYS[1].removeprefix("sha256:")),))
    raw.close()
    assert cache.find(KEYS[1]) is None


@pytest.mark.parametrize("keep_bytes", [0, 10, 100, 5000])
def test_a_file_that_is_no_database_is_begun_anew(tmp_path: Path, keep_bytes: int) -> None:
    cache = FolderCache(tmp_path)
    for key in KEYS:
        cache.keep(key, VALUE)
    cache.close()
    content = (tmp_path / FILE).read_bytes()
    (tmp_path / FILE).write_bytes(content[:keep_bytes] + b"\xff" * 3000)
    for key in KEYS:
        assert cache.find(key) in (None, VALUE)
    cache.keep(KEYS[0], VALUE)
    cache.keep(KEYS[0], VALUE)
    assert FolderCache(tmp_path).find(KEYS[0]) in (None, VALUE)


@pytest.mark.skipif(os.geteuid() == 0 and sys.platform != "linux", reason="needs a folder that cannot be written")
def test_a_place_that_cannot_be_written_costs_only_time(tmp_path: Path) -> None:
    (tmp_path / "cache").write_text("a file where the folder would be")
    cache = FolderCache(tmp_path / "cache")
    cache.keep(KEYS[0], VALUE)
    assert cache.find(KEYS[0]) is None


WRITER = """
import sys
from pathlib import Path
from trueup.adapters.evaluators.cache import FolderCache
from trueup.core.digests import digest_of
cache = FolderCache(Path(sys.argv[1]))
begin, end = int(sys.argv[2]), int(sys.argv[3])
for n in range(begin, end):
    cache.keep(digest_of(n), {"n": n, "text": "x" * 200})
    if n == begin + 20:
        print("writing", flush=True)
"""


def writer(folder: Path, begin: int, end: int) -> "subprocess.Popen[str]":
    words = [sys.executable, "-c", WRITER, str(folder), str(begin), str(end)]
    return subprocess.Popen(words, stdout=subprocess.PIPE, text=True)


def test_two_processes_write_at_once_and_nothing_is_lost(tmp_path: Path) -> None:
    writers = [writer(tmp_path, 0, 200), writer(tmp_path, 100, 300)]
    for process in writers:
        process.communicate(timeout=60)
        assert process.returncode == 0
    cache = FolderCache(tmp_path)
    assert all(cache.find(digest_of(n)) == {"n": n, "text": "x" * 200} for n in range(300))


def test_what_was_kept_before_a_kill_is_there_whole(tmp_path: Path) -> None:
    process = writer(tmp_path, 0, 10_000_000)
    assert process.stdout is not None
    assert process.stdout.readline() == "writing\n"
    process.send_signal(signal.SIGKILL)
    process.wait(60)
    process.stdout.close()
    cache = FolderCache(tmp_path)
    assert all(cache.find(digest_of(n)) == {"n": n, "text": "x" * 200} for n in range(20))
    cache.keep(KEYS[0], VALUE)
    assert cache.find(KEYS[0]) == VALUE


def test_what_was_used_longest_ago_is_removed_first(tmp_path: Path) -> None:
    time = [0.0]
    cache = FolderCache(tmp_path, lambda: time[0])
    for n, key in enumerate(KEYS):
        time[0] = n * 10_000.0
        cache.keep(key, {"text": "x" * 1000})
    assert cache.collect(limit_bytes=100_000) == 0
    time[0] = 1_000_000.0
    assert cache.find(KEYS[0]) is not None
    removed = cache.collect(limit_bytes=16_000)
    left = [key for key in KEYS if cache.find(key) is not None]
    assert left == [KEYS[0], *KEYS[-len(left) + 1 :]]
    assert removed == (len(KEYS) - len(left)) * len(b'{"text":"' + b"x" * 1000 + b'"}')
    assert len(left) * 1011 <= 12_000


def test_a_file_that_has_grown_too_large_is_cleaned_up_before_a_run(tmp_path: Path) -> None:
    cache = FolderCache(tmp_path)
    assert cache.tidy() == 0
    for key in KEYS:
        cache.keep(key, {"text": "x" * 1000})
    cache.close()
    assert cache.tidy(limit_bytes=1_000_000) == 0
    assert cache.tidy(limit_bytes=4_000) > 0
    assert sum(cache.find(key) is not None for key in KEYS) <= 3


def test_what_was_not_used_for_so_long_is_removed(tmp_path: Path) -> None:
    time = [0.0]
    cache = FolderCache(tmp_path, lambda: time[0])
    cache.keep(KEYS[0], VALUE)
    time[0] = 100_000.0
    cache.keep(KEYS[1], VALUE)
    assert cache.collect(max_age_seconds=50_000) > 0
    assert cache.find(KEYS[0]) is None
    assert cache.find(KEYS[1]) == VALUE


def test_no_cache_remembers_nothing() -> None:
    NO_CACHE.keep(Digest("sha256:" + "1" * 64), VALUE)
    assert NO_CACHE.find(Digest("sha256:" + "1" * 64)) is None
