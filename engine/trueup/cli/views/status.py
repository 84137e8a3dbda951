"""Status as text, markdown or JSON."""

import json
from datetime import datetime

from trueup.cli.output import Format, Style
from trueup.core.digests import short
from trueup.diff.status import DeploymentStatus, Status, Sync, to_json
from trueup.observed.state import Health, ObservedServer

_MARKS = {
    Sync.IN_SYNC: ("=", "green"),
    Sync.CHANGED: ("~", "yellow"),
    Sync.DRIFTED: ("!", "red"),
    Sync.MISSING: ("+", "yellow"),
    Sync.UNDECLARED: ("-", "red"),
}
_HEALTH = {Health.HEALTHY: "green", Health.STARTING: "yellow", Health.UNHEALTHY: "red", Health.STOPPED: "red"}


def render(value: Status, output: Format, style: Style) -> str:
    """Return *value* in the format asked for; formats that make no sense for a status give JSON."""
    match output:
        case Format.TEXT:
            return _text(value, style)
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


def _text(value: Status, style: Style) -> str:
    lines = [style.paint(summary(value), "bold")]
    declared = f"revision {value.revision[:12]}" if value.revision else "the work tree, with uncommitted changes"
    lines.append(f"  declared  {declared}")
    gateway = style.paint(value.gateway.value, _HEALTH[value.gateway])
    lines.append(f"  gateway   {gateway}" + (f" at {value.address}" if value.address else ""))
    if value.unfinished:
        lines.append(style.paint(f"  ! {value.unfinished}", "red"))
    if value.unpushed:
        lines.append(style.paint(f"  ! {value.unpushed} ledger records are not pushed yet", "yellow"))
    for row in value.deployments:
        lines += ["", *_row(row, style)]
    for server in value.strays:
        lines += ["", style.paint(f"- stray server {short(server.key)} (pid {server.pid}): no release needs it", "red")]
    return "\n".join(lines)


def _row(row: DeploymentStatus, style: Style) -> list[str]:
    mark, color = _MARKS[row.sync]
    lines = [style.paint(f"{mark} {row.id}  {row.sync.value}", color, "bold")]
    if row.reason:
        lines.append(f"    why       {row.reason}")
    if row.desired:
        lines.append(f"    desired   {', '.join(row.desired)}  (release {short(row.release)})")
    lines.append(f"    observed  {_observed(row)}")
    lines += [f"    server    {_server(s, style)}" for s in row.servers]
    if row.observed_release:
        lines.append(f"    traffic   {row.requests} requests, {row.failures} failed")
    for evidence in row.evidence:
        measured = f": {', '.join(evidence.measured)}" if evidence.measured else ""
        lines.append(f"    evidence  {evidence.evaluation} {evidence.state}{measured}")
    for hold in row.holds:
        until = f" until {_time(hold.expires)}" if hold.expires else ""
        said = f"    hold      release {short(hold.release)}{until}: {hold.reason} ({hold.author})"
        lines.append(style.paint(said, "yellow"))
    return lines


def _observed(row: DeploymentStatus) -> str:
    if not row.observed_release:
        return "nothing serves"
    verified = "verified" if row.is_verified else "not verified"
    since = f" since {_time(row.applied_at)}" if row.applied_at else ""
    return f"release {short(row.observed_release)}, {verified}, revision {row.revision[:12]}{since}"


def _server(server: ObservedServer, style: Style) -> str:
    health = style.paint(server.health.value, _HEALTH[server.health])
    facts = [f"pid {server.pid}", f"port {server.port}"] if server.pid else []
    facts += [f"{server.restarts} restarts"] if server.restarts else []
    facts += [server.detail] if server.detail else []
    return ", ".join([f"{short(server.key)} #{server.replica} {health}", *facts])


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
    return "\n".join(lines)


def _cell(text: str) -> str:
    return text.replace("\\", "\\\\").replace("|", "\\|").replace("<", "&lt;").replace("`", "\\`").replace("\n", " ")
