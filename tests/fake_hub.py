"""A hub on loopback that answers the few requests huggingface_hub makes, written after the hub's public API."""

import hashlib
import json
from dataclasses import dataclass, field
from urllib.parse import parse_qs, urlsplit

from content_server import Asked, ContentServer

COMMIT = "0123456789abcdef0123456789abcdef01234567"
WEIGHTS = b"GGUF" + bytes(range(256)) * 8_000
FILES = {"config.json": b"{}", ".gitattributes": b"*.gguf filter=lfs", "q4/model.gguf": WEIGHTS}
PAGE = 2


@dataclass
class FakeHub(ContentServer):
    """A hub with the model `acme/tiny` and the data set `acme/facts`, the same files in both.

    Attributes:
        files: What is at COMMIT.
        stated: Digests that the hub tells of large files in place of the right ones.
    """

    files: dict[str, bytes] = field(default_factory=lambda: dict(FILES))
    stated: dict[str, str] = field(default_factory=dict)

    def answer(self, asked: Asked) -> bytes | None:
        path, query = urlsplit(asked.path).path, parse_qs(urlsplit(asked.path).query)
        for name in ("models/acme/tiny", "datasets/acme/facts"):
            if path in (f"/api/{name}", f"/api/{name}/revision/main", f"/api/{name}/revision/{COMMIT}"):
                return json.dumps({"id": name.partition("/")[2], "sha": COMMIT, "siblings": []}).encode()
            if path == f"/api/{name}/tree/{COMMIT}":
                return self._tree(path, query)
            prefix = f"/{name.removeprefix('models/')}/resolve/{COMMIT}/"
            if path.startswith(prefix):
                return self.files.get(path.removeprefix(prefix))
        self.headers[path] = {"X-Error-Code": "RevisionNotFound" if "/revision/" in path else "RepoNotFound"}
        return None

    def _tree(self, path: str, query: dict[str, list[str]]) -> bytes:
        """Return one page of the listing, and where the next one is."""
        start = int(query.get("cursor", ["0"])[0])
        rows = [self._row(p, c) for p, c in sorted(self.files.items())]
        more = f"{self.url}{path}?recursive=true&cursor={start + PAGE}"
        self.headers[path] = {"Link": f'<{more}>; rel="next"'} if start + PAGE < len(rows) else {}
        return json.dumps(rows[start : start + PAGE]).encode()

    def _row(self, path: str, content: bytes) -> dict[str, object]:
        row: dict[str, object] = {
            "type": "file",
            "path": path,
            "size": len(content),
            "oid": hashlib.sha1(content).hexdigest(),
        }
        if path.endswith((".gguf", ".safetensors")):
            sha256 = self.stated.get(path, hashlib.sha256(content).hexdigest())
            row["lfs"] = {"oid": sha256, "size": len(content), "pointerSize": 130}
        return row
