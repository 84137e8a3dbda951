"""`hf://` by the real huggingface_hub against a hub on loopback that answers the few requests it makes.

What is not real: the hub itself. Its answers are written after the public API; its limits, its storage backends and
its gating are not here.
"""

import hashlib
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path

import pytest

from artifacts import digest_of_content, silent
from content_server import Drop, Refuse, serving
from fake_hub import COMMIT, FILES, WEIGHTS, FakeHub
from trueup.adapters.sources import codes
from trueup.adapters.sources.builtin import builtin_sources
from trueup.adapters.sources.retries import Patience
from trueup.adapters.sources.source import Listing, list_source
from trueup.adapters.stores.directory import DirectoryStore
from trueup.adapters.stores.layout import read_manifest
from trueup.core.errors import PermanentError, TransientError
from trueup.desired.state import Access, ArtifactPin

pytest.importorskip("huggingface_hub", reason="needs the `hf` extra")
constants = import_module("huggingface_hub.constants")


@pytest.fixture
def fake(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[FakeHub]:
    # The library reads its variables once, when it is imported.
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)
    monkeypatch.setattr(constants, "HF_TOKEN_PATH", str(tmp_path / "token"))
    monkeypatch.delenv("HF_TOKEN", raising=False)
    with serving(FakeHub()) as server:
        yield server


def listing(fake: FakeHub, uri: str, **access: object) -> Listing:
    asked = Access(**{"endpoint": fake.url, **access})  # type: ignore[arg-type]  # by name, as a test wants
    return list_source(builtin_sources(Path("/nowhere")), uri, asked)


def refusal(fake: FakeHub, uri: str, **access: object) -> PermanentError:
    with pytest.raises(PermanentError) as caught:
        listing(fake, uri, **access)
    return caught.value


def test_a_branch_is_resolved_to_a_commit_and_every_page_of_it_is_listed(fake: FakeHub) -> None:
    found = listing(fake, "hf://acme/tiny", revision="main")
    assert (found.revision, found.is_folder, found.is_remote) == (COMMIT, True, True)
    assert {f.path: f.size_bytes for f in found.files} == {p: len(c) for p, c in FILES.items()}


def test_without_a_revision_the_default_branch_is_meant(fake: FakeHub) -> None:
    assert listing(fake, "hf://acme/tiny").revision == COMMIT


def test_the_hub_tells_the_digest_of_large_files_alone(fake: FakeHub) -> None:
    told = {f.path: f.digest for f in listing(fake, "hf://acme/tiny").files}
    assert told == {"config.json": None, ".gitattributes": None, "q4/model.gguf": digest_of_content(WEIGHTS)}


def test_a_repository_is_fetched_verified_and_its_commit_kept(fake: FakeHub, tmp_path: Path) -> None:
    store = DirectoryStore(tmp_path / "store", builtin_sources(tmp_path), {})
    pin = ArtifactPin("hf://acme/tiny", digest_of_content(FILES), "gguf", Access("main", endpoint=fake.url))
    place = store.fetch(pin, silent)
    assert {p.relative_to(place).as_posix(): p.read_bytes() for p in place.rglob("*") if p.is_file()} == FILES
    manifest = read_manifest(place.parent)
    assert manifest is not None
    assert manifest.origin == {"uri": "hf://acme/tiny", "format": "gguf", "revision": COMMIT}


def test_a_broken_download_is_continued_by_a_range(fake: FakeHub, tmp_path: Path) -> None:
    path = f"/acme/tiny/resolve/{COMMIT}/q4/model.gguf"
    fake.faults[path] = [Drop(1 << 20), Refuse(429)]
    patient = Patience(first_wait_seconds=0.0)
    store = DirectoryStore(tmp_path / "store", builtin_sources(tmp_path), {}, patience=patient)
    pin = ArtifactPin("hf://acme/tiny/q4/model.gguf", digest_of_content(WEIGHTS), "gguf", Access(endpoint=fake.url))
    assert store.fetch(pin, silent).read_bytes() == WEIGHTS
    assert fake.ranges(path) == ["", f"bytes={1 << 20}-", f"bytes={1 << 20}-"]


@pytest.mark.parametrize(
    ("uri", "is_folder", "paths"),
    [
        ("hf://acme/tiny/q4", True, ["model.gguf"]),
        ("hf://acme/tiny/q4/model.gguf", False, ["model.gguf"]),
        ("hf://models/acme/tiny/config.json", False, ["config.json"]),
        ("hf://datasets/acme/facts", True, [".gitattributes", "config.json", "q4/model.gguf"]),
    ],
)
def test_a_path_below_the_repository_names_a_file_or_a_folder(
    fake: FakeHub, uri: str, is_folder: bool, paths: list[str]
) -> None:
    found = listing(fake, uri)
    assert (found.is_folder, [f.path for f in found.files]) == (is_folder, paths)
    with found.files[-1].open_at(1) as content:
        assert content.read(1 << 30)


