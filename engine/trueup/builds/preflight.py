"""Checks before a build: everything that can be known to go wrong before an accelerator is spent on it.

Rules V01 to V20 have the codes BLD101 to BLD120. V11 to V13 are about arguments of the builder: they are found where
these are resolved, and joined here.
"""

from collections.abc import Iterable, Iterator

from trueup.builds import codes
from trueup.builds.arguments import resolve_arguments, setting_of
from trueup.builds.checks.gates import check_gates
from trueup.builds.checks.inputs import check_inputs
from trueup.builds.checks.numbers import check_numbers
from trueup.builds.checks.room import check_room
from trueup.builds.checks.shape import check_shape
from trueup.builds.checks.subject import Subject
from trueup.builds.checks.toolchain import check_toolchain
from trueup.builds.findings import About, Finding, Level, in_order


def preflight(subject: Subject, argument_findings: Iterable[Finding] = ()) -> tuple[Finding, ...]:
    """Return all that is found about *subject*, errors first.

    Args:
        subject: The Build, its model and perhaps its server.
        argument_findings: What resolving the arguments of the builder found (V11 to V13).
    """
    return join_argument_findings(_checked(subject), argument_findings)


def join_argument_findings(findings: Iterable[Finding], argument_findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """Return *findings* together with what resolving the arguments of the builder found, each once, errors first."""
    return in_order([*findings, *argument_findings])


def _checked(subject: Subject) -> Iterator[Finding]:
    yield from _network(subject)
    yield from check_toolchain(subject)
    yield from check_shape(subject)
    yield from check_numbers(subject)
    yield from check_room(subject)
    yield from check_inputs(subject)
    yield from check_gates(subject)
    yield from _arguments(subject)


def _arguments(subject: Subject) -> Iterator[Finding]:
    """Resolve the arguments of `trtllm-build` (V11 to V13)."""
    network = subject.known_network
    if subject.build.mode == "engine" and network is not None:
        yield from resolve_arguments(subject.build.arguments, network, setting_of(subject.build)).findings


def _network(subject: Subject) -> Iterator[Finding]:
    if subject.known_network is not None or subject.build.mode == "none":
        return
    why = "; ".join(subject.network) if isinstance(subject.network, tuple) else ""
    detail = (
        f"How it can be cut (V04 to V08), how long its context is (V13) and whether it fits (V16) is not known: {why}."
    )
    yield Finding(codes.NETWORK_UNKNOWN, Level.UNKNOWN, detail, "", About.MODEL, ("spec", "dimensions"))
