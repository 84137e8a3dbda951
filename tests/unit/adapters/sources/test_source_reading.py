"""Copies from a real HTTP server that drops connections, is busy, lies about lengths, and changes what it has.

`endpoint` points the sources at a server without TLS on loopback; everything else is as on the network.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from artifacts import digest_of_content, silent
from content_server import Announce, ContentServer, Drop, Fault, Refuse, serving
from trueup.adapters.sources import codes
from trueup.adapters.sources.builtin import builtin_sources
from trueup.adapters.sources.retries import Patience, UnreachableError, again
from trueup.adapters.sources.source import Listing, list_source
from trueup.adapters.stores import codes as store_codes
from trueup.adapters.stores.directory import DirectoryStore
from trueup.adapters.stores.layout import read_manifest
from trueup.adapters.stores.transfer import copy_listing
from trueup.core.digests import Digest
from trueup.core.errors import PermanentError, TransientError
from trueup.desired.state import Access, ArtifactPin

WEIGHTS = bytes(range(256)) * 40_000
PATH = "/models/w.bin.txt"
URI = f"https://example.test{PATH}"
AT_ONCE = Patience(tries=4, first_wait_seconds=0.0)


@dataclass
class Download:
    """A store that downloads from a server."""

    server: ContentServer
    folder: Path
    access: Access

    def store(self) -> DirectoryStore:
        return DirectoryStore(self.folder / "store", builtin_sources(self.folder), {}, patience=AT_ONCE)

    def fetch(self, content: bytes = WEIGHTS) -> bytes:
        pin = ArtifactPin(URI, digest_of_content(content), "dataset", self.access)
        return self.store().fetch(pin, silent).read_bytes()

    def listing(self) -> Listing:
        return list_source(builtin_sources(self.folder), URI, self.access)

    def kept(self) -> int:
        return sum(f.stat().st_size for f in (self.folder / "store" / "partial").rglob("w.bin.txt"))


@pytest.fixture
def download(tmp_path: Path) -> Iterator[Download]:
    with serving(ContentServer(content={PATH: WEIGHTS})) as server:
        yield Download(server, tmp_path, Access(endpoint=server.url))


def failing(download: Download, *faults: Fault) -> None:
    """Let the requests after the listing's fail so."""
    download.server.faults[PATH] = [Announce(1), *faults]


def refusal(download: Download, content: bytes = WEIGHTS) -> PermanentError | TransientError:
    with pytest.raises((PermanentError, TransientError)) as caught:
        download.fetch(content)
    return caught.value


def test_a_file_of_a_server_is_fetched_and_verified(download: Download) -> None:
    assert download.fetch() == WEIGHTS
    assert download.server.ranges(PATH) == ["bytes=0-0", ""]


def test_a_dropped_connection_is_continued_where_it_broke(download: Download) -> None:
    failing(download, Drop(3 << 20), Drop(1 << 20))
    assert download.fetch() == WEIGHTS
    assert download.server.ranges(PATH)[2:] == [f"bytes={3 << 20}-", f"bytes={4 << 20}-"]


def test_a_connection_that_drops_again_and_again_and_still_gives_is_not_given_up(download: Download) -> None:
    failing(download, *[Drop(1 << 20)] * (AT_ONCE.tries + 3))
    assert download.fetch() == WEIGHTS


@pytest.mark.parametrize("status", [429, 503, 500, 408])
def test_a_busy_server_is_asked_again(download: Download, status: int) -> None:
    download.server.faults[PATH] = [Refuse(status, {"Retry-After": "0"})]
    failing(download, Refuse(status))
    assert download.fetch() == WEIGHTS


def test_a_server_that_stays_busy_is_given_up_and_the_next_try_goes_on(download: Download) -> None:
    failing(download, Drop(5 << 20), *[Refuse(503)] * AT_ONCE.tries)
    error = refusal(download)
    assert isinstance(error, TransientError)
    assert error.code is codes.UNREACHABLE
    assert "503" in error.detail
    assert download.kept() == 5 << 20
    assert download.fetch() == WEIGHTS
    assert download.server.ranges(PATH)[-1] == f"bytes={5 << 20}-"


def test_a_server_that_knows_no_ranges_is_read_from_the_start_again(download: Download) -> None:
    download.server.knows_ranges = False
    download.server.faults[PATH] = [Announce(len(WEIGHTS)), Drop(3 << 20)]
    assert download.fetch() == WEIGHTS


