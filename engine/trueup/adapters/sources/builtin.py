"""The sources that come with trueup, by scheme. What needs a library imports it when it is first asked."""

from pathlib import Path

from trueup.adapters.sources.cloud import SCHEMES, CloudSource
from trueup.adapters.sources.file import FileSource
from trueup.adapters.sources.https import HttpsSource
from trueup.adapters.sources.hub import HubSource
from trueup.adapters.sources.oci import OciSource
from trueup.adapters.sources.package import PackageSource
from trueup.adapters.sources.source import Sources


def builtin_sources(root: Path) -> Sources:
    """Return the sources for a repository at *root*."""
    return {
        "file": FileSource(root),
        "package": PackageSource(),
        "hf": HubSource(root),
        "https": HttpsSource(root),
        "oci": OciSource(root),
        **{scheme: CloudSource(root, scheme) for scheme in SCHEMES},
    }
