"""`oci://` by the real oras against a registry on loopback that serves manifests and blobs.

What is not real: the registry. It knows basic authentication, tokens and ranges, and no uploads.
"""

import base64
import gzip
import hashlib
import io
import json
import tarfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from artifacts import digest_of_content, silent
from content_server import ContentServer, Drop, Refuse, serving
from trueup.adapters.sources import codes
from trueup.adapters.sources.builtin import builtin_sources
from trueup.adapters.sources.retries import Patience
from trueup.adapters.sources.source import Listing, list_source
from trueup.adapters.stores.directory import DirectoryStore
from trueup.core.errors import PermanentError, TransientError
from trueup.desired.state import Access, ArtifactPin

pytest.importorskip("oras", reason="needs the `oci` extra")

WEIGHTS = bytes(range(256)) * 12_000
RAW = "application/vnd.cncf.model.weight.v1.raw"
TAR = "application/vnd.cncf.model.weight.config.v1.tar"
FILEPATH = "org.cncf.model.filepath"
TITLE = "org.opencontainers.image.title"


def sha(content: bytes) -> str:
    return f"sha256:{hashlib.sha256(content).hexdigest()}"


def tar(*files: tuple[str, bytes], change: Callable[[tarfile.TarInfo], None] = lambda member: None) -> bytes:
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as archive:
        for name, content in files:
            member = tarfile.TarInfo(name)
            member.size = len(content)
            change(member)
            archive.addfile(member, io.BytesIO(content))
    return packed.getvalue()


@dataclass
class Registry(ContentServer):
    """A registry with the repository `acme/tiny`."""

    def put(self, content: bytes) -> str:
        self.content[f"/v2/acme/tiny/blobs/{sha(content)}"] = content
        return sha(content)

    def push(self, *layers: tuple[str, bytes, dict[str, str]], tag: str = "v1") -> str:
        """Put an artifact of (media type, content, annotations) and return its digest."""
        listed = [
            {"mediaType": kind, "digest": self.put(content), "size": len(content), "annotations": notes}
            for kind, content, notes in layers
        ]
        return self.name({"schemaVersion": 2, "config": {}, "layers": listed}, tag)

    def name(self, manifest: Any, tag: str = "v1") -> str:
        content = json.dumps(manifest).encode()
        for reference in (tag, sha(content)):
            self.content[f"/v2/acme/tiny/manifests/{reference}"] = content
        return sha(content)


@pytest.fixture
def registry(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Registry]:
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path / "docker"))
    monkeypatch.setenv("HOME", str(tmp_path))
    with serving(Registry()) as server:
        yield server


def listing(registry: Registry, uri: str = "oci://registry.test/acme/tiny:v1", **access: object) -> Listing:
    asked = Access(**{"endpoint": registry.url, **access})  # type: ignore[arg-type]  # by name, as a test wants
    return list_source(builtin_sources(Path("/nowhere")), uri, asked)


def refusal(registry: Registry, **access: object) -> PermanentError:
    with pytest.raises(PermanentError) as caught:
        listing(registry, **access)
    return caught.value


def content_of(found: Listing) -> dict[str, bytes]:
    contents = {}
    for file in found.files:
        with file.open_at(0) as stream:
            pieces = iter(lambda stream=stream: stream.read(70_000), b"")
            contents[file.path] = b"".join(pieces)
    return contents


MODELPACK = (
    (RAW, WEIGHTS, {FILEPATH: "model.dat"}),
    (TAR, tar(("tokenizer/tokenizer.json", b"{}"), ("config.json", b'{"a": 1}')), {FILEPATH: "config"}),
)
FILES = {"model.dat": WEIGHTS, "tokenizer/tokenizer.json": b"{}", "config.json": b'{"a": 1}'}


def test_a_model_in_modelpack_layout_has_the_files_of_all_layers(registry: Registry) -> None:
    digest = registry.push(*MODELPACK)
    found = listing(registry)
    assert (found.name, found.is_folder, found.revision) == ("tiny", True, digest)
    assert {f.path: f.size_bytes for f in found.files} == {p: len(c) for p, c in FILES.items()}
    assert content_of(found) == FILES
    assert {f.path: f.digest for f in found.files}["model.dat"] == sha(WEIGHTS)


@pytest.mark.parametrize("how", ["tag in the address", "digest in the address", "revision"])
def test_an_artifact_is_named_by_tag_or_digest_in_the_address_or_as_revision(registry: Registry, how: str) -> None:
    digest = registry.push(*MODELPACK, tag="v2")
    base = "oci://registry.test/acme/tiny"
    named: dict[str, tuple[str, str]] = {
        "tag in the address": (f"{base}:v2", ""),
        "digest in the address": (f"{base}@{digest}", ""),
        "revision": (base, digest),
    }
    uri, revision = named[how]
    assert listing(registry, uri, revision=revision).revision == digest


