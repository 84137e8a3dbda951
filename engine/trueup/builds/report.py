"""What a check of a Build shows: findings with their places, and the fit table."""

from trueup.builds.findings import Finding, has_errors
from trueup.builds.fit import Fit
from trueup.core.diagnostics import Span
from trueup.core.frozen import dataclass


@dataclass(frozen=True, slots=True)
class Placed:
    """A finding, the resource it is about, and where that says it."""

    finding: Finding
    address: str
    span: Span | None = None


@dataclass(frozen=True, slots=True)
class BuildReport:
    """A Build of one model, checked.

    Attributes:
        build: Address of the Build.
        mode: Its mode.
        model: Address of the Model.
        deployments: Addresses of the Deployments that use both.
        sizes_from: Where the sizes of the network were read; empty when they are not known.
        findings: What was found, errors first.
        table: A row for each accelerator that was asked about.
        untold: Why there is no table; empty when there is one.
    """

    build: str
    mode: str
    model: str
    deployments: tuple[str, ...]
    sizes_from: str
    findings: tuple[Placed, ...]
    table: tuple[Fit, ...] = ()
    untold: str = ""

    @property
    def is_refused(self) -> bool:
        """Whether an error stops the build."""
        return has_errors(p.finding for p in self.findings)
