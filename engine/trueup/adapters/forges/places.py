"""Which forge a repository is on: what the project declares, and what the remote's address tells of the rest."""

import re
from urllib.parse import quote, urlencode, urlsplit

from trueup.adapters.forges.github import HEADERS, GitHub
from trueup.adapters.forges.gitlab import GitLab
from trueup.adapters.forges.http import ForgeClient
from trueup.core.frozen import dataclass
from trueup.ports import Provider, Where

GITHUB, GITLAB = "github", "gitlab"
_SCP = re.compile(r"^(?:[^/@\s]+@)?(?P<host>[^/:\s]+):(?!//)(?P<path>[^\s]+)$")


@dataclass(frozen=True, slots=True)
class ForgePlace:
    """A repository at a forge.

    Attributes:
        kind: `github` or `gitlab`; empty when nothing tells.
        web: Address of the forge for people, `https://github.com`.
        repository: `owner/name`, with all groups on GitLab.
    """

    kind: str
    web: str
    repository: str

    @property
    def is_known(self) -> bool:
        """Whether pull requests can be made there."""
        return bool(self.kind and self.web and self.repository)

    @property
    def api(self) -> str:
        """The address of its REST API."""
        if self.kind == GITLAB:
            return f"{self.web}/api/v4"
        return "https://api.github.com" if self.web == "https://github.com" else f"{self.web}/api/v3"

    def compare(self, base: str, branch: str) -> str:
        """Return the page on which a person opens the pull request; empty when the forge is not known."""
        if not self.is_known:
            return ""
        if self.kind == GITHUB:
            return f"{self.web}/{self.repository}/compare/{quote(base)}...{quote(branch)}?expand=1"
        query = urlencode({"merge_request[source_branch]": branch, "merge_request[target_branch]": base})
        return f"{self.web}/{self.repository}/-/merge_requests/new?{query}"

    def connect(self, token: str) -> GitHub | GitLab:
        """Return the forge, spoken to with *token*.

        Raises:
            PermanentError: The token cannot be sent there.
        """
        if self.kind == GITLAB:
            return GitLab(ForgeClient(self.api, token), self.repository)
        return GitHub(ForgeClient(self.api, token, HEADERS), self.repository)


def place_of(kind: str, url: str, repository: str, remote: str) -> ForgePlace:
    """Return the place that is declared; what is empty is guessed from *remote*, the remote's address."""
    host, path = _parts(remote)
    web = url.rstrip("/") or (f"https://{host}" if host else "")
    name = (urlsplit(web).hostname or "").lower()
    guessed = next((k for k in (GITHUB, GITLAB) if k in name.split(".") or name.startswith(k)), "")
    return ForgePlace(kind or guessed, web, repository or path)


def place_of_run(where: Where) -> ForgePlace:
    """Return the forge that the pull request of a run is on."""
    known = {Provider.GITHUB: GITHUB, Provider.GITLAB: GITLAB}
    return place_of(known.get(where.provider, ""), where.server, where.repository, "")


def _parts(remote: str) -> tuple[str, str]:
    """Return host and path of a remote's address, empty for a folder: `git@host:owner/name.git`, `https://host/...`."""
    parts = urlsplit(remote)
    if parts.scheme in ("http", "https", "ssh", "git") and parts.hostname:
        port = f":{parts.port}" if parts.port and parts.scheme in ("http", "https") else ""
        return f"{parts.hostname}{port}", _trimmed(parts.path)
    match = _SCP.match(remote) if "://" not in remote else None
    return (match["host"], _trimmed(match["path"])) if match else ("", "")


def _trimmed(path: str) -> str:
    return path.strip("/").removesuffix(".git")
