"""Joins the store: its folder, what feeds it, and the one that others share."""

from pathlib import Path
from typing import TYPE_CHECKING

from trueup.core.json import Json

if TYPE_CHECKING:
    from collections.abc import Sequence

    from trueup.adapters.sources.source import Sources
    from trueup.adapters.stores.directory import DirectoryStore
    from trueup.adapters.stores.mirrored import MirroredStore
    from trueup.ports import Clock, SourceResolver
    from trueup.workflows.loading import ProjectSettings


def open_sources(root: Path) -> "Sources":
    """Return where artifacts come from, by URI scheme."""
    from trueup.adapters.sources.builtin import builtin_sources
    from trueup.plugins import Plugins

    return Plugins("trueup.sources", builtin_sources(root))


def open_resolver(root: Path) -> "SourceResolver":
    """Return what asks sources what they have."""
    from trueup.adapters.stores.resolving import HashingResolver

    return HashingResolver(open_sources(root))


def open_store(root: Path, settings: "ProjectSettings", clock: "Clock") -> "DirectoryStore | MirroredStore":
    """Return the store of the repository at *root*."""
    from trueup.adapters.builders.builtin import builtin_builders
    from trueup.adapters.stores.directory import DirectoryStore
    from trueup.plugins import Plugins

    local = DirectoryStore(
        root / settings.store_path,
        open_sources(root),
        Plugins("trueup.builders", builtin_builders()),
        scanner=_scan_pickles,
        clock=clock,
    )
    if not settings.store_url:
        return local
    from trueup.adapters.stores.mirrored import MirroredStore
    from trueup.adapters.stores.remote import RemoteStore

    options: dict[str, Json] = {"endpoint_url": settings.store_endpoint} if settings.store_endpoint else {}
    return MirroredStore(local, RemoteStore(settings.store_url, options))


def _scan_pickles(place: Path) -> "Sequence[str]":
    from trueup.adapters.scanners.pickles import scan_pickles

    return scan_pickles(place)
