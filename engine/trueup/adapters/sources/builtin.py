"""The sources that come with trueup, by scheme. A plan names them all and asks none, so each is imported when asked."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from trueup.adapters.sources.source import Listing, Source, Sources
    from trueup.desired.state import Access


def builtin_sources(root: Path) -> "Sources":
    """Return the sources for a repository at *root*."""

    def cloud(scheme: str) -> "Source":
        return _Later(lambda: _cloud(root, scheme))

    return {
        "file": _Later(lambda: _file(root)),
        "package": _Later(_package),
        "hf": _Later(lambda: _hub(root)),
        "https": _Later(lambda: _https(root)),
        "oci": _Later(lambda: _oci(root)),
        "s3": cloud("s3"),
        "gs": cloud("gs"),
        "az": cloud("az"),
    }


class _Later:
    """A source that is made when it is first asked."""

    __slots__ = ("_make",)

    def __init__(self, make: "Callable[[], Source]") -> None:
        self._make = make

    def list(self, uri: str, access: "Access") -> "Listing":
        """List what the source made now lists."""
        return self._make().list(uri, access)


def _file(root: Path) -> "Source":
    from trueup.adapters.sources.file import FileSource

    return FileSource(root)


def _package() -> "Source":
    from trueup.adapters.sources.package import PackageSource

    return PackageSource()


def _hub(root: Path) -> "Source":
    from trueup.adapters.sources.hub import HubSource

    return HubSource(root)


def _https(root: Path) -> "Source":
    from trueup.adapters.sources.https import HttpsSource

    return HttpsSource(root)


def _oci(root: Path) -> "Source":
    from trueup.adapters.sources.oci import OciSource

    return OciSource(root)


def _cloud(root: Path, scheme: str) -> "Source":
    from trueup.adapters.sources.cloud import CloudSource

    return CloudSource(root, scheme)
