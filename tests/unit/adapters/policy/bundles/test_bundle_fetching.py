"""Fetching over real sockets and from real repositories; what comes is never believed."""

import hashlib
import json
import subprocess
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from archives import packed
from trueup.adapters.policy.bundles import codes
from trueup.adapters.policy.bundles.archive import BundleError
from trueup.adapters.policy.bundles.fetched import FetchedBundles
from trueup.adapters.policy.bundles.fetching import fetch
from trueup.spec.bundles import BundlePin

ARCHIVE = packed(("/a.rego", b"package acme"), ("/.manifest", b'{"roots": ["acme"]}'))
FILES = [(".manifest", b'{"roots": ["acme"]}'), ("a.rego", b"package acme")]


def sha(content: bytes) -> str:
    return f"sha256:{hashlib.sha256(content).hexdigest()}"


@dataclass
class Server:
    """Serves what it was given by path, and HTML for the rest."""

    content: dict[str, bytes] = field(default_factory=dict)
    port: int = 0

    def put(self, path: str, content: bytes) -> str:
        self.content[path] = content
        return sha(content)

    def layered(self, *layers: tuple[str, str, bytes]) -> BundlePin:
        """Put an image of (media type, title, content) and return its pin."""
        listed = []
        for kind, title, content in layers:
            digest = self.put(f"/v2/acme/rules/blobs/{sha(content)}", content)
            layer = {"mediaType": kind, "digest": digest, "size": len(content)}
            listed.append(layer | ({"annotations": {"org.opencontainers.image.title": title}} if title else {}))
        manifest = json.dumps({"schemaVersion": 2, "config": {}, "layers": listed}).encode()
        digest = self.put(f"/v2/acme/rules/manifests/{sha(manifest)}", manifest)
        return BundlePin("acme", f"oci://127.0.0.1:{self.port}/acme/rules", digest=digest)


@pytest.fixture
def server() -> Iterator[Server]:
    served = Server()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            content = served.content.get(self.path)
            self.send_response(200 if content is not None else 404)
            body = content if content is not None else b"<html>not here</html>"
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *args: object) -> None:
            pass

    listening = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    served.port = listening.server_address[1]
    threading.Thread(target=listening.serve_forever, args=(0.01,), daemon=True).start()
    yield served
    listening.shutdown()
    listening.server_close()


@pytest.fixture
def upstream(tmp_path: Path) -> tuple[str, str]:
    """A repository with policies in a folder: its address, and a commit."""
    folder = tmp_path / "upstream"
    (folder / "policy").mkdir(parents=True)
    (folder / "policy" / "a.rego").write_text("package acme")
    (folder / "other.rego").write_text("package other")

    def git(*arguments: str) -> str:
        identity = ["-c", "user.name=A", "-c", "user.email=a@example.com"]
        done = subprocess.run(["git", *identity, *arguments], cwd=folder, check=True, capture_output=True, text=True)
        return done.stdout.strip()

    git("init", "--quiet")
    git("add", ".")
    git("commit", "--quiet", "-m", "one")
    git("config", "uploadpack.allowAnySHA1InWant", "true")
    return f"git+file://{folder}", git("rev-parse", "HEAD")


def refusal(pin: BundlePin) -> BundleError:
    with pytest.raises(BundleError) as caught:
        fetch(pin, encrypted=False)
    return caught.value


def test_a_folder_of_a_git_repository_at_a_commit(upstream: tuple[str, str]) -> None:
    url, commit = upstream
    assert fetch(BundlePin("acme", url, revision=commit, folder="policy")) == [("a.rego", b"package acme")]
    assert [path for path, _ in fetch(BundlePin("acme", url, revision=commit))] == ["other.rego", "policy/a.rego"]


def test_a_commit_that_a_repository_does_not_have(upstream: tuple[str, str]) -> None:
    assert refusal(BundlePin("acme", upstream[0], revision="1" * 40)).code is codes.UNREACHABLE


def test_git_runs_no_command_that_an_address_names(tmp_path: Path) -> None:
    trap = tmp_path / "trap"
    assert refusal(BundlePin("acme", f"git+ext::touch {trap}", revision="1" * 40)).code is codes.UNREACHABLE
    assert not trap.exists()


def test_an_opa_bundle_from_a_registry(server: Server) -> None:
    pin = server.layered(("application/vnd.oci.image.layer.v1.tar+gzip", "", ARCHIVE))
    assert fetch(pin, encrypted=False) == FILES


