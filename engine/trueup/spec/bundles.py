"""Bundles of policies from elsewhere, as a project names them: what each is, and the pin that makes it one thing."""

import re

from trueup.core.frozen import dataclass
from trueup.core.json import Json

_COMMIT = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class BundlePin:
    """One bundle.

    Attributes:
        name: Its name in messages and in the ledger, unique in a project.
        source: A path of the repository, or `git+https://...`, `oci://registry/name`, `https://...`.
        revision: Full commit of a git source.
        digest: `sha256:` digest of an OCI manifest or of an archive.
        folder: Folder inside a git source; empty for its top.
    """

    name: str
    source: str
    revision: str = ""
    digest: str = ""
    folder: str = ""

    @property
    def scheme(self) -> str:
        """`git`, `oci`, `https`, or empty for a path of the repository."""
        scheme = self.source.partition(":")[0].lower()
        return {"oci": "oci", "https": "https", "http": "https"}.get(scheme, "git" if scheme.startswith("git+") else "")

    @property
    def is_encrypted(self) -> bool:
        """Whether nobody on the way sees or changes what is fetched, as far as the source says."""
        return not self.source.lower().startswith("http://")

    @property
    def problem(self) -> str:
        """What is wrong with the pin, in words; empty when it names one content for ever."""
        match self.scheme:
            case "https" if not self.is_encrypted:
                return "`http://` is not encrypted; use `https://`"
            case "git" if not _COMMIT.fullmatch(self.revision):
                return "a git source needs `revision`, a full commit; branches and tags move"
            case "oci" | "https" if not self.digest:
                return f"an `{self.scheme}` source needs `digest`, the sha256 of what it serves; names and tags move"
            case "" if "://" in self.source:
                return "the source is a path of the repository, `git+https://`, `oci://` or `https://`"
            case _:
                return ""

    def to_json(self) -> dict[str, Json]:
        """Return the pin as JSON; its digest is the key of what was fetched."""
        return {"source": self.source, "revision": self.revision, "digest": self.digest, "folder": self.folder}
