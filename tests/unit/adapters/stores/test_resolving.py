"""What a source has now: hashed without being kept."""

import io
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from artifacts import MemorySource, digest_of_content, silent
from trueup.adapters.sources import codes
from trueup.adapters.sources.builtin import builtin_sources
from trueup.adapters.sources.retries import Patience, UnreachableError
from trueup.adapters.sources.source import EVERYTHING, Listing
from trueup.adapters.stores.resolving import HashingResolver
from trueup.core.errors import PermanentError, TransientError
from trueup.desired.state import Access
from trueup.ports import Resolved

FILE = b"facts" * 1000
FOLDER = {"config.json": b"{}", ".hidden": b"h", "weights/part": b"w" * 3_000_000}
AT_ONCE = Patience(tries=3, first_wait_seconds=0.0)


class Told(MemorySource):
    """A source that names its content, and tells the digests of some files.

    Attributes:
        digests: What it tells, by path.
        revision: What it calls its content.
        fails: How many listings fail before one does not.
        tags: A tag for the files of each listing, one after another.
    """

    digests: Mapping[str, str] = {}
    revision = ""
    fails = 0
    tags: tuple[str, ...] = ()
    listed = 0

    def list(self, uri: str, access: Access) -> Listing:
        self.listed += 1
        if self.listed <= self.fails:
            raise UnreachableError("busy")
        found = super().list(uri, access)
        tag = self.tags[min(self.listed, len(self.tags)) - 1] if self.tags else ""
        files = tuple(replace(f, digest=self.digests.get(f.path), tag=tag) for f in found.files)
        return replace(found, files=files, revision=self.revision, is_remote=True)


def resolved(source: MemorySource, uri: str, access: Access = EVERYTHING) -> Resolved:
    return HashingResolver({"mem": source}, patience=AT_ONCE).resolve(uri, access, silent)


def test_a_file_and_a_folder_have_the_digest_that_the_store_would_verify() -> None:
    source = MemorySource({"mem:file": FILE, "mem:folder": FOLDER})
    assert resolved(source, "mem:file") == Resolved("", digest_of_content(FILE), 1, len(FILE))
    size = sum(map(len, FOLDER.values()))
    assert resolved(source, "mem:folder") == Resolved("", digest_of_content(FOLDER), 3, size)


def test_only_the_files_that_are_wanted_count() -> None:
    found = resolved(MemorySource({"mem:folder": FOLDER}), "mem:folder", Access(files=("*.json",)))
    assert found.digest == digest_of_content({"config.json": b"{}"})


def test_a_file_whose_digest_the_source_tells_is_not_read() -> None:
    source = Told({"mem:folder": FOLDER})
    source.digests = {"weights/part": digest_of_content(FOLDER["weights/part"])}
    source.revision = "commit"
    assert resolved(source, "mem:folder").digest == digest_of_content(FOLDER)
    assert resolved(source, "mem:folder").revision == "commit"
    assert {path for path, _ in source.opened} == {"config.json", ".hidden"}


def test_a_source_that_is_busy_is_asked_again_and_given_up_in_the_end() -> None:
    source = Told({"mem:file": FILE})
    source.fails = 2
    assert resolved(source, "mem:file").digest == digest_of_content(FILE)
    source.listed, source.fails = 0, 3
    with pytest.raises(TransientError):
        resolved(source, "mem:file")


def test_a_source_that_changed_while_it_was_read_is_not_pinned() -> None:
    source = Told({"mem:file": FILE})
    source.tags = ("one", "two")
    with pytest.raises(PermanentError) as caught:
        resolved(source, "mem:file")
    assert caught.value.code is codes.CHANGED


def test_what_has_a_name_of_its_own_cannot_change_and_is_listed_once() -> None:
    source = Told({"mem:file": FILE})
    source.revision, source.tags = "commit", ("one", "two")
    assert resolved(source, "mem:file").revision == "commit"
    assert source.listed == 1


def test_a_connection_that_breaks_does_not_change_the_digest() -> None:
    class Breaking(io.BytesIO):
        def read(self, size: int | None = -1, /) -> bytes:
            if self.tell() == 1 << 20:
                raise UnreachableError("gone")
            return super().read(1 << 20)

    broken: list[int] = []

    def wrap(content: io.BytesIO) -> io.BytesIO:
        broken.append(content.tell())
        return Breaking(content.getvalue()) if content.tell() == 0 else content

    source = MemorySource({"mem:part": FOLDER["weights/part"]}, wrap=wrap)  # type: ignore[arg-type]
    assert resolved(source, "mem:part").digest == digest_of_content(FOLDER["weights/part"])
    assert broken == [0, 1 << 20]


def test_a_folder_of_this_repository_is_resolved(tmp_path: Path) -> None:
    (tmp_path / "m").mkdir()
    (tmp_path / "m" / "a").write_bytes(b"a")
    found = HashingResolver(builtin_sources(tmp_path)).resolve("file:m", Access(), silent)
    assert found == Resolved("", digest_of_content({"a": b"a"}), 1, 1)
