"""Versions of the packages that runtimes of this machine are, as their installers recorded them."""

from functools import cache

from trueup.policy.facts.components import INSTALLED_WITH_RUNTIMES


def installed_versions() -> dict[str, str]:
    """Return the versions of the runtimes that are installed beside trueup, by name."""
    return dict(_versions())


@cache
def _versions() -> tuple[tuple[str, str], ...]:
    from importlib.metadata import PackageNotFoundError, version

    found = []
    for name in INSTALLED_WITH_RUNTIMES:
        try:
            found.append((name, version(name)))
        except PackageNotFoundError:
            continue
    return tuple(found)
