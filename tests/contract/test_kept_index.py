"""What every index keeps, and what the one in a file does when somebody damages it."""

import os
import random
import sqlite3
from collections.abc import Callable, Collection, Mapping

import pytest

from indexes import FakeIndex
from trueup.adapters.caches.kept_index import SqliteIndex
from trueup.ports import KeptIndex

TEXTS = {f"name {number}": f"text {number} é" for number in range(300)}
Open = Callable[[], KeptIndex]


def read(index: KeptIndex, names: Collection[str]) -> Mapping[str, str] | None:
    """Return what is kept of *names*, and end the reading."""
    found = index.read(names)
    index.change({})
    return found


@pytest.fixture(params=["file", "fake"])
def again(request, tmp_path) -> Open:
    """Return what opens the same index in another run."""
    fake = FakeIndex()
    return (lambda: SqliteIndex(tmp_path / "new", "this version")) if request.param == "file" else lambda: fake


def test_nothing_is_kept_at_first(again):
    assert read(again(), ["name 1"]) is None
    again().change({"name 1": "text"})
    assert read(again(), ["name 1"]) is None


def test_what_was_kept_is_read_by_another_run(again):
    again().replace(TEXTS)
    assert read(again(), list(TEXTS)) == TEXTS
    assert read(again(), ["name 7", "none"]) == {"name 7": "text 7 é"}
    assert read(again(), []) == {}


def test_texts_change_and_go(again):
    again().replace(TEXTS)
    index = again()
    assert index.read(["name 1"]) == {"name 1": "text 1 é"}
    index.change({"name 1": "other", "name 2": None, "name 3": None, "new": "text", "none": None})
    wanted = {**TEXTS, "name 1": "other", "new": "text"}
    del wanted["name 2"], wanted["name 3"]
    assert read(again(), [*TEXTS, "new"]) == wanted


def test_replacing_keeps_nothing_else(again):
    again().replace(TEXTS)
    again().replace({"one": "text"})
    assert read(again(), [*TEXTS, "one"]) == {"one": "text"}
    again().replace({})
    assert read(again(), ["one"]) == {}


# The one in a file.


def of(folder, identity: str = "this version") -> SqliteIndex:
    return SqliteIndex(folder, identity)


def test_another_version_knows_nothing_of_it(tmp_path):
    of(tmp_path).replace(TEXTS)
    assert read(of(tmp_path, "another version"), ["name 1"]) is None
    of(tmp_path, "a" * 24 + "b").replace(TEXTS)
    assert read(of(tmp_path, "a" * 24 + "c"), ["name 1"]) is None


def test_damage_is_found_and_the_next_one_who_looks_at_everything_mends_it(tmp_path):
    of(tmp_path).replace(TEXTS)
    (path,) = tmp_path.glob("*.db")
    whole = path.read_bytes()
    for seed in range(60):
        draw = random.Random(seed)
        content = bytearray(whole)
        for _ in range(draw.choice((1, 20, 500))):
            content[draw.randrange(len(content))] = draw.randrange(256)
        path.write_bytes(content[: draw.randrange(len(content))] if seed % 5 == 0 else content)
        found = read(of(tmp_path), list(TEXTS))
        assert found in (None, TEXTS)
        of(tmp_path).replace(TEXTS)
        of(tmp_path).replace(TEXTS)
        assert read(of(tmp_path), list(TEXTS)) == TEXTS


def test_a_part_of_an_earlier_state_is_not_taken_for_this_one(tmp_path):
    of(tmp_path).replace(TEXTS)
    (path,) = tmp_path.glob("*.db")
    with sqlite3.connect(path) as connection:
        before = connection.execute("SELECT number, packed FROM parts").fetchall()
    index = of(tmp_path)
    assert index.read(["name 1"])
    index.change({"name 1": "other"})
    with sqlite3.connect(path) as connection:
        connection.executemany("UPDATE parts SET packed = ?2 WHERE number = ?1", before)
    assert read(of(tmp_path), ["name 1"]) is None


def test_what_is_read_belongs_together_while_others_write(tmp_path):
    of(tmp_path).replace(TEXTS)
    reader = of(tmp_path)
    assert reader.read(["name 1"])
    (path,) = tmp_path.glob("*.db")
    with sqlite3.connect(path, timeout=0, isolation_level=None) as connection, pytest.raises(sqlite3.OperationalError):
        connection.execute("DELETE FROM parts")
    assert reader.read(["name 2"]) == {"name 2": "text 2 é"}
    reader.change({})


def test_an_index_that_may_not_be_written_is_read_all_the_same(tmp_path):
    of(tmp_path).replace(TEXTS)
    (path,) = tmp_path.glob("*.db")
    if os.geteuid() != 0:
        path.chmod(0o400)
        tmp_path.chmod(0o500)
    assert read(of(tmp_path), ["name 1"]) == {"name 1": "text 1 é"}
    tmp_path.chmod(0o700)


def test_a_place_that_cannot_be_made_keeps_nothing(tmp_path):
    (tmp_path / "file").write_text("")
    of(tmp_path / "file" / "below").replace(TEXTS)
    assert read(of(tmp_path / "file" / "below"), ["name 1"]) is None


def test_a_place_that_cannot_be_looked_at_keeps_nothing(tmp_path):
    folder = tmp_path / ("a" * 300)
    of(folder).replace(TEXTS)
    assert read(of(folder), ["name 1"]) is None


def test_a_file_that_has_grown_too_large_is_made_anew(tmp_path, monkeypatch):
    of(tmp_path).replace(TEXTS)
    monkeypatch.setattr("trueup.adapters.caches.kept_index.LIMIT_BYTES", 10)
    assert read(of(tmp_path), ["name 1"]) is None