def test_what_conftest_pushed_to_a_registry(server: Server) -> None:
    pin = server.layered(
        ("application/vnd.cncf.openpolicyagent.policy.layer.v1+rego", "policy/a.rego", b"package acme"),
        ("application/vnd.cncf.openpolicyagent.data.layer.v1+json", "data.json", b"{}"),
        ("application/vnd.other", "picture.png", b"..."),
    )
    assert fetch(pin, encrypted=False) == [("policy/a.rego", b"package acme"), ("data.json", b"{}")]


def test_a_layer_may_not_be_called_by_a_path_that_leads_elsewhere(server: Server) -> None:
    layer = "application/vnd.cncf.openpolicyagent.policy.layer.v1+rego"
    assert refusal(server.layered((layer, "../a.rego", b"package a"))).code is codes.ARCHIVE


def test_a_registry_that_serves_another_manifest_or_layer_is_not_believed(server: Server) -> None:
    pin = server.layered(("application/vnd.oci.image.layer.v1.tar+gzip", "", ARCHIVE))
    other = packed(("a.rego", b"package evil"))
    server.content[f"/v2/acme/rules/blobs/{sha(ARCHIVE)}"] = other
    assert refusal(pin).code is codes.OTHER_CONTENT
    server.content[f"/v2/acme/rules/manifests/{pin.digest}"] = b'{"layers": []}'
    assert refusal(pin).code is codes.OTHER_CONTENT


def test_a_manifest_without_layers_says_so(server: Server) -> None:
    digest = server.put("x", b"[]")
    server.content[f"/v2/acme/rules/manifests/{digest}"] = b"[]"
    pin = BundlePin("acme", f"oci://127.0.0.1:{server.port}/acme/rules", digest=digest)
    assert "no layers" in refusal(pin).detail


def test_a_registry_that_has_nothing_of_it(server: Server) -> None:
    pin = BundlePin("acme", f"oci://127.0.0.1:{server.port}/acme/rules", digest=sha(b"x"))
    assert refusal(pin).code is codes.UNREACHABLE


def test_an_archive_from_a_server_has_the_digest_that_was_pinned(server: Server) -> None:
    address = f"http://127.0.0.1:{server.port}/b.tar.gz"
    digest = server.put("/b.tar.gz", ARCHIVE)
    assert fetch(BundlePin("acme", address, digest=digest)) == FILES
    assert refusal(BundlePin("acme", address, digest=sha(b"another"))).code is codes.OTHER_CONTENT
    assert refusal(BundlePin("acme", f"{address}.gone", digest=digest)).code is codes.UNREACHABLE


def test_what_was_fetched_is_read_without_the_network(tmp_path: Path, upstream: tuple[str, str]) -> None:
    pin = BundlePin("acme", upstream[0], revision=upstream[1], folder="policy")
    bundles = FetchedBundles(tmp_path / "kept")
    assert not bundles.has(pin)
    assert bundles.fetch(pin) == 1
    assert bundles.has(pin)
    assert bundles.read(pin) == [("a.rego", b"package acme")]


@pytest.mark.parametrize("damage", [b"", b"{", b"{}", b'{"files": [["a.rego", "eA=="]], "digest": "sha256:0"}'])
def test_what_was_changed_here_is_not_used(tmp_path: Path, damage: bytes) -> None:
    bundles = FetchedBundles(tmp_path)
    pin = BundlePin("acme", "oci://r/x", digest=sha(b""))
    bundles.keep(pin, FILES)
    (file,) = tmp_path.iterdir()
    file.write_bytes(damage)
    with pytest.raises(BundleError) as caught:
        bundles.read(pin)
    assert caught.value.code is codes.NOT_FETCHED


@pytest.mark.parametrize(
    ("pin", "said"),
    [
        (BundlePin("a", "git+https://x/y", revision="main"), "full commit"),
        (BundlePin("a", "git+https://x/y"), "full commit"),
        (BundlePin("a", "oci://x/y"), "digest"),
        (BundlePin("a", "https://x/y.tar.gz"), "digest"),
        (BundlePin("a", "http://x/y.tar.gz", digest="sha256:1"), "https"),
        (BundlePin("a", "ftp://x/y"), "oci://"),
    ],
)
def test_a_pin_names_one_content_for_ever(pin: BundlePin, said: str) -> None:
    assert said in pin.problem


@pytest.mark.parametrize(
    "pin",
    [
        BundlePin("a", "bundles/acme"),
        BundlePin("a", "git+https://x/y", revision="a" * 40),
        BundlePin("a", "oci://x/y", digest="sha256:1"),
    ],
)
def test_a_good_pin_has_no_problem(pin: BundlePin) -> None:
    assert pin.problem == ""
