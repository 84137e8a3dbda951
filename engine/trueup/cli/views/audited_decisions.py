"""How it ended to make recorded decisions again, in words and as JSON."""

from collections.abc import Iterator

from trueup.core.json import Json
from trueup.ledger.audit import DecisionAudit


def decision_lines(value: DecisionAudit | None) -> Iterator[str]:
    """Yield the verdict on the decisions, and what keeps it from being the whole truth; nothing for None."""
    if value is None:
        return
    if not value.count:
        yield "no decision was recorded in that time"
        return
    differ = f", {_counted(len(value.problems))} not" if value.problems else ""
    yield f"{value.equal} of {_counted(value.count)} came out the same again{differ}"
    for engine, count in value.engines:
        if value.engine and engine != value.engine and not engine.startswith("none "):
            yield (
                f"{_counted(count)} evaluated by {engine}, and by {value.engine} now: messages are not compared, "
                "ids, places and outcomes are"
            )
    for judge, count in value.by_results:
        yield f"{_counted(count)} judged by format {judge}: what the rules gave is compared, not what was made of it"
    if value.not_kept:
        yield f"{_counted(value.not_kept)} recorded before policies were kept: nobody can make them again"


def decisions_json(value: DecisionAudit) -> dict[str, Json]:
    """Return the same as JSON; the problems themselves are among those of the ledger."""
    return {
        "count": value.count,
        "equal": value.equal,
        "by_results": [{"judge": judge, "count": count} for judge, count in value.by_results],
        "not_kept": value.not_kept,
        "engines": [{"engine": engine, "count": count} for engine, count in value.engines],
        "engine": value.engine,
        "problems": len(value.problems),
    }


def _counted(count: int) -> str:
    return "1 decision" if count == 1 else f"{count} decisions"
