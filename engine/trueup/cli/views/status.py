"""Status as text, markdown or JSON."""

import json
from collections.abc import Iterator
from datetime import datetime

from trueup.cli.output import Format, Style
from trueup.cli.views.text import person, visible, wrapped, wrapped_pieces
from trueup.core.digests import short
from trueup.core.frozen import dataclass
from trueup.core.json import mapping_of
from trueup.diff.masks import masked_text
from trueup.diff.status import DeploymentStatus, Status, Sync, to_json
from trueup.observed.state import Health, ObservedServer

_MARKS = {
    Sync.IN_SYNC: ("=", "green"),
    Sync.CHANGED: ("~", "yellow"),
    Sync.DRIFTED: ("!", "red"),
    Sync.MISSING: ("+", "yellow"),
    Sync.UNDECLARED: ("-", "red"),
}
_LOG_LINES = 6
"""Enough to see why a server ended; `.trueup/targets` has the rest."""
_HEALTH = {Health.HEALTHY: "green", Health.STARTING: "yellow", Health.UNHEALTHY: "red", Health.STOPPED: "red"}


def render(value: Status, output: Format, style: Style, width: int = 100) -> str:
    """Return *value* in the format asked for; formats that make no sense for a status give JSON."""
    match output:
        case Format.TEXT:
            return "\n".join(_text(value, _Lines(style, width)))
        case Format.MARKDOWN:
            return _markdown(value)
        case Format.NDJSON:
            return json.dumps(to_json(value), ensure_ascii=False)
        case _:
            return json.dumps(to_json(value), indent=2, ensure_ascii=False)


def summary(value: Status) -> str:
    """Return the line that says it all."""
    differing = sum(d.sync is not Sync.IN_SYNC for d in value.deployments)
    verdict = "in sync" if value.is_in_sync else f"{differing} of {len(value.deployments)} deployments differ"
    if not differing and not value.is_in_sync:
        verdict = "something is left to clean up"
    return f"Environment {value.environment} ({value.tier}): {verdict}"


@dataclass(frozen=True, slots=True)
class _Lines:
    """Lines of a terminal, cut at spaces; a name in front, what it says in a column of its own."""

    style: Style
    width: int

    def heading(self, text: str, *attributes: str) -> list[str]:
        return wrapped(text, self.width, "", self.style, *attributes)

    def fact(self, indent: str, name: str, text: str, color: str = "", tail: str = "") -> list[str]:
        """Return *name* with *text* (in *color*) and *tail* behind it."""
        label = f"{name:<10}"
        hanging = " " * (len(indent) + len(label))
        pieces = [(visible(text), (color,) if color else ()), (visible(tail), ())]
        first, *rest = wrapped_pieces(pieces, self.width, hanging, self.style)
        return [indent + label + first.removeprefix(hanging), *rest]


def _text(value: Status, lines: _Lines) -> Iterator[str]:
    yield from lines.heading(summary(value), "bold")
    declared = f"revision {value.revision[:12]}" if value.revision else "the work tree, with uncommitted changes"
    yield from lines.fact("  ", "declared", declared)
    at = f" at {value.address}" if value.address else ""
    yield from lines.fact("  ", "gateway", value.gateway.value, _HEALTH[value.gateway], at)
    if value.unfinished:
        yield from lines.heading(f"  ! {value.unfinished}", "red")
    for said in value.pending:
        yield from lines.heading(f"  ! {said}", "red")
    if value.unpushed:
        yield from lines.heading(f"  ! {value.unpushed} ledger records are not pushed yet", "yellow")
    for row in value.deployments:
        yield ""
        yield from _row(row, lines)
    for server in value.strays:
        yield ""
        yield from lines.heading(f"- stray server {short(server.key)} (pid {server.pid}): no release needs it", "red")
    yield from _next_steps(value, lines)


def _rollout(row: DeploymentStatus, lines: _Lines) -> Iterator[str]:
    """Yield what a rollout under way does to the traffic."""
    if row.held:
        yield from lines.fact("    ", "rollout", "requests wait: a release is swapped in place", "yellow")
    if row.rollout is None:
        return
    progress = mapping_of(row.rollout.progress)
    step = progress.get("stage")
    number = f"step {step + 1}" if isinstance(step, int) else "a step"
    for candidate in row.rollout.candidates:
        copies = f", copies of {candidate.mirror:g} %" if candidate.mirror else ""
        said = f"{candidate.weight:g} % of the requests{copies} go to release {short(candidate.release)}"
        tail = f" ({candidate.name}, {number} since {progress.get('began')})"
        yield from lines.fact("    ", "rollout", said, "yellow", tail)
    if waits := progress.get("waits"):
        hint = f"; trueup rollout resume {row.id.name} -e {row.id.environment}"
        yield from lines.fact("    ", "waits", str(waits), "yellow", hint)


def _next_steps(value: Status, lines: _Lines) -> Iterator[str]:
    """Yield what the reader can do now."""
    if not value.is_in_sync:
        yield ""
        yield from lines.heading(f"What would be done about it, and why: trueup plan -e {value.environment}")


