"""What a CI system tells of the run: what is reviewed, against what, and where the pull request is."""

from enum import StrEnum

from trueup.core.digests import Revision
from trueup.core.frozen import dataclass


class Provider(StrEnum):
    """Who runs us."""

    GITHUB = "github"
    GITLAB = "gitlab"
    BITBUCKET = "bitbucket"
    AZURE = "azure"
    JENKINS = "jenkins"
    GIT = "git"

    @property
    def label(self) -> str:
        """How people call it."""
        return _LABELS[self]


_LABELS = {
    Provider.GITHUB: "GitHub",
    Provider.GITLAB: "GitLab",
    Provider.BITBUCKET: "Bitbucket",
    Provider.AZURE: "Azure",
    Provider.JENKINS: "Jenkins",
    Provider.GIT: "git",
}


_UNTOLD = Revision("")


@dataclass(frozen=True, slots=True)
class Where:
    """Where a run stands. What nobody tells is empty.

    Attributes:
        provider: The CI system.
        event: What started the run, in the provider's own word.
        server: Address of the forge for people, `https://github.com`.
        repository: `owner/name` of the repository that the pull request is to be merged into.
        number: Of the pull request; 0 where there is none.
        base: The branch it is to be merged into, without `refs/heads/`.
        base_revision: Tip of that branch as the provider has it.
        head: Newest commit of the branch under review; what is checked out may be a merge of it.
        branch: Its name.
        is_fork: It comes from another repository, or nobody can tell.
        run: Page of this run.
    """

    provider: Provider = Provider.GIT
    event: str = ""
    server: str = ""
    repository: str = ""
    number: int = 0
    base: str = ""
    base_revision: Revision = _UNTOLD
    head: Revision = _UNTOLD
    branch: str = ""
    is_fork: bool = False
    run: str = ""

    @property
    def is_pull_request(self) -> bool:
        """Whether a pull request is reviewed."""
        return self.number > 0