def test_a_server_that_is_not_there_is_unreachable(download: Download) -> None:
    download.access = Access(endpoint="http://127.0.0.1:9")
    assert refusal(download).code is codes.UNREACHABLE


def test_a_body_longer_than_was_listed_is_refused_before_it_fills_the_disk(download: Download) -> None:
    listing = download.listing()
    download.server.content[PATH] = WEIGHTS + b"and more"
    (file,) = listing.files
    assert file.size_bytes == len(WEIGHTS)
    with pytest.raises(PermanentError) as caught:
        _copied(download, listing)
    assert caught.value.code is codes.CHANGED
    assert "at least" in caught.value.detail


def test_a_body_that_ends_cleanly_and_too_early_is_another_file(download: Download) -> None:
    listing = download.listing()
    download.server.content[PATH] = WEIGHTS[:-1]
    with pytest.raises(PermanentError) as caught:
        _copied(download, listing)
    assert caught.value.code is codes.CHANGED
    assert download.kept() == 0


def test_content_replaced_between_listing_and_reading_is_noticed_by_its_tag(download: Download) -> None:
    download.server.headers[PATH] = {"ETag": '"one"'}
    listing = download.listing()
    download.server.headers[PATH] = {"ETag": '"two"'}
    with pytest.raises(PermanentError) as caught:
        _copied(download, listing)
    assert caught.value.code is codes.CHANGED


def test_a_weak_tag_is_no_promise_about_bytes(download: Download) -> None:
    download.server.headers[PATH] = {"ETag": 'W/"one"'}
    assert download.listing().files[0].tag == ""


def test_content_replaced_without_another_length_is_noticed_by_its_digest(download: Download) -> None:
    download.server.content[PATH] = WEIGHTS[::-1]
    error = refusal(download)
    assert error.code is store_codes.WRONG_DIGEST
    assert download.kept() == 0


def test_what_an_earlier_run_left_of_other_content_is_not_continued(download: Download) -> None:
    other = b"x" * len(WEIGHTS)
    download.server.content[PATH] = other
    failing(download, Drop(5 << 20), *[Refuse(503)] * AT_ONCE.tries)
    assert isinstance(refusal(download), TransientError)
    download.server.content[PATH] = WEIGHTS
    assert download.fetch() == WEIGHTS


def test_a_server_that_does_not_say_how_long_a_file_is(download: Download) -> None:
    download.server.knows_ranges = False
    download.server.faults[PATH] = [Announce(None)]
    assert refusal(download).code is codes.BAD_ANSWER


@pytest.mark.parametrize(("status", "code"), [(404, "ART102"), (401, "ART113"), (403, "ART113"), (418, "ART116")])
def test_a_refusal_is_told_at_once(download: Download, status: int, code: str) -> None:
    download.server.faults[PATH] = [Refuse(status)] * AT_ONCE.tries
    assert refusal(download).code.id == code
    assert len(download.server.asked) == 1