def test_only_the_files_that_globs_name_are_taken(fake: FakeHub) -> None:
    assert [f.path for f in listing(fake, "hf://acme/tiny", files=("*.json",)).files] == ["config.json"]


def test_a_large_file_with_other_bytes_than_the_hub_says_is_named(fake: FakeHub, tmp_path: Path) -> None:
    fake.stated["q4/model.gguf"] = "0" * 64
    store = DirectoryStore(tmp_path / "store", builtin_sources(tmp_path), {})
    pin = ArtifactPin("hf://acme/tiny", digest_of_content(FILES), "gguf", Access(endpoint=fake.url))
    with pytest.raises(PermanentError) as caught:
        store.fetch(pin, silent)
    assert caught.value.code is codes.OTHER_BYTES
    assert "q4/model.gguf" in caught.value.detail


def test_paths_that_leave_the_repository_are_refused(fake: FakeHub) -> None:
    fake.files["../../evil"] = b"x"
    assert refusal(fake, "hf://acme/tiny").code is codes.OUTSIDE


@pytest.mark.parametrize(
    ("uri", "revision", "code"),
    [
        ("hf://acme/none", "", "ART113"),
        ("hf://acme/tiny", "no-such-branch", "ART102"),
        ("hf://acme/tiny/none", "", "ART102"),
        ("hf://acme/tiny@main", "", "ART106"),
        ("hf://", "", "ART106"),
        ("hf://-/-", "", "ART106"),
        ("hf://a..b/c", "", "ART106"),
    ],
)
def test_what_the_hub_does_not_have_is_told_apart(fake: FakeHub, uri: str, revision: str, code: str) -> None:
    assert refusal(fake, uri, revision=revision).code.id == code


def test_a_gated_model_says_whose_turn_it_is(fake: FakeHub) -> None:
    path = "/api/models/acme/tiny"
    fake.faults[path] = [Refuse(403, {"X-Error-Code": "GatedRepo"})]
    error = refusal(fake, "hf://acme/tiny")
    assert error.code is codes.NOT_ALLOWED
    assert "gated" in error.detail


def test_a_secret_is_the_token_for_listing_and_for_reading(fake: FakeHub, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MODEL_TOKEN", "hf_s3cret")
    fake.key = "Bearer hf_s3cret"
    found = listing(fake, "hf://acme/tiny", credentials="env:MODEL_TOKEN")
    with found.files[1].open_at(0) as content:
        assert content.read(9) == b"{}"
    assert "hf_s3cret" not in repr(found)


def test_the_users_own_token_is_not_sent_to_a_mirror_that_a_file_names(
    fake: FakeHub, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_TOKEN", "hf_own")
    found = listing(fake, "hf://acme/tiny")
    with found.files[1].open_at(0) as content:
        content.read(1)
    assert not any("authorization" in a.headers for a in fake.asked)


def test_a_hub_that_is_down_is_no_final_answer(fake: FakeHub) -> None:
    fake.faults["/api/models/acme/tiny"] = [Refuse(503)] * 20
    with pytest.raises(TransientError):
        listing(fake, "hf://acme/tiny")


def cached(tmp_path: Path, files: dict[str, bytes]) -> None:
    """Lay files out as the library's cache does."""
    folder = tmp_path / "cache" / "models--acme--tiny"
    (folder / "blobs").mkdir(parents=True)
    (folder / "refs").mkdir()
    (folder / "refs" / "main").write_text(COMMIT)
    for path, content in files.items():
        blob = folder / "blobs" / hashlib.sha256(content).hexdigest()
        blob.write_bytes(content)
        link = folder / "snapshots" / COMMIT / path
        link.parent.mkdir(parents=True, exist_ok=True)
        link.symlink_to(blob)


@pytest.mark.parametrize("revision", ["", "main", COMMIT])
def test_offline_the_librarys_cache_is_used(
    fake: FakeHub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, revision: str
) -> None:
    cached(tmp_path, FILES)
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    found = listing(fake, "hf://acme/tiny", revision=revision)
    assert (found.revision, found.is_remote) == (COMMIT, False)
    assert {f.path: f.size_bytes for f in found.files} == {p: len(c) for p, c in FILES.items()}
    assert fake.asked == []


def test_without_a_network_the_librarys_cache_is_used(fake: FakeHub, tmp_path: Path) -> None:
    cached(tmp_path, FILES)
    found = listing(fake, "hf://acme/tiny/q4", endpoint="http://127.0.0.1:9")
    assert [(f.path, f.size_bytes) for f in found.files] == [("model.gguf", len(WEIGHTS))]


def test_offline_without_the_files_is_an_error_that_says_how_to_get_them(
    fake: FakeHub, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    error = refusal(fake, "hf://acme/tiny")
    assert error.code is codes.MISSING
    assert error.hint == "fetch it where there is a network: `hf download acme/tiny`"