def test_a_file_inside_a_plain_archive_is_read_by_ranges_alone(registry: Registry) -> None:
    large = tar(("weights.bin", WEIGHTS), ("end.txt", b"end"))
    registry.push((TAR, large, {}))
    found = listing(registry)
    by_path = {f.path: f for f in found.files}
    with by_path["end.txt"].open_at(1) as content:
        assert content.read(100) == b"nd"
    with by_path["weights.bin"].open_at(len(WEIGHTS) - 5) as content:
        assert content.read(100) == WEIGHTS[-5:]
    assert all(r for r in registry.ranges(f"/v2/acme/tiny/blobs/{sha(large)}")[1:])


@pytest.mark.parametrize("packing", ["gzip", "zstd"])
def test_a_compressed_archive_is_unpacked_and_leaves_nothing_behind(
    registry: Registry, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, packing: str
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    archive = tar(("weights.bin", WEIGHTS), ("empty", b""))
    if packing == "gzip":
        packed = gzip.compress(archive[:5000]) + gzip.compress(archive[5000:])
    else:
        packed = pytest.importorskip("zstandard", reason="needs the `oci` extra").compress(archive)
    registry.push((f"{TAR}+{packing}", packed, {}))
    assert content_of(listing(registry)) == {"weights.bin": WEIGHTS, "empty": b""}
    assert list(tmp_path.glob("trueup-layer-*")) == []


def test_what_oras_pushes_is_read_as_it_was_meant(registry: Registry) -> None:
    kind = "application/vnd.oci.image.layer.v1.tar"
    folder = gzip.compress(tar(("sub/b.txt", b"b")))
    unpack = {TITLE: "sub", "io.deis.oras.content.unpack": "true"}
    registry.push((kind, b"not a tar", {TITLE: "a.txt"}), (f"{kind}+gzip", folder, unpack))
    assert content_of(listing(registry)) == {"a.txt": b"not a tar", "sub/b.txt": b"b"}


def test_an_artifact_is_fetched_verified_and_continued_after_a_broken_connection(
    registry: Registry, tmp_path: Path
) -> None:
    registry.push(*MODELPACK)
    path = f"/v2/acme/tiny/blobs/{sha(WEIGHTS)}"
    registry.faults[path] = [Drop(1 << 20), Refuse(503)]
    store = DirectoryStore(tmp_path / "store", builtin_sources(tmp_path), {}, patience=Patience(first_wait_seconds=0.0))
    pin = ArtifactPin("oci://r.test/acme/tiny:v1", digest_of_content(FILES), "dataset", Access(endpoint=registry.url))
    place = store.fetch(pin, silent)
    assert (place / "model.dat").read_bytes() == WEIGHTS
    assert registry.ranges(path) == ["", f"bytes={1 << 20}-", f"bytes={1 << 20}-"]


def test_another_manifest_than_was_asked_for_is_refused(registry: Registry) -> None:
    digest = registry.push(*MODELPACK)
    registry.content[f"/v2/acme/tiny/manifests/{digest}"] = b'{"layers": []}'
    assert refusal(registry, revision=digest).code is codes.OTHER_BYTES


def test_a_layer_with_other_bytes_than_its_digest_is_refused(registry: Registry, tmp_path: Path) -> None:
    registry.push(*MODELPACK)
    registry.content[f"/v2/acme/tiny/blobs/{sha(WEIGHTS)}"] = WEIGHTS[::-1]
    store = DirectoryStore(tmp_path / "store", builtin_sources(tmp_path), {})
    pin = ArtifactPin("oci://r.test/acme/tiny:v1", digest_of_content(FILES), "dataset", Access(endpoint=registry.url))
    with pytest.raises(PermanentError) as caught:
        store.fetch(pin, silent)
    assert caught.value.code is codes.OTHER_BYTES


def test_a_compressed_layer_with_other_bytes_is_refused_before_it_is_listed(registry: Registry) -> None:
    packed = gzip.compress(tar(("a", b"a")))
    registry.push((f"{TAR}+gzip", packed, {}))
    registry.content[f"/v2/acme/tiny/blobs/{sha(packed)}"] = gzip.compress(tar(("b", b"b")))[: len(packed)].ljust(
        len(packed), b"\0"
    )
    assert refusal(registry).code in (codes.OTHER_BYTES, codes.BAD_ARCHIVE)


def test_a_bomb_is_refused_before_it_is_unpacked(registry: Registry) -> None:
    bomb = gzip.compress(tar(("zeros", bytes(200 << 20))), compresslevel=1)
    assert len(bomb) < 1 << 20
    registry.push((f"{TAR}+gzip", bomb, {}))
    assert refusal(registry).code is codes.TOO_MUCH


def _link(member: tarfile.TarInfo) -> None:
    member.type, member.linkname = tarfile.SYMTYPE, "/etc/passwd"


def _hard_link(member: tarfile.TarInfo) -> None:
    member.type, member.linkname = tarfile.LNKTYPE, "other"


def _device(member: tarfile.TarInfo) -> None:
    member.type = tarfile.CHRTYPE


@pytest.mark.parametrize("change", [_link, _hard_link, _device])
def test_links_and_devices_in_an_archive_are_refused(
    registry: Registry, change: Callable[[tarfile.TarInfo], None]
) -> None:
    registry.push((TAR, tar(("a", b""), change=change), {}))
    assert refusal(registry).code is codes.BAD_ARCHIVE


@pytest.mark.parametrize(
    ("path", "code"), [("../evil", "ART103"), ("/etc/evil", "ART103"), ("a/./b", "ART109"), ("nul", "ART109")]
)
def test_paths_that_lead_elsewhere_are_refused(registry: Registry, path: str, code: str) -> None:
    registry.push((RAW, b"x", {FILEPATH: path}))
    assert refusal(registry).code.id == code
    registry.push((TAR, tar((path, b"x")), {}))
    assert refusal(registry).code.id == code


def test_one_path_in_two_layers_is_refused(registry: Registry) -> None:
    registry.push((RAW, b"x", {FILEPATH: "a"}), (TAR, tar(("A", b"y")), {}))
    assert refusal(registry).code is codes.UNSAFE_PATH


@pytest.mark.parametrize("archive", [b"no archive" * 100, tar(("a", b"a" * 5000))[:2000], gzip.compress(b"x", mtime=0)])
def test_a_broken_archive_is_refused(registry: Registry, archive: bytes) -> None:
    kind = f"{TAR}+gzip" if archive.startswith(b"\x1f\x8b") else TAR
    registry.push((kind, archive, {}))
    assert refusal(registry).code is codes.BAD_ARCHIVE


@pytest.mark.parametrize("packed", [b"\x1f\x8bnonsense", gzip.compress(tar(("a", b"a")), mtime=0)[:-9]])
def test_a_broken_compression_is_refused(registry: Registry, packed: bytes) -> None:
    registry.push((f"{TAR}+gzip", packed, {}))
    assert refusal(registry).code is codes.BAD_ARCHIVE


@pytest.mark.parametrize(
    ("manifest", "word"),
    [
        ([], "index"),
        ({"manifests": []}, "index"),
        ({}, "no list of layers"),
        ({"layers": [{"digest": "md5:x", "size": 1}]}, "no list of layers"),
        ({"layers": [{"digest": sha(b""), "size": "1"}]}, "no list of layers"),
        ({"layers": []}, "no layer with files"),
        ({"layers": [{"digest": sha(b""), "size": 0, "mediaType": RAW}]}, "says no path"),
    ],
)
def test_a_manifest_that_is_none_of_a_model_says_why(registry: Registry, manifest: Any, word: str) -> None:
    registry.name(manifest)
    error = refusal(registry)
    assert error.code is codes.BAD_ANSWER
    assert word in error.detail


def test_a_manifest_that_is_no_json(registry: Registry) -> None:
    registry.content["/v2/acme/tiny/manifests/v1"] = b"<html>"
    assert refusal(registry).code is codes.BAD_ANSWER


def test_a_secret_is_user_and_password_and_never_shown(registry: Registry, monkeypatch: pytest.MonkeyPatch) -> None:
    registry.push(*MODELPACK)
    registry.key = "Basic " + base64.b64encode(b"me:s3cret").decode()
    monkeypatch.setenv("REGISTRY_KEY", "me:s3cret")
    assert content_of(listing(registry, credentials="env:REGISTRY_KEY")) == FILES
    monkeypatch.setenv("REGISTRY_KEY", "me:wr0ng")
    error = refusal(registry, credentials="env:REGISTRY_KEY")
    assert error.code is codes.NOT_ALLOWED
    assert "wr0ng" not in str(error)
    monkeypatch.setenv("REGISTRY_KEY", "wr0ng")
    assert refusal(registry, credentials="env:REGISTRY_KEY").code is codes.NO_SECRET


def test_a_registry_that_is_not_there_or_busy_may_come_back(registry: Registry) -> None:
    registry.push(*MODELPACK)
    registry.faults["/v2/acme/tiny/manifests/v1"] = [Refuse(503)]
    with pytest.raises(TransientError):
        listing(registry)
    with pytest.raises(TransientError):
        listing(registry, endpoint="http://127.0.0.1:9")


def test_a_registry_with_a_token_service_is_shown_its_token(registry: Registry) -> None:
    registry.push(*MODELPACK)
    registry.key = "Bearer t0ken"
    with serving(ContentServer(content={"/token": b'{"token": "t0ken"}'})) as tokens:
        registry.challenge = (
            f'Bearer realm="{tokens.url}/token",service="registry.test",scope="repository:acme/tiny:pull"'
        )
        assert content_of(listing(registry)) == FILES
        assert len(tokens.asked) == 1


@pytest.mark.parametrize("uri", ["oci://", "oci://registry.test", "oci://registry.test/UPPER", "oci://r.test/a:b:c"])
def test_an_address_of_another_form_is_refused(registry: Registry, uri: str) -> None:
    with pytest.raises(PermanentError, match="ART106"):
        listing(registry, uri)
