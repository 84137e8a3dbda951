"""Where caches lie, and what names the code that filled them."""

from pathlib import Path

import pytest

from trueup.adapters.caches import identity
from trueup.adapters.caches.identity import reader_identity
from trueup.adapters.caches.places import cache_folder


def test_caches_lie_in_git_s_own_folder_where_no_commit_can_bring_files():
    assert cache_folder(Path("/r/.git"), "") == Path("/r/.git/trueup/cache")


def test_the_user_may_have_them_elsewhere(tmp_path):
    assert cache_folder(Path("/r/.git"), str(tmp_path)) == tmp_path
    assert cache_folder(Path("/r/.git"), "cache") == Path.cwd() / "cache"


@pytest.mark.parametrize("word", ["off", "OFF", "0", "false", "no"])
def test_the_user_may_have_none(word):
    assert cache_folder(Path("/r/.git"), word) is None


def test_readers_are_named_by_the_content_of_their_code_and_of_their_libraries(monkeypatch, tmp_path):
    source = tmp_path / "a.py"
    monkeypatch.setattr(identity, "_sources", lambda _: [source])

    def named(content: str) -> str:
        source.write_text(content)
        reader_identity.cache_clear()
        return reader_identity()

    first = named("a = 1")
    assert len(first) == 64
    assert named("a = 2") != first
    assert named("a = 1") == first
    source.unlink()
    reader_identity.cache_clear()
    assert reader_identity() == ""
    reader_identity.cache_clear()


def test_readers_are_this_package_and_the_libraries_that_read_for_it():
    paths = [str(path) for path in identity._sources(identity._READING)]
    assert any(p.endswith("trueup/spec/parse.py") for p in paths)
    assert any(p.endswith("trueup/spec/fields.py") for p in paths)
    assert any(p.endswith("pydantic/version.py") for p in paths)
    assert any(p.endswith("yaml/__init__.py") for p in paths)
    with pytest.raises(ImportError):
        identity._beside("no_such_library_at_all")
