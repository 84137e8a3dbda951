"""An index that anybody may delete, damage or hold."""

import sqlite3
from pathlib import Path

import pytest

from trueup.adapters.history import index_file
from trueup.adapters.history.index_file import DamagedIndexError, IndexFile, transaction

TABLES = ("CREATE TABLE seen (word TEXT PRIMARY KEY)",)


def index(folder: Path, version: str = "1") -> IndexFile:
    return IndexFile(folder, "words", version, TABLES)


def add(file: IndexFile, word: str) -> list[str]:
    def work(connection: sqlite3.Connection) -> list[str]:
        with transaction(connection):
            connection.execute("INSERT OR IGNORE INTO seen VALUES (?)", (word,))
        return [row[0] for row in connection.execute("SELECT word FROM seen ORDER BY word")]

    return file.use(work)


def files(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_what_was_added_is_there_the_next_time(tmp_path: Path) -> None:
    add(index(tmp_path), "a")
    assert add(index(tmp_path), "b") == ["a", "b"]
    assert files(tmp_path) == ["words-1.sqlite"]


@pytest.mark.parametrize("content", [b"", b"no database", b"SQLite format 3\0" + b"\xff" * 5000])
def test_a_file_that_is_no_index_is_made_anew(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "words-1.sqlite").write_bytes(content)
    assert add(index(tmp_path), "a") == ["a"]
    assert add(index(tmp_path), "b") == ["a", "b"]


def test_a_damaged_index_is_made_anew_under_the_next_number(tmp_path: Path) -> None:
    add(index(tmp_path), "lost")
    path = tmp_path / "words-1.sqlite"
    content = path.read_bytes()
    path.write_bytes(content[:100] + b"\xff" * (len(content) - 100))
    assert add(index(tmp_path), "a") == ["a"]
    assert files(tmp_path) == ["words-2.sqlite"]


def test_an_index_cut_short_is_made_anew(tmp_path: Path) -> None:
    add(index(tmp_path), "a")
    path = tmp_path / "words-1.sqlite"
    path.write_bytes(path.read_bytes()[:5000])
    assert add(index(tmp_path), "b") == ["b"]


def test_an_index_of_another_version_is_made_anew(tmp_path: Path) -> None:
    add(index(tmp_path, "1"), "a")
    assert add(index(tmp_path, "2"), "b") == ["b"]
    assert add(index(tmp_path, "2"), "c") == ["b", "c"]


def test_an_index_without_its_tables_is_made_anew(tmp_path: Path) -> None:
    add(index(tmp_path), "a")
    with sqlite3.connect(tmp_path / "words-1.sqlite") as connection:
        connection.execute("DROP TABLE seen")
    connection.close()
    assert add(index(tmp_path), "b") == ["b"]


def test_what_the_reader_finds_damaged_is_made_anew(tmp_path: Path) -> None:
    add(index(tmp_path), "a")
    tries = []

    def work(connection: sqlite3.Connection) -> int:
        tries.append(connection.execute("SELECT count(*) FROM seen").fetchone()[0])
        if tries[-1]:
            raise DamagedIndexError
        return len(tries)

    assert index(tmp_path).use(work) == 2
    assert tries == [1, 0]


def test_a_reader_who_never_believes_it_still_gets_an_answer_from_memory(tmp_path: Path) -> None:
    def work(connection: sqlite3.Connection) -> str:
        if connection.execute("PRAGMA database_list").fetchone()[2]:
            raise DamagedIndexError
        return "from memory"

    assert index(tmp_path).use(work) == "from memory"


def test_a_folder_that_cannot_be_made_costs_only_time(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    assert add(index(tmp_path / "file" / "below"), "a") == ["a"]


def test_an_index_that_another_run_holds_is_not_waited_for_without_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(index_file, "_PATIENCE_SECONDS", 0.05)
    add(index(tmp_path), "a")
    holder = sqlite3.connect(tmp_path / "words-1.sqlite", isolation_level=None)
    holder.execute("BEGIN IMMEDIATE")
    try:
        assert add(index(tmp_path), "b") == ["b"]
    finally:
        holder.close()
    assert add(index(tmp_path), "c") == ["a", "c"]


def test_a_write_that_fails_leaves_nothing(tmp_path: Path) -> None:
    def work(connection: sqlite3.Connection) -> None:
        with transaction(connection):
            connection.execute("INSERT INTO seen VALUES ('half')")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        index(tmp_path).use(work)
    assert add(index(tmp_path), "a") == ["a"]
