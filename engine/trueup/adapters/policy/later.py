"""An engine that is made when it is asked something: a plan names one before it is known whether there are policies."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from trueup.core.diagnostics import Diagnostic
    from trueup.policy.results import Evaluation, PolicyFile
    from trueup.ports import PolicyEngine


class LaterEngine:
    """`PolicyEngine` that *make* gives."""

    __slots__ = ("_make",)

    def __init__(self, make: Callable[[], PolicyEngine]) -> None:
        self._make = make

    def check(self, bundle: Sequence[PolicyFile]) -> tuple[Diagnostic, ...]:
        """Find what is wrong with the policies without evaluating anything."""
        return self._make().check(bundle)

    def evaluate(self, bundle: Sequence[PolicyFile], documents: Sequence[bytes], now: datetime) -> list[Evaluation]:
        """Evaluate every rule of the bundle that decides on each document."""
        return self._make().evaluate(bundle, documents, now)
