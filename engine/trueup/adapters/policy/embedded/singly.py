"""Rules asked one by one, after all of them together took the worker with them: which it was, and what others say.

Each has the time of one answer and, after a loss, another worker. It ends with the third loss, or when all of it took
four times the time of one: the plan is denied in any case, and nobody should wait for minutes to read that.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from time import monotonic
from typing import Any

from trueup.adapters.policy import codes
from trueup.adapters.policy.embedded.kept_images import Place
from trueup.core.diagnostics import Code, Diagnostic, Span

Answer = dict[str, Any]
Ask = Callable[[int, bool], Answer | Diagnostic]
"""Asks the rule of that number; the flag says that the worker has the document already."""

MOST_LOST = 3
"""Rules that may take their worker with them: two are told apart from one, and more say nothing new."""
_MOST_TIMES = 4
"""Times of one answer that all of it may take: that of each rule that may be lost, and one for the others."""
_LOST = frozenset({codes.TIMEOUT.id, codes.WORKER_DIED.id})


@dataclass(slots=True)
class _Found:
    results: list[Any] = field(default_factory=list)
    problems: list[Answer] = field(default_factory=list)
    lost: int = 0
    slowest: tuple[float, int] = (0.0, 0)


def ask_singly(entries: Sequence[Place], ids: Sequence[str], ask: Ask, seconds: float, why: Diagnostic) -> Answer:
    """Return the answers of all rules as the worker would give them at once, with a problem for each that has none.

    Args:
        entries: The rules.
        ids: Their ids.
        ask: Asks one.
        seconds: What one may take.
        why: How the worker was lost when all were asked together.
    """
    found = _Found()
    start = monotonic()
    is_held = False
    for index, (package, name, span) in enumerate(entries):
        if found.lost >= MOST_LOST or monotonic() - start > _MOST_TIMES * seconds:
            found.problems += [_unasked(ids[i], entries[i][2]) for i in range(index, len(entries))]
            break
        began = monotonic()
        answer = ask(index, is_held)
        found.slowest = max(found.slowest, (monotonic() - began, index))
        is_held = not isinstance(answer, Diagnostic)
        if isinstance(answer, Diagnostic):
            found.lost += answer.code.id in _LOST
            said = answer.detail[:1].lower() + answer.detail[1:]
            detail = f"`{package}.{name}` ({ids[index]}), asked by itself: {said}"
            found.problems.append(_spell(answer.code, detail, span, answer.hint))
            continue
        found.results += answer["results"]
        found.problems += answer["problems"]
    if not found.problems:
        found.problems.append(_together(why, found, entries, ids))
    return {"results": found.results, "problems": found.problems}


def _unasked(rule: str, span: Span) -> Answer:
    return _spell(codes.TIMEOUT, f"`{rule}` was not asked any more: rules asked before it took the time.", span, "")


def _together(why: Diagnostic, found: _Found, entries: Sequence[Place], ids: Sequence[str]) -> Answer:
    """Tell of rules each of which has an answer, and which have none together."""
    seconds, index = found.slowest
    detail = f"{why.detail} Each rule by itself has an answer; `{ids[index]}` takes longest, {seconds:.2g} seconds."
    return _spell(why.code, detail, entries[index][2], "")


def _spell(code: Code, detail: str, span: Span, hint: str) -> Answer:
    return {"code": code.id, "detail": detail, "hint": hint, "span": [span.path, span.line, span.column]}
