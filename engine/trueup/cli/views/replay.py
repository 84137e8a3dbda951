"""A replay as text, markdown, JSON and JUnit: what other policies would have blocked and let through, by rule."""

import json
from collections.abc import Iterator
from datetime import datetime

from trueup.cli.output import PLAIN, Format, Style
from trueup.cli.views.findings import Finding, Level
from trueup.cli.views.junit import junit
from trueup.cli.views.markup import cell, prose
from trueup.cli.views.text import visible, wrapped
from trueup.core.frozen import dataclass
from trueup.core.json import Json
from trueup.policy.replayed import Block, Changed, Effect, Example, Place, Replay, RuleEffect, Source

FORMAT_VERSION = "1.0"
_WIDE = 200
_PEOPLE = {
    Effect.BLOCKS: ("blocked that passed", "red"),
    Effect.LETS_THROUGH: ("let through that was blocked", "green"),
    Effect.OTHER_RULES: ("blocked before and now, by other rules or of other things", "yellow"),
    Effect.ERROR: ("that cannot be decided any more", "red"),
}
"""What becomes of a decision, in words that follow a number."""


@dataclass(frozen=True, slots=True)
class ReplayReport:
    """A replay and what was asked for; the environment is empty for all."""

    replay: Replay
    since: datetime
    until: datetime
    environment: str = ""


def render(report: ReplayReport, output: Format, style: Style = PLAIN, width: int = _WIDE) -> str:
    """Return *report* in the format asked for."""
    match output:
        case Format.TEXT:
            return "\n".join(_text(report, style, width))
        case Format.MARKDOWN:
            return "\n".join(_markdown(report))
        case Format.JUNIT:
            return junit("replay", [_finding(c) for c in report.replay.changed], ["decisions of the past"])
        case _:
            return json.dumps(document(report), indent=2, ensure_ascii=False)


def summary(report: ReplayReport) -> str:
    """Say in one line what was replayed, and whether anything changes."""
    replay = report.replay
    where = f" of {report.environment}" if report.environment else ""
    decisions = _counted(replay.by_source[Source.RECORD], "recorded decision")
    plans = _counted(replay.by_source[Source.COMMIT], "plan")
    changed = replay.judged - replay.effects[Effect.SAME]
    what = f"{changed} turn out otherwise" if changed != 1 else "1 turns out otherwise"
    if not replay.judged:
        return f"nothing{where} was decided or merged since {_day(report.since)}"
    verdict = what if changed else "all the same"
    return f"{decisions} and {plans} of commits{where} since {_day(report.since)}: {verdict}"


def _text(report: ReplayReport, style: Style, width: int) -> Iterator[str]:
    replay = report.replay
    yield from wrapped(summary(report), width, "", style, "bold")
    for effect, (words, color) in _PEOPLE.items():
        if replay.effects[effect]:
            yield from wrapped(f"{replay.effects[effect]} {words}", width, "  ", style, color)
    for rule in replay.rules:
        yield ""
        yield from wrapped(f"{rule.rule}: {_effects(rule)}", width, "", style, "bold")
        for example in rule.examples:
            yield from wrapped(_said(rule, example), width, "    ", style)
        if rule.changed > len(rule.examples):
            yield from wrapped(f"and {rule.changed - len(rule.examples)} more", width, "    ", style, "dim")
    errors = [c for c in replay.changed if c.effect is Effect.ERROR]
    if errors:
        yield ""
        yield from wrapped("cannot be decided", width, "", style, "bold", "red")
        for changed in errors[:5]:
            yield from wrapped(f"{_placed(changed.place)}: {'; '.join(changed.errors)}", width, "    ", style)
    notes = list(_notes(replay))
    if notes:
        yield ""
        for note in notes:
            yield from wrapped(note, width, "", style, "dim")


def _markdown(report: ReplayReport) -> Iterator[str]:
    replay = report.replay
    yield f"**{prose(summary(report))}**"
    counted = [f"- {replay.effects[e]} {words}" for e, (words, _) in _PEOPLE.items() if replay.effects[e]]
    if counted:
        yield from ("", *counted)
    if replay.rules:
        yield from ("", "| rule | blocks | lets through | blocks otherwise | newest example |", "| --- " * 5 + "|")
        for rule in replay.rules:
            said = cell(_said(rule, rule.examples[0]))
            yield f"| {cell(rule.rule)} | {rule.blocks} | {rule.lets_through} | {rule.moved} | {said} |"
    for changed in [c for c in replay.changed if c.effect is Effect.ERROR][:5]:
        yield from ("", f"Cannot be decided: {prose(_placed(changed.place))}: {prose('; '.join(changed.errors))}")
    for note in _notes(replay):
        yield from ("", f"> {prose(note)}")


