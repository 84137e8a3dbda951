"""What was printed is kept whole or not at all."""

import os

import pytest

from trueup.adapters.caches import kept_plans
from trueup.adapters.caches.kept_plans import keep_parts, read_parts


def test_parts_come_back_as_they_were(tmp_path):
    folder = str(tmp_path / "new" / "folder")
    keep_parts(folder, "key", ["0", "plän\n", ""])
    assert read_parts(folder, "key") == [b"0", "plän\n".encode(), b""]
    assert read_parts(folder, "other") is None


def test_a_file_under_another_name_is_not_taken(tmp_path):
    keep_parts(str(tmp_path), "key", ["0"])
    os.rename(tmp_path / "key", tmp_path / "other")
    assert read_parts(str(tmp_path), "other") is None


def test_no_damage_is_taken_for_a_plan(tmp_path):
    keep_parts(str(tmp_path), "key", ["0", "text"])
    whole = (tmp_path / "key").read_bytes()
    for place in range(len(whole)):
        (tmp_path / "key").write_bytes(whole[:place] + bytes([whole[place] ^ 1]) + whole[place + 1 :])
        assert read_parts(str(tmp_path), "key") is None
        (tmp_path / "key").write_bytes(whole[:place])
        assert read_parts(str(tmp_path), "key") is None


def test_what_cannot_be_told_apart_is_not_kept(tmp_path):
    keep_parts(str(tmp_path), "key", ["0", "a\0b"])
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("blocked", ["folder", "file"])
def test_a_place_that_cannot_be_written_keeps_nothing(tmp_path, blocked):
    if blocked == "folder":
        (tmp_path / "f").write_text("")
        keep_parts(str(tmp_path / "f"), "key", ["0"])
    else:
        (tmp_path / "key").mkdir()
        keep_parts(str(tmp_path), "key", ["0"])
        assert [p.name for p in tmp_path.iterdir()] == ["key"]
    assert read_parts(str(tmp_path), "key") is None


def test_the_oldest_make_room(tmp_path, monkeypatch):
    monkeypatch.setattr(kept_plans, "LIMIT_BYTES", 200)
    for age, name in enumerate("abc"):
        keep_parts(str(tmp_path), name, ["x" * 30])
        os.utime(tmp_path / name, (1000 + age, 1000 + age))
    keep_parts(str(tmp_path), "d", ["x" * 30])
    assert sorted(p.name for p in tmp_path.iterdir()) == ["c", "d"]
