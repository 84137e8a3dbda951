"""`s3://` by the real s3fs against a small server that speaks the four requests it makes; the rest by fsspec in memory.

What is not real: the clouds. The server knows no signatures, regions or versions, and Google's and Azure's libraries
are only asked whether they take what they are made with.
"""

import inspect
from collections.abc import Iterator
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path
from urllib.parse import parse_qs, urlsplit
from xml.sax.saxutils import escape

import pytest

from artifacts import digest_of_content, silent
from content_server import Asked, ContentServer, Drop, Refuse, serving
from trueup.adapters.sources import codes
from trueup.adapters.sources.builtin import builtin_sources
from trueup.adapters.sources.cloud import _SYSTEMS, list_system
from trueup.adapters.sources.ranges import RangeReader
from trueup.adapters.sources.retries import Patience
from trueup.adapters.sources.source import Listing, list_source
from trueup.adapters.stores.directory import DirectoryStore
from trueup.core.errors import PermanentError, TransientError
from trueup.desired.state import Access, ArtifactPin

WEIGHTS = b"GGUF" + bytes(range(256)) * 40_000
FILES = {"config.json": b"{}", "sub/model.gguf": WEIGHTS}


@dataclass
class FakeS3(ContentServer):
    """A bucket `models`."""

    objects: dict[str, bytes] = field(
        default_factory=lambda: {f"tiny/v1/{p}": c for p, c in FILES.items()} | {"tiny/v10/x": b"x", "tiny/v1/": b""}
    )

    def answer(self, asked: Asked) -> bytes | None:
        parts = urlsplit(asked.path)
        if parts.path == "/models":
            return self._listed(parse_qs(parts.query, keep_blank_values=True).get("prefix", [""])[0])
        key = parts.path.removeprefix("/models/")
        self.headers[parts.path] = {"ETag": f'"{len(key)}"', "Last-Modified": "Sun, 29 Nov 2026 06:00:00 GMT"}
        return self.objects.get(key) if parts.path.startswith("/models/") else None

    def _listed(self, prefix: str) -> bytes:
        rows = "".join(
            f"<Contents><Key>{escape(k)}</Key><Size>{len(c)}</Size><ETag>&quot;{len(k)}&quot;</ETag>"
            "<LastModified>2026-11-29T06:00:00.000Z</LastModified><StorageClass>STANDARD</StorageClass></Contents>"
            for k, c in sorted(self.objects.items())
            if k.startswith(prefix)
        )
        opening = '<?xml version="1.0"?><ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/">'
        shape = f"<Name>models</Name><Prefix>{escape(prefix)}</Prefix><IsTruncated>false</IsTruncated>"
        return f"{opening}{shape}{rows}</ListBucketResult>".encode()


@pytest.fixture
def bucket(monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeS3]:
    pytest.importorskip("s3fs", reason="needs the `cloud` extra")
    monkeypatch.setenv("BUCKET_KEY", "id:s3cret")
    with serving(FakeS3()) as server:
        yield server


def listing(bucket: FakeS3, uri: str, **access: object) -> Listing:
    asked = {"endpoint": bucket.url, "credentials": "env:BUCKET_KEY", **access}
    return list_source(builtin_sources(Path("/nowhere")), uri, Access(**asked))  # type: ignore[arg-type]  # by name


@pytest.mark.parametrize("uri", ["s3://models/tiny/v1", "s3://models/tiny/v1/"])
def test_everything_below_a_prefix_is_a_folder_and_its_markers_are_no_files(bucket: FakeS3, uri: str) -> None:
    found = listing(bucket, uri)
    assert (found.name, found.is_folder, found.is_remote) == ("v1", True, True)
    assert {f.path: f.size_bytes for f in found.files} == {p: len(c) for p, c in FILES.items()}


def test_one_object_is_a_file(bucket: FakeS3) -> None:
    found = listing(bucket, "s3://models/tiny/v1/config.json")
    assert (found.is_folder, [f.path for f in found.files]) == (False, ["config.json"])
    with found.files[0].open_at(1) as content:
        assert content.read() == b"}"


def test_a_prefix_is_fetched_by_ranges_and_verified(bucket: FakeS3, tmp_path: Path) -> None:
    store = DirectoryStore(tmp_path / "store", builtin_sources(tmp_path), {})
    access = Access(endpoint=bucket.url, credentials="env:BUCKET_KEY")
    place = store.fetch(ArtifactPin("s3://models/tiny/v1", digest_of_content(FILES), "gguf", access), silent)
    assert (place / "sub" / "model.gguf").read_bytes() == WEIGHTS
    assert len(bucket.ranges("/models/tiny/v1/sub/model.gguf")) == 2


def test_a_bucket_that_fails_for_now_is_asked_again(bucket: FakeS3, tmp_path: Path) -> None:
    path = "/models/tiny/v1/sub/model.gguf"
    bucket.faults[path] = [Drop(1 << 20), Refuse(503)]
    store = DirectoryStore(tmp_path / "store", builtin_sources(tmp_path), {}, patience=Patience(first_wait_seconds=0.0))
    access = Access(endpoint=bucket.url, credentials="env:BUCKET_KEY")
    place = store.fetch(ArtifactPin("s3://models/tiny/v1", digest_of_content(FILES), "gguf", access), silent)
    assert (place / "sub" / "model.gguf").read_bytes() == WEIGHTS


