"""The answers of late, one by one, for the analysis of rollouts; numbers only, in memory, and never without bound."""

from collections import OrderedDict, deque
from collections.abc import Mapping
from dataclasses import field

from trueup.adapters.gateways.local.measures import Answer, ReleaseMeasures
from trueup.adapters.gateways.local.table import Serving
from trueup.core.frozen import dataclass
from trueup.core.json import Json

KEPT_ANSWERS = 20_000
"""Of one release: hours of a busy deployment, a few megabytes."""

_KEPT_RINGS = 128
_KEPT_IDS = 20_000
_PUT_BACK_SECONDS = 5.0
"""A clock that jumps back by more was put back; answers end in nearly the order in which they are added."""


@dataclass(slots=True)
class _Ring:
    answers: deque[Answer] = field(default_factory=deque)
    lost: float = 0.0


@dataclass(frozen=True, slots=True)
class Given:
    """An answer that a user may still judge: the deployment it came from and where it is counted."""

    address: str
    answer: Answer
    measures: ReleaseMeasures


class Recent:
    """What every release answered lately, to clients and to nobody.

    Attributes:
        started: When this began to count, seconds since the epoch.
    """

    def __init__(self, started: float, kept: int = KEPT_ANSWERS) -> None:
        self.started = started
        self._kept = kept
        self._latest = started
        self._rings: OrderedDict[tuple[str, str, bool], _Ring] = OrderedDict()
        self._lost: dict[str, float] = {}
        self._given: OrderedDict[str, Given] = OrderedDict()

    def add(self, serving: Serving, answer: Answer, *, is_copy: bool = False) -> None:
        """Remember an answer that has ended.

        When the clock was put back, counting begins anew: what ended later than now is of no time that is asked for.
        """
        if answer.at < self._latest - _PUT_BACK_SECONDS:
            self.started = self._latest = answer.at
            self._rings.clear()
            self._lost.clear()
        self._latest = max(self._latest, answer.at)
        key = (serving.address, serving.route.release, is_copy)
        ring = self._rings.get(key)
        if ring is None:
            ring = self._rings[key] = _Ring()
            while len(self._rings) > _KEPT_RINGS:
                self._drop(*self._rings.popitem(last=False))
        ring.answers.append(answer)
        if len(ring.answers) > self._kept:
            ring.lost = ring.answers.popleft().at

    def give(self, serving: Serving, answer: Answer, measures: ReleaseMeasures) -> None:
        """Remember the name of an answer, so that its user can judge it."""
        if answer.id:
            self._given[answer.id] = Given(serving.address, answer, measures)
            if len(self._given) > _KEPT_IDS:
                self._given.popitem(last=False)

    def given(self, name: str) -> Given | None:
        """Return the answer called *name*; None when it is not known, or no longer."""
        return self._given.get(name)

    def since(self, address: str, asked: float) -> float:
        """Return from when on nothing is missing, of what was asked for."""
        lost = [ring.lost for key, ring in self._rings.items() if key[0] == address]
        return max(asked, self.started, self._lost.get(address, 0.0), *lost)

    def answers(self, address: str, since: float, *, copied: bool) -> Mapping[str, tuple[Answer, ...]]:
        """Return the answers that ended since then, by release, oldest first."""
        found = {}
        for (of, release, is_copy), ring in self._rings.items():
            if of == address and is_copy is copied:
                kept = tuple(a for a in tuple(ring.answers) if a.at >= since)
                if kept:
                    found[release] = kept
        return found

    def _drop(self, key: tuple[str, str, bool], ring: _Ring) -> None:
        last = ring.answers[-1].at if ring.answers else ring.lost
        self._lost[key[0]] = max(self._lost.get(key[0], 0.0), last)


def answer_json(answer: Answer) -> list[Json]:
    """Return an answer as it crosses the admin socket; `admin.traffic` reads it."""
    return [
        answer.at,
        answer.status,
        answer.failed,
        answer.seconds,
        answer.first_token_seconds,
        answer.prompt_tokens,
        answer.completion_tokens,
        answer.refused,
        answer.feedback,
        answer.similarity,
    ]
