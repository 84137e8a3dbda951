"""`History` over the default branch of this repository."""

from collections.abc import Callable

from trueup.adapters.git.base import Trunk
from trueup.adapters.git.history import Declared, compared, merged_since
from trueup.adapters.git.repository import Repository
from trueup.core.digests import Revision
from trueup.ports import Compared, Merged, News, ParseFiles
from trueup.spec.resource import Resources


class GitHistory:
    """Compares versions with what the default branch first had."""

    def __init__(self, repository: Repository, trunk: Callable[[Revision, str], Trunk]) -> None:
        self._repository = repository
        self._trunk = trunk

    def compared(self, merged: Merged, resources: Resources, parse: ParseFiles) -> Compared:
        """Compare versions with when they were merged."""
        return compared(self._repository, self._now(merged), _where(merged), resources, parse)

    def merged_since(self, merged: Merged, earlier: Compared, parse: ParseFiles) -> News | None:
        """Return what was merged since *earlier*."""
        tip = self._now(merged).tip
        return None if tip is None else merged_since(self._repository, tip, earlier, _where(merged), parse)

    def _now(self, merged: Merged) -> Trunk:
        return self._trunk(merged.revision, merged.branch)


def _where(merged: Merged) -> Declared:
    return Declared(merged.folders, merged.suffixes, merged.revision, merged.project)
