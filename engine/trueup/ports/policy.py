"""Ports of policy: who decides, and what its authors use besides."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Protocol

from trueup.core.diagnostics import Diagnostic

if TYPE_CHECKING:
    from trueup.policy.results import Evaluation, PolicyFile, RuleInfo, RuleTest
    from trueup.policy.tracing import Reads, RuleTrace, TestRun


class PolicyEngine(Protocol):
    """Rego, wherever it runs."""

    def check(self, bundle: Sequence[PolicyFile]) -> tuple[Diagnostic, ...]:
        """Find what is wrong with the policies without evaluating anything."""
        ...

    def evaluate(self, bundle: Sequence[PolicyFile], documents: Sequence[bytes], now: datetime) -> list[Evaluation]:
        """Evaluate every `deny`, `violation` and `warn` of the bundle on each document (JSON text)."""
        ...


class PolicyWorkbench(Protocol):
    """What authors of policies use besides."""

    def describe(self, bundle: Sequence[PolicyFile]) -> tuple[RuleInfo, ...] | tuple[Diagnostic, ...]:
        """Return what each rule says of itself, or what is wrong with the policies."""
        ...

    def test(self, bundle: Sequence[PolicyFile]) -> tuple[RuleTest, ...] | tuple[Diagnostic, ...]:
        """Run the `test_` rules, or return what is wrong with the policies."""
        ...


class PolicyTracer(Protocol):
    """How far rules come: for their authors, never for a decision."""

    def cover(
        self, bundle: Sequence[PolicyFile], wanted: str = "", *, run: bool = True
    ) -> TestRun | tuple[Diagnostic, ...]:
        """Run the `test_` rules whose package and name hold *wanted*; tell which lines of the policies they reach.

        Without *run* they are only listed, and no file is told.
        """
        ...

    def reads(self, bundle: Sequence[PolicyFile]) -> tuple[Reads, ...] | tuple[Diagnostic, ...]:
        """Return what each entry and its helpers read, as it is written in them."""
        ...

    def trace(
        self, bundle: Sequence[PolicyFile], document: bytes, now: datetime, rule: str
    ) -> RuleTrace | tuple[Diagnostic, ...]:
        """Ask the entries with the id *rule* about *document* and tell how far each of their bodies came."""
        ...
