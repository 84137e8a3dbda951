"""Gates that a Build declares and nothing carries out."""

from collections.abc import Iterator

from trueup.builds import codes
from trueup.builds.checks.subject import Subject
from trueup.builds.findings import Finding, Level
from trueup.desired.parity import MODES


def check_gates(subject: Subject) -> Iterator[Finding]:
    """Yield each gate that nothing computes; policy denies what declares it, as nobody may rely on it."""
    build = subject.build
    for gate in build.parity:
        if gate == "task":
            why = "no task is scored"
        elif build.mode not in MODES:
            why = f"what mode `{build.mode}` makes is not computed here"
        else:
            continue
        detail = f"`parity.{gate}` is not carried out, because {why}: a plan with it is denied by policy (TU-01)."
        yield Finding(codes.GATE_NOT_CARRIED_OUT, Level.WARNING, detail, path=("spec", "parity", gate))
