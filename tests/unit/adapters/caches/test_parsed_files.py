"""What is kept of files comes back whole or not at all, and nothing that happens to it stops a run."""

import os
import sqlite3
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from trueup.adapters.caches.parsed_files import SqliteParsedFiles
from trueup.core.digests import BlobId

ONE, TWO = BlobId("1" * 40), BlobId("2" * 40)
KEPT = {ONE: b"first", TWO: b"\x00second" * 100}


def opened(folder: Path, identity: str = "this version", **more: int) -> SqliteParsedFiles:
    return SqliteParsedFiles(folder, identity, **more)


def kept(folder: Path, identity: str = "this version") -> Path:
    """Keep `KEPT` and return the file it is in."""
    rows = opened(folder, identity)
    rows.keep(KEPT)
    rows.close()
    (path,) = folder.glob(f"*{identity[:24]}.db")
    return path


def test_what_was_kept_is_recalled_by_another_run(tmp_path):
    kept(tmp_path / "new" / "folder")
    assert opened(tmp_path / "new" / "folder").recall([ONE, TWO, BlobId("3" * 40)]) == KEPT


def test_thousands_are_recalled_at_once(tmp_path):
    many = {BlobId(f"{i:040}"): b"%d" % i for i in range(2_345)}
    opened(tmp_path).keep(many)
    assert opened(tmp_path).recall(list(many)) == many


def test_nothing_is_made_where_nothing_is_kept(tmp_path):
    assert opened(tmp_path / "none").recall([ONE]) == {}
    assert not (tmp_path / "none").exists()


def test_another_version_knows_nothing_of_it(tmp_path):
    kept(tmp_path)
    assert opened(tmp_path, "another version").recall([ONE]) == {}


def test_a_version_that_is_called_alike_knows_nothing_of_it_either(tmp_path):
    path = kept(tmp_path, "a" * 24 + "b")
    assert opened(tmp_path, "a" * 24 + "c").recall([ONE]) == {}
    assert path.exists()


def test_versions_that_were_used_last_stay(tmp_path):
    paths = [kept(tmp_path, f"version {i}") for i in range(4)]
    for age, path in enumerate(paths):
        os.utime(path, (1000 + age, 1000 + age))
    last = kept(tmp_path, "version 4")
    assert sorted(tmp_path.glob("*.db")) == sorted([*paths[1:], last])


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE files SET packed = x'00' || packed",
        "UPDATE files SET seal = x'00'",
        f"UPDATE files SET blob = CASE blob WHEN '{ONE}' THEN '{TWO}x' ELSE 'y' END",
        "UPDATE files SET packed = 7",
    ],
)
def test_rows_that_were_changed_are_not_recalled_and_are_mended(tmp_path, change):
    path = kept(tmp_path)
    with sqlite3.connect(path) as connection:
        connection.execute(change)
    connection.close()
    rows = opened(tmp_path)
    assert rows.recall([ONE, TWO]) == {}
    rows.keep(KEPT)
    assert rows.recall([ONE, TWO]) == KEPT


@pytest.mark.parametrize("content", [b"", b"no database", b"SQLite format 3\x00" + b"\xff" * 5_000])
def test_a_file_that_is_no_database_is_made_anew(tmp_path, content):
    path = kept(tmp_path)
    path.write_bytes(content)
    rows = opened(tmp_path)
    assert rows.recall([ONE]) == {}
    rows.keep(KEPT)
    rows.close()
    assert opened(tmp_path).recall([ONE, TWO]) == KEPT


def test_a_database_of_something_else_is_left_or_made_anew_and_tells_nothing(tmp_path):
    path = kept(tmp_path)
    path.unlink()
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE files (other TEXT)")
    connection.close()
    assert opened(tmp_path).recall([ONE]) == {}
    opened(tmp_path).keep(KEPT)
    assert opened(tmp_path).recall([ONE]) in ({}, {ONE: KEPT[ONE]})