def test_a_secret_is_sent_and_never_shown(download: Download, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MODEL_TOKEN", "s3cret")
    download.server.key = "Bearer s3cret"
    download.access = Access(endpoint=download.server.url, credentials="env:MODEL_TOKEN")
    assert download.fetch() == WEIGHTS
    stored = next((download.folder / "store").rglob("manifest.json"))
    assert "s3cret" not in stored.read_text()
    download.server.key = "Bearer other"
    download.folder = download.folder / "again"
    error = refusal(download)
    assert error.code is codes.NOT_ALLOWED
    assert "s3cret" not in str(error)


def test_a_secret_from_a_file_of_the_repository(download: Download) -> None:
    (download.folder / "token").write_text("s3cret\n")
    download.server.key = "Bearer s3cret"
    download.access = Access(endpoint=download.server.url, credentials="file:token")
    assert download.fetch() == WEIGHTS


@pytest.mark.parametrize("reference", ["env:NO_SUCH_VARIABLE_HERE", "file:no/such/file"])
def test_a_secret_that_is_not_there_is_named(download: Download, reference: str) -> None:
    download.access = Access(endpoint=download.server.url, credentials=reference)
    error = refusal(download)
    assert error.code is codes.NO_SECRET
    assert reference in error.detail
    assert download.server.asked == []


def test_a_secret_does_not_travel_in_the_clear(download: Download, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MODEL_TOKEN", "s3cret")
    download.access = Access(endpoint="http://mirror.example", credentials="env:MODEL_TOKEN")
    assert "unencrypted" in refusal(download).detail


def test_a_secret_does_not_follow_a_redirect_to_another_host(
    download: Download, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MODEL_TOKEN", "s3cret")
    with serving(ContentServer(content={"/there": WEIGHTS})) as elsewhere:
        download.server.redirects[PATH] = f"{elsewhere.url}/there"
        download.access = Access(endpoint=download.server.url, credentials="env:MODEL_TOKEN")
        assert download.fetch() == WEIGHTS
        assert {a.headers["authorization"] for a in download.server.asked} == {"Bearer s3cret"}
        assert not any("authorization" in a.headers for a in elsewhere.asked)


def test_a_secret_follows_a_redirect_on_the_same_host(download: Download, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MODEL_TOKEN", "s3cret")
    download.server.key = "Bearer s3cret"
    download.server.content["/moved"] = WEIGHTS
    download.server.redirects[PATH] = "/moved"
    download.access = Access(endpoint=download.server.url, credentials="env:MODEL_TOKEN")
    assert download.fetch() == WEIGHTS


def test_a_redirect_to_a_file_of_this_machine_is_not_followed(download: Download) -> None:
    download.server.redirects[PATH] = "file:///etc/passwd"
    assert refusal(download).code is codes.BAD_ANSWER


def test_a_query_that_opens_an_address_is_not_shown(download: Download) -> None:
    with pytest.raises(PermanentError) as caught:
        list_source(builtin_sources(download.folder), "https://x.test/none?sig=s3cret", download.access)
    assert "s3cret" not in str(caught.value)


def test_an_address_without_a_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(PermanentError, match="ART106"):
        list_source(builtin_sources(tmp_path), "https://example.test/", Access())


def test_waits_grow_up_to_a_limit_and_heed_what_a_server_asks_for() -> None:
    patience = Patience(tries=9, first_wait_seconds=1.0, longest_wait_seconds=20.0)
    plain, asking = UnreachableError("busy"), UnreachableError("busy", after_seconds=7.0)
    waits = [patience.wait_seconds(n, plain) for n in range(1, 7)]
    assert waits == [1.0, 2.0, 4.0, 8.0, 16.0, 20.0]
    assert [patience.wait_seconds(n, asking) for n in (1, 5, 9)] == [7.0, 16.0, 20.0]
    assert patience.wait_seconds(1, UnreachableError("busy", after_seconds=9e9)) == 20.0


def test_what_fails_for_now_is_done_again_and_what_fails_for_good_is_not() -> None:
    waited: list[float] = []
    answers: list[Exception | int] = [UnreachableError("one"), UnreachableError("two"), 3]

    def action() -> int:
        answer = answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer

    assert again(action, Patience(first_wait_seconds=1.0), waited.append) == 3
    assert waited == [1.0, 2.0]
    answers[:] = [PermanentError(codes.MISSING, "gone"), 1]
    with pytest.raises(PermanentError):
        again(action, Patience(), waited.append)
    assert answers == [1]


def test_the_manifest_of_what_was_fetched_names_no_revision_where_there_is_none(download: Download) -> None:
    download.fetch()
    manifest = read_manifest(next((download.folder / "store" / "objects").glob("??/*")))
    assert manifest is not None
    assert manifest.origin == {"uri": URI, "format": "dataset"}


def _copied(download: Download, listing: Listing) -> None:
    copy_listing(listing, download.folder / "store" / "partial", URI, silent, patience=AT_ONCE)


def test_a_file_with_other_bytes_than_its_source_says_is_not_kept(download: Download, tmp_path: Path) -> None:
    listing = download.listing()
    lying = replace(listing, files=(replace(listing.files[0], digest=Digest("sha256:" + "0" * 64)),))
    with pytest.raises(PermanentError) as caught:
        _copied(download, lying)
    assert caught.value.code is codes.OTHER_BYTES
    assert download.kept() == 0


def test_one_damaged_file_is_fetched_anew_where_its_source_says_what_it_is(download: Download) -> None:
    listing = download.listing()
    told = replace(listing, files=(replace(listing.files[0], digest=digest_of_content(WEIGHTS)),))
    partial = download.folder / "store" / "partial"
    partial.mkdir(parents=True)
    (partial / "w.bin.txt").write_bytes(b"damaged")
    _copied(download, told)
    assert (partial / "w.bin.txt").read_bytes() == WEIGHTS
