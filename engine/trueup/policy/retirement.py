"""Retirement, step by step: deprecated, drained, archived, deleted, each with what must hold before it.

Judged from the policy document and by no Rego: the last steps end in bytes that nobody has any more, and a rollback
at night must not find that out. A PolicyException lifts it.
"""

from collections.abc import Iterator, Mapping

from trueup.core.digests import short
from trueup.core.json import Json, mapping_of
from trueup.observed.needs import GOES_BACK, HELD, SERVES
from trueup.policy.decision import Enforcement, Violation
from trueup.spec.lifecycle import ARCHIVED, DELETED, DRAINED, STEPS, parts_of
from trueup.spec.resource import Path

RULE = "TU-06"
"""An id like those of the library, so that a PolicyException can name it."""
TITLE = "Retired step by step"

_NEEDS: Mapping[str, tuple[str, ...]] = {
    ARCHIVED: (SERVES, GOES_BACK),
    DELETED: (SERVES, GOES_BACK, HELD),
    "": (SERVES, GOES_BACK, HELD),
}
"""What must not need a version any more, by the phase it takes; the empty one is that it is declared no more."""
_SAID = {
    SERVES: "serves it",
    GOES_BACK: "would go back to it",
    HELD: "keeps it on hold",
}
_PHASE: Path = ("spec", "lifecycle", "phase")


def not_retired_by_steps(document: Mapping[str, Json]) -> Iterator[Violation]:
    """Yield a violation for each step of `derived.retirement` that leaves one out, or whose conditions do not hold."""
    phases = {}
    for one in map(mapping_of, _items(mapping_of(document.get("derived")).get("retirement"))):
        address, phase = str(one.get("address")), str(one.get("phase"))
        phases[address] = phase
        is_step = one.get("before") != one.get("phase")
        if is_step:
            yield from _step(address, phase, one.get("before"))
            yield from _needed(address, phase, _items(one.get("neededBy")))
        yield from _declared(address, phase, _items(one.get("declaredBy")), is_step=is_step)
    yield from _used(document, phases)


def _step(address: str, phase: str, before: Json) -> Iterator[Violation]:
    """Yield a violation for a step that leaves others out; of what is new or unknown before, nothing is left out."""
    start = STEPS[0] if before == "candidate" else before
    end = STEPS[0] if phase == "candidate" else phase
    if start == DELETED and end != "":
        message = f"{address} was deleted, and its artifact may be gone. Declare a new version of it."
        yield _violation(address, _PHASE, message)
    elif start in STEPS and end in STEPS and abs(STEPS.index(end) - STEPS.index(str(start))) > 1:
        way = " -> ".join(STEPS)
        yield _violation(address, _PHASE, f"{address} goes from {before} to {phase} in one step; the way is {way}.")


def _needed(address: str, phase: str, needed: tuple[Json, ...]) -> Iterator[Violation]:
    what = f"{address} is to be {phase}" if phase else f"{address} is declared no more"
    for why in _NEEDS.get(phase, ()):
        users = [mapping_of(n) for n in needed if mapping_of(n).get("why") == why]
        if users:
            said = ", ".join(f"{u.get('deployment')} (release {short(str(u.get('release')))})" for u in users)
            path: Path = _PHASE if phase else ()
            yield _violation(address, path, f"{what}, and it is needed still: {said} {_SAID[why]}.", _REMEDIES[why])


def _declared(address: str, phase: str, users: tuple[Json, ...], *, is_step: bool) -> Iterator[Violation]:
    """Yield a violation where something lets a drained version run; one that was gone back to only warns."""
    if users and phase in {DRAINED, ARCHIVED, DELETED}:
        said = ", ".join(str(user) for user in users)
        denies = is_step or phase != DRAINED
        enforcement = Enforcement.DENY if denies else Enforcement.WARN
        yield _violation(address, _PHASE, f"{address} is {phase}, and {said} uses it.", _REMEDIES[""], enforcement)


def _used(document: Mapping[str, Json], phases: Mapping[str, str]) -> Iterator[Violation]:
    """Yield a violation for each deployment that the plan rolls out with a version that nothing new may use."""
    for deployment in map(mapping_of, _items(document.get("deployments"))):
        if deployment.get("changed") is False:
            continue
        for part in parts_of(mapping_of(deployment.get("release"))):
            phase = phases.get(part, "")
            is_back = phase == DRAINED and deployment.get("movement") == "rollback"
            if phase in {DRAINED, ARCHIVED, DELETED} and not is_back:
                address = str(deployment.get("address"))
                message = f"{address} would use {part}, which is {phase}."
                yield _violation(address, ("spec", "release"), message, _REMEDIES[""])


_REMEDIES: Mapping[str, str] = {
    "": "Declare its replacement there, or take the step back: `phase: deprecated`.",
    SERVES: "Apply a release without it there first.",
    GOES_BACK: "Wait until another release without it was verified there after it; that one is gone back to then.",
    HELD: "Lift the hold (`trueup hold list`), when nobody looks at that release any more.",
}


def _items(value: Json) -> tuple[Json, ...]:
    return tuple(value) if isinstance(value, list | tuple) else ()


def _violation(
    address: str,
    path: Path,
    message: str,
    remediation: str = "Take one step, apply every environment, then the next.",
    enforcement: Enforcement = Enforcement.DENY,
) -> Violation:
    return Violation(
        rule=RULE,
        title=TITLE,
        severity="critical",
        enforcement=enforcement,
        address=address,
        path=path,
        message=message,
        remediation=remediation,
    )