def test_damage_anywhere_in_the_file_gives_the_same_rows_or_none(tmp_path):
    path = kept(tmp_path)
    whole = path.read_bytes()
    for place in range(0, len(whole), 97):
        path.write_bytes(whole[:place] + bytes([whole[place] ^ 0xFF]) + whole[place + 1 :])
        found = opened(tmp_path).recall([ONE, TWO])
        assert found.items() <= KEPT.items()
    path.write_bytes(whole[: len(whole) // 2])
    assert opened(tmp_path).recall([ONE, TWO]).items() <= KEPT.items()


def test_a_file_that_is_cut_short_while_it_is_open_ends_no_process(tmp_path):
    rows = opened(tmp_path)
    rows.keep(KEPT)
    for path in tmp_path.iterdir():
        with path.open("r+b") as file:
            file.truncate(7)
    assert rows.recall([ONE, TWO]).items() <= KEPT.items()
    rows.keep(KEPT)
    other = opened(tmp_path)
    other.keep(KEPT)
    assert other.recall([ONE, TWO]).items() <= KEPT.items()


def test_a_damaged_file_works_again_at_the_next_run(tmp_path):
    path = kept(tmp_path)
    whole = path.read_bytes()
    path.write_bytes(whole[:4096] + b"\xff" * (len(whole) - 4096))
    for _ in range(2):
        opened(tmp_path).keep(KEPT)
    assert opened(tmp_path).recall([ONE, TWO]) == KEPT


def test_a_folder_that_cannot_be_made_keeps_nothing(tmp_path):
    (tmp_path / "file").write_text("")
    rows = opened(tmp_path / "file" / "folder")
    rows.keep(KEPT)
    assert rows.recall([ONE]) == {}


def test_a_folder_that_cannot_be_looked_at_keeps_nothing(tmp_path):
    rows = opened(tmp_path / ("a" * 300))
    rows.keep(KEPT)
    assert rows.recall([ONE]) == {}


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_read_only_folder_is_read(tmp_path):
    path = kept(tmp_path)
    path.chmod(0o400)
    tmp_path.chmod(0o500)
    try:
        rows = opened(tmp_path)
        assert rows.recall([ONE]) == {ONE: KEPT[ONE]}
        rows.keep({BlobId("3" * 40): b"third"})
        assert opened(tmp_path).recall([BlobId("3" * 40)]) == {}
    finally:
        tmp_path.chmod(0o700)


def test_a_folder_that_the_system_says_is_read_only_is_read(tmp_path, monkeypatch):
    kept(tmp_path)
    monkeypatch.setattr(os, "access", lambda *_: False)
    rows = opened(tmp_path)
    assert rows.recall([ONE]) == {ONE: KEPT[ONE]}
    rows.keep({BlobId("3" * 40): b"third"})
    assert opened(tmp_path).recall([ONE, BlobId("3" * 40)]) == {ONE: KEPT[ONE]}


def test_a_file_above_its_limit_is_made_anew(tmp_path):
    kept(tmp_path)
    rows = opened(tmp_path, limit_bytes=100)
    assert rows.recall([ONE]) == {}
    rows.keep({ONE: KEPT[ONE]})
    assert rows.recall([ONE, TWO]) == {ONE: KEPT[ONE]}


def test_runs_may_keep_and_recall_at_once(tmp_path):
    def run(number: int) -> bool:
        rows = opened(tmp_path)
        for turn in range(5):
            rows.keep({BlobId(f"{number}-{turn}"): b"%d" % number})
            assert rows.recall([BlobId(f"{number}-{turn}")]).items() <= {(f"{number}-{turn}", b"%d" % number)}
        rows.close()
        return True

    with ThreadPoolExecutor(3) as pool:
        assert all(pool.map(run, range(3)))
    # Who waited too long kept nothing more; the others did.
    assert opened(tmp_path).recall([BlobId(f"{n}-{t}") for n in range(3) for t in range(5)])
