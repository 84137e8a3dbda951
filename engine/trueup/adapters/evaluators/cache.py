"""What came of single examples before, by the digest of everything that decides it: a re-run costs what changed."""

from collections.abc import Mapping

from trueup.adapters.evaluators.work import ResultCache
from trueup.core.digests import Digest
from trueup.core.json import Json


class _NoCache:
    def find(self, key: Digest) -> Mapping[str, Json] | None:  # noqa: ARG002 - nothing is ever there
        return None

    def keep(self, key: Digest, value: Mapping[str, Json]) -> None:
        """Forget it."""


NO_CACHE: ResultCache = _NoCache()
