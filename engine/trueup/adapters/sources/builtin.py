"""The sources that come with trueup, by scheme. A plan names them all and asks none, so each is imported when asked."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from trueup.adapters.sources.file import FileSource
from trueup.adapters.sources.package import PackageSource
from trueup.adapters.sources.source import Listing, Source, Sources
from trueup.desired.state import Access


def builtin_sources(root: Path) -> Sources:
    """Return the sources for a repository at *root*."""

    def cloud(scheme: str) -> Source:
        return _Later(lambda: _cloud(root, scheme))

    return {
        "file": FileSource(root),
        "package": PackageSource(),
        "hf": _Later(lambda: _hub(root)),
        "https": _Later(lambda: _https(root)),
        "oci": _Later(lambda: _oci(root)),
        "s3": cloud("s3"),
        "gs": cloud("gs"),
        "az": cloud("az"),
    }


@dataclass(frozen=True, slots=True)
class _Later:
    """A source that is made when it is first asked."""

    make: Callable[[], Source]

    def list(self, uri: str, access: Access) -> Listing:
        """List what the source made now lists."""
        return self.make().list(uri, access)


def _hub(root: Path) -> Source:
    from trueup.adapters.sources.hub import HubSource

    return HubSource(root)


def _https(root: Path) -> Source:
    from trueup.adapters.sources.https import HttpsSource

    return HttpsSource(root)


def _oci(root: Path) -> Source:
    from trueup.adapters.sources.oci import OciSource

    return OciSource(root)


def _cloud(root: Path, scheme: str) -> Source:
    from trueup.adapters.sources.cloud import CloudSource

    return CloudSource(root, scheme)