def _row(row: DeploymentStatus, lines: _Lines) -> Iterator[str]:
    mark, color = _MARKS[row.sync]
    yield from lines.heading(f"{mark} {row.id}  {row.sync.value}", color, "bold")
    if row.reason:
        yield from lines.fact("    ", "why", row.reason)
    if row.desired:
        yield from lines.fact("    ", "desired", f"{', '.join(row.desired)} (release {short(row.release)})")
    yield from lines.fact("    ", "observed", _observed(row))
    for server in row.servers:
        facts = "".join(f", {fact}" for fact in _server_facts(server))
        tail = f"{facts} (server {short(server.key)}, replica {server.replica})"
        yield from lines.fact("    ", "server", server.health.value, _HEALTH[server.health], tail)
        yield from _log(server, lines)
    if row.observed_release:
        yield from lines.fact(
            "    ", "traffic", f"{row.requests} {'request' if row.requests == 1 else 'requests'}, {row.failures} failed"
        )
    yield from _rollout(row, lines)
    for evidence in row.evidence:
        measured = f": {', '.join(evidence.measured)}" if evidence.measured else ""
        color = {"passed": "green", "failed": "red"}.get(evidence.state, "yellow")
        yield from lines.fact("    ", "evidence", evidence.state, color, f" {evidence.evaluation}{measured}")
    for hold in row.holds:
        until = f" until {_time(hold.expires)}" if hold.expires else ""
        said = f"release {short(hold.release)}{until}: {hold.reason} ({person(hold.author)})"
        serves = "; it serves now and stays, and nothing applies or promotes it again"
        back = f"; to go back: trueup rollback {row.id.name} -e {row.id.environment}"
        tail = serves + back if hold.release == row.observed_release else ""
        yield from lines.fact("    ", "on hold", said, "yellow", tail)
    if row.way_back is not None:
        gone = (
            "" if row.way_back.retained else "; its artifact is not in the store, and would be fetched or built first"
        )
        yield from lines.fact(
            "    ", "way back", f"release {short(row.way_back.release)}{gone}", "yellow" if gone else ""
        )
    for hold in row.ended:
        said = f"release {short(hold.release)}, which ended by itself at {_time(hold.expires)}: {hold.reason}"
        yield from lines.fact("    ", "was held", said)


def _observed(row: DeploymentStatus) -> str:
    if not row.observed_release:
        return "nothing serves"
    verified = "verified" if row.is_verified else "not verified"
    since = f" since {_time(row.applied_at)}" if row.applied_at else ""
    return f"release {short(row.observed_release)}, {verified}, revision {row.revision[:12]}{since}"


def _server_facts(server: ObservedServer) -> Iterator[str]:
    if server.pid:
        yield f"pid {server.pid}"
        yield f"port {server.port}"
    if server.restarts:
        yield f"{server.restarts} {'restart' if server.restarts == 1 else 'restarts'}"
    if server.detail:
        # What follows are lines of its log.
        yield server.detail.splitlines()[0].rstrip(":").removesuffix("; its last log lines")


def _log(server: ObservedServer, lines: _Lines) -> Iterator[str]:
    """Yield the end of the log of a server that does not serve, a line each, as wide as the terminal."""
    if server.health in (Health.UNHEALTHY, Health.STOPPED):
        for line in server.detail.splitlines()[1:][-_LOG_LINES:]:
            yield lines.style.paint(f"{' ' * 14}| {visible(masked_text(line))}"[: lines.width], "dim")


def _time(at: datetime | None) -> str:
    return at.strftime("%Y-%m-%d %H:%M:%SZ") if at else ""


def _markdown(value: Status) -> str:
    lines = [f"**{summary(value)}**", "", "| deployment | state | health | desired | observed | why |"]
    lines.append("| --- | --- | --- | --- | --- | --- |")
    for row in value.deployments:
        cells = [
            str(row.id),
            row.sync.value,
            row.health.value,
            ", ".join(row.desired),
            short(row.observed_release) if row.observed_release else "nothing",
            row.reason,
        ]
        lines.append("| " + " | ".join(_cell(c) for c in cells) + " |")
    said = [*value.pending, *(line for row in value.deployments for line in _notes(row))]
    if said:
        lines += ["", *(f"- {_cell(visible(line))}" for line in said)]
    return "\n".join(lines)


def _notes(row: DeploymentStatus) -> Iterator[str]:
    """Yield what a table has no room for: the rollout under way, and holds."""
    if row.held:
        yield f"{row.id}: requests wait, a release is swapped in place"
    for candidate in row.rollout.candidates if row.rollout else ():
        copies = f", copies of {candidate.mirror:g} %" if candidate.mirror else ""
        yield f"{row.id}: {candidate.weight:g} % of the requests{copies} go to release {short(candidate.release)}"
    for hold in row.holds:
        until = f" until {_time(hold.expires)}" if hold.expires else ""
        serves = ", and serves" if hold.release == row.observed_release else ""
        said = f"release {short(hold.release)} is on hold{until}{serves}: {hold.reason} ({person(hold.author)})"
        yield f"{row.id}: {said}"
    if row.way_back is not None and not row.way_back.retained:
        yield f"{row.id}: the artifact of release {short(row.way_back.release)}, the way back, is not in the store"
    for hold in row.ended:
        yield f"{row.id}: release {short(hold.release)} was on hold until {_time(hold.expires)}: {hold.reason}"


def _cell(text: str) -> str:
    return text.replace("\\", "\\\\").replace("|", "\\|").replace("<", "&lt;").replace("`", "\\`").replace("\n", " ")
