"""Stub."""

from collections.abc import Mapping
from dataclasses import dataclass

from trueup.core.digests import Digest
from trueup.desired.takeover import Checks
from trueup.observed.traffic import Traffic
from trueup.rollout.verdicts import Verdict


@dataclass(frozen=True, slots=True)
class Queried:
    """Stub."""

    value: float | None = None
    error: str = ""


def analyse(
    checks: Checks,
    traffic: Traffic,
    stable: Digest,
    new: Digest,
    *,
    looks: int,
    queried: Mapping[str, Queried],
    copied: bool = False,
) -> tuple[Verdict, ...]:
    """Stub."""
    return ()
