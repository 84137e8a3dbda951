"""Fetches the bundles of policies that a project names, so that planning and judging need no network."""

from collections.abc import Iterator, Sequence
from typing import Protocol

from trueup.core.errors import TrueupError
from trueup.core.frozen import dataclass
from trueup.spec.bundles import BundlePin


class BundleFetcher(Protocol):
    """Brings bundles to this machine."""

    def has(self, pin: BundlePin) -> bool:
        """Tell whether *pin* is here already."""
        ...

    def fetch(self, pin: BundlePin) -> int:
        """Bring *pin* here and return the number of its files."""
        ...


@dataclass(frozen=True, slots=True)
class Pulled:
    """What became of one bundle: its files, that it was here already, or why it cannot be had."""

    pin: BundlePin
    files: int = 0
    was_here: bool = False
    problem: TrueupError | None = None


def pull(fetcher: BundleFetcher, pins: Sequence[BundlePin]) -> Iterator[Pulled]:
    """Fetch those of *pins* that are from elsewhere; one that fails does not keep the others back."""
    for pin in pins:
        if not pin.scheme:
            continue
        if fetcher.has(pin):
            yield Pulled(pin, was_here=True)
            continue
        try:
            yield Pulled(pin, fetcher.fetch(pin))
        except TrueupError as problem:
            yield Pulled(pin, problem=problem)