def _notes(replay: Replay) -> Iterator[str]:
    """Yield what limits the answer."""
    if replay.by_source[Source.COMMIT]:
        yield (
            "Plans of commits are built from what was declared, as if it had been applied: evidence is unknown, and "
            "only what one side blocks and the other does not is told."
        )
    for version, count in sorted(replay.older.items()):
        decisions = _counted(count, "decision")
        yield f"{decisions} on documents of format {version}, which lack facts that rules ask for: not replayed."
    if replay.unasked:
        yield f"{_counted(replay.unasked, 'decision')} of a time without policies, without a document: not replayed."
    for passed in replay.passed:
        yield f"{_placed(passed.place)} was not replayed: {passed.why}"
    if replay.passed_count > len(replay.passed):
        yield f"{replay.passed_count - len(replay.passed)} more were not replayed."


def _effects(rule: RuleEffect) -> str:
    parts = []
    if rule.blocks:
        parts.append(f"blocks {_counted(rule.blocks, 'decision')} more")
    if rule.lets_through:
        parts.append(f"no longer blocks {_counted(rule.lets_through, 'decision')}")
    if rule.moved:
        parts.append(f"blocks other things in {_counted(rule.moved, 'decision')}")
    return ", ".join(parts)


def _said(rule: RuleEffect, example: Example) -> str:
    """Spell an example; which side it is from where the rule has examples of both."""
    side = "no longer: " if example.is_gone and rule.lets_through < rule.changed else ""
    others = f" (and {example.others} more there)" if example.others else ""
    return f"{_placed(example.place)}: {side}{example.address}: {example.message}{others}"


def document(report: ReplayReport) -> dict[str, Json]:
    """Return *report* as one JSON document."""
    replay = report.replay
    return {
        "format_version": FORMAT_VERSION,
        "since": report.since.isoformat(),
        "until": report.until.isoformat(),
        "environment": report.environment,
        "judged": {source.value: replay.by_source[source] for source in Source},
        "effects": {effect.value.replace(" ", "_"): replay.effects[effect] for effect in Effect},
        "rules": [_rule_json(rule) for rule in replay.rules],
        "changed": [_changed_json(changed) for changed in replay.changed],
        "not_replayed": {
            "older_formats": [{"format": version, "count": n} for version, n in sorted(replay.older.items())],
            "without_policies": replay.unasked,
            "count": replay.passed_count,
            "listed": [{**_place_json(p.place), "why": p.why} for p in replay.passed],
        },
    }


def _rule_json(rule: RuleEffect) -> Json:
    examples: list[Json] = [
        {
            **_place_json(e.place),
            "address": e.address,
            "message": e.message,
            "no_longer_blocks": e.is_gone,
            "more_there": e.others,
        }
        for e in rule.examples
    ]
    return {
        "rule": rule.rule,
        "blocks": rule.blocks,
        "lets_through": rule.lets_through,
        "blocks_otherwise": rule.moved,
        "examples": examples,
    }


def _changed_json(changed: Changed) -> Json:
    return {
        **_place_json(changed.place),
        "effect": changed.effect.value.replace(" ", "_"),
        "blocks": [_block_json(b) for b in changed.blocks],
        "no_longer_blocks": [_block_json(b) for b in changed.gone],
        "errors": list(changed.errors),
    }


def _block_json(block: Block) -> Json:
    return {"rule": block.rule, "address": block.address, "path": list(block.path), "message": block.message}


def _place_json(place: Place) -> dict[str, Json]:
    return {
        "source": place.source.value,
        "name": place.name,
        "at": place.at.isoformat(),
        "environment": place.environment,
        "revision": place.revision,
        "reconstructed": place.source is Source.COMMIT,
    }


def _finding(changed: Changed) -> Finding:
    said = [f"{b.rule} blocks {b.address}: {b.message}" for b in changed.blocks]
    said += [f"{b.rule} no longer blocks {b.address}: {b.message}" for b in changed.gone]
    title = _PEOPLE[changed.effect][0]
    return Finding(_placed(changed.place), title, Level.ERROR, "\n".join([*said, *changed.errors]))


def _placed(place: Place) -> str:
    where = f", {place.environment}" if place.environment else ""
    return visible(f"{place} of {_day(place.at)}{where}")


def _day(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%d")


def _counted(count: int, what: str) -> str:
    return f"{count} {what}" if count == 1 else f"{count} {what}s"
