"""Approvals of a plan as text and JSON."""

import json
from collections.abc import Iterator

from trueup.cli.output import Format, Style
from trueup.cli.views.text import person, visible, wrapped
from trueup.core.digests import short
from trueup.core.json import Json
from trueup.core.json_schema import COUNT, DIGEST, FLAG, FORMAT_1, TEXT, list_of, object_of, published
from trueup.plan.plan import Plan
from trueup.policy.approval_list import ListedApproval, Standing

FORMAT_VERSION = "1.0"


def render(plan: Plan, standing: Standing, output: Format, style: Style, width: int = 100) -> str:
    """Return the approvals of *plan* in the format asked for."""
    if output is Format.TEXT:
        return "\n".join(_text(plan, standing, style, width))
    return json.dumps(_json(plan, standing), indent=2, ensure_ascii=False)


def summary(standing: Standing) -> str:
    """Return the line that says it all: `1 approval counts; missing: 1 of 2, 1 of the role `risk-owner`.`."""
    if not standing.is_known:
        return "Which approvals there are is not known: this clone does not have the commits of the change."
    number = len(standing.people)
    said = f"{number} {'approval counts' if number == 1 else 'approvals count'}"
    missing = ", ".join(standing.missing)
    return f"{said}; missing: {missing}." if missing else f"{said}; the environment asks for no more."


def lines_of(standing: Standing) -> Iterator[str]:
    """Yield a line for each approval: whether it counts, who gave it, where it is, and why it does not."""
    for one in standing.listed:
        roles = f" ({', '.join(one.roles)})" if one.roles else ""
        key = f", key {one.key}" if one.key and not one.why else ""
        why = f": {one.why}" if one.why else ""
        word = "does not count" if one.why else "counts"
        yield visible(f"{word}  {person(one.by)}{roles}, {one.source} {_place(one)}{key}{why}")


def _place(one: ListedApproval) -> str:
    return short(one.name) if one.source in ("commit", "trailer") else one.name


def approvals_schema() -> dict[str, Json]:
    """Return the schema of the JSON form."""
    approval: dict[str, Json] = {
        "by": TEXT,
        "source": {"enum": ["tag", "commit", "trailer", "review"]},
        "name": TEXT,
        "roles": list_of(TEXT),
        "key": TEXT,
        "counts": FLAG,
        "why": TEXT,
    }
    document = {
        "format_version": FORMAT_1,
        "plan_id": DIGEST,
        "environment": TEXT,
        "revision": TEXT,
        "required": COUNT,
        "roles": list_of(object_of({"role": TEXT, "count": COUNT})),
        "missing": list_of(TEXT),
        "known": FLAG,
        "approvals": list_of(object_of(approval)),
    }
    return published("trueup approve --list", object_of(document))


def _text(plan: Plan, standing: Standing, style: Style, width: int) -> Iterator[str]:
    yield style.paint(f"Plan {short(plan.id)} for {visible(plan.environment)}, commit {plan.revision[:12]}", "bold")
    for line in lines_of(standing):
        yield from wrapped(line, width, "  ", style)
    yield summary(standing)


def _json(plan: Plan, standing: Standing) -> Json:
    return {
        "format_version": FORMAT_VERSION,
        "plan_id": plan.id,
        "environment": plan.environment,
        "revision": plan.revision,
        "required": standing.required,
        "roles": [{"role": role, "count": count} for role, count in standing.roles],
        "missing": list(standing.missing),
        "known": standing.is_known,
        "approvals": [
            {
                "by": one.by,
                "source": one.source,
                "name": one.name,
                "roles": list(one.roles),
                "key": one.key,
                "counts": not one.why,
                "why": one.why,
            }
            for one in standing.listed
        ],
    }