def test_an_object_that_became_shorter_is_another_one(bucket: FakeS3) -> None:
    (_, file) = listing(bucket, "s3://models/tiny/v1").files
    bucket.objects["tiny/v1/sub/model.gguf"] = WEIGHTS[:100]
    with file.open_at(0) as content, pytest.raises(PermanentError) as caught:
        content.read(10)
    assert caught.value.code is codes.CHANGED


def test_what_is_not_in_the_bucket_is_missing(bucket: FakeS3) -> None:
    with pytest.raises(PermanentError, match="ART102"):
        listing(bucket, "s3://models/tiny/v2")


def test_a_bucket_that_wants_other_credentials_says_so_without_them(bucket: FakeS3) -> None:
    bucket.faults["/models"] = [Refuse(403)] * 9
    with pytest.raises(PermanentError) as caught:
        listing(bucket, "s3://models/tiny/v1")
    assert caught.value.code is codes.NOT_ALLOWED
    assert "s3cret" not in str(caught.value)


def test_a_service_that_is_not_there_is_unreachable(bucket: FakeS3) -> None:
    with pytest.raises(TransientError, match="ART112"):
        listing(bucket, "s3://models/tiny/v1", endpoint="http://127.0.0.1:9")


def test_a_secret_goes_to_no_service_in_the_clear(bucket: FakeS3) -> None:
    with pytest.raises(PermanentError, match="unencrypted"):
        listing(bucket, "s3://models/tiny/v1", endpoint="http://minio.example:9000")


@pytest.mark.parametrize("uri", ["s3://", "s3:///key", "gs://", "az:///"])
def test_an_address_without_a_bucket_is_refused(tmp_path: Path, uri: str) -> None:
    with pytest.raises(PermanentError, match="ART106"):
        list_source(builtin_sources(tmp_path), uri)


def test_any_file_system_of_fsspec_is_listed_alike() -> None:
    fsspec = pytest.importorskip("fsspec", reason="needs the `cloud` extra")
    memory = fsspec.filesystem("memory", skip_instance_cache=True)
    for path, content in FILES.items():
        memory.pipe_file(f"/bucket-of-a-test/tiny/{path}", content)
    found = list_system(memory, "bucket-of-a-test/tiny", "gs://bucket-of-a-test/tiny")
    assert {f.path: f.size_bytes for f in found.files} == {p: len(c) for p, c in FILES.items()}
    (model,) = [f for f in found.files if f.path == "sub/model.gguf"]
    with model.open_at(len(WEIGHTS) - 3) as content:
        assert content.read(10) == WEIGHTS[-3:]


@pytest.mark.parametrize(
    ("scheme", "secret", "endpoint", "made"),
    [
        ("s3", "", "", {}),
        ("s3", "id:key", "", {"key": "id", "secret": "key", "token": None}),
        (
            "s3",
            "id:key:session",
            "https://s3.test",
            {"endpoint_url": "https://s3.test", "key": "id", "secret": "key", "token": "session"},
        ),
        ("gs", "", "", {}),
        ("gs", "", "https://gcs.test", {"endpoint_url": "https://gcs.test", "token": "anon"}),
        ("gs", '{"type": "service_account"}', "", {"token": {"type": "service_account"}}),
        ("az", "", "", {}),
        ("az", "BlobEndpoint=https://a.test;", "", {"connection_string": "BlobEndpoint=https://a.test;"}),
        (
            "az",
            "key==",
            "https://acme.blob.core.windows.net",
            {"account_name": "acme", "account_host": "acme.blob.core.windows.net", "account_key": "key=="},
        ),
        ("az", "sv=1&sig=x", "", {"sas_token": "sv=1&sig=x"}),
        ("az", "", "https://a.test", {"account_name": "a", "account_host": "a.test", "anon": True}),
    ],
)
def test_each_cloud_is_made_with_its_own_words(
    scheme: str, secret: str, endpoint: str, made: dict[str, object]
) -> None:
    module, class_, options = _SYSTEMS[scheme]
    assert options(secret, endpoint) == made
    pytest.importorskip(module, reason="needs the `cloud` extra")
    classes = getattr(import_module(module), class_).__mro__
    assert set(made) <= {name for c in classes for name in inspect.signature(c.__init__).parameters}


@pytest.mark.parametrize(("scheme", "secret"), [("s3", "only-an-id"), ("gs", "no json")])
def test_a_secret_of_another_form_is_refused_and_not_shown(scheme: str, secret: str) -> None:
    with pytest.raises(PermanentError) as caught:
        _SYSTEMS[scheme][2](secret, "")
    assert caught.value.code is codes.NO_SECRET
    assert secret not in str(caught.value)


def test_ranges_are_asked_for_once_and_moving_asks_for_nothing() -> None:
    asked: list[tuple[int, int]] = []
    content = bytes(range(200))

    def fetch(start: int, end: int) -> bytes:
        asked.append((start, end))
        return content[start:end]

    with RangeReader(fetch, len(content), 10, block=50) as reader:
        assert reader.read(3) + reader.read(7) == content[10:20]
        assert reader.seek(-4, 2) == 196
        assert reader.seek(55) == 55
        assert reader.read(2) == content[55:57]
        assert asked == [(10, 60)]
        assert reader.seek(-1, 2) == 199
        assert (reader.read(), reader.read(), reader.tell()) == (content[199:], b"", 200)
    assert asked == [(10, 60), (199, 200)]
