"""The sources that come with trueup, by scheme."""

from pathlib import Path

from trueup.adapters.sources.file import FileSource
from trueup.adapters.sources.package import PackageSource
from trueup.adapters.sources.source import Sources


def builtin_sources(root: Path) -> Sources:
    """Return the sources for a repository at *root*."""
    return {"file": FileSource(root), "package": PackageSource()}
