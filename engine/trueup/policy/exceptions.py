"""PolicyExceptions: whether they are in force, and what they lift. They are applied after evaluation.

So a rule needs to know nothing of them, and an exception that lifts nothing is seen.
"""

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from trueup.core.json import Json
from trueup.spec.resource import Path, Resource

MAX_DAYS = 90
"""Longest time ahead that an exception may run; renewing it is a commit that somebody reviews."""


@dataclass(frozen=True, slots=True)
class Waiver:
    """One PolicyException, read.

    Attributes:
        address: Its own address.
        rule: Rule id.
        resource: Glob of addresses; `*` and `?` stand for anything within a part.
        path: Dotted field path; empty for all fields.
        expires: Last day it holds, as written.
        problem: Why it is not in force; empty when it is.
    """

    address: str
    rule: str
    resource: str
    path: str
    expires: str
    problem: str = ""

    def to_json(self) -> dict[str, Json]:
        """Return the exception as the policy document has it."""
        return {
            "address": self.address,
            "rule": self.rule,
            "resource": self.resource,
            "path": self.path,
            "expires": self.expires,
            "inForce": not self.problem,
            "problem": self.problem,
        }

    def lifts(self, rule: str, address: str, path: Path) -> bool:
        """Tell whether it lifts this violation."""
        if self.problem or rule != self.rule or not _glob(self.resource).fullmatch(address):
            return False
        dotted = ".".join(str(step) for step in path)
        return not self.path or dotted == self.path or dotted.startswith(f"{self.path}.")


def read_waivers(resources: Iterable[Resource], now: datetime) -> tuple[Waiver, ...]:
    """Read PolicyException documents; what is wrong with one is in its `problem`."""
    return tuple(_read(resource, now) for resource in resources)


def waivers_of(document: Json) -> tuple[Waiver, ...]:
    """Read the exceptions back from a policy document, as they were when it was made."""
    listed = document.get("exceptions", ()) if isinstance(document, dict) else ()
    if not isinstance(listed, list | tuple):
        return ()
    keys = ("address", "rule", "resource", "path", "expires", "problem")
    return tuple(
        Waiver(*(str(item.get(key, "")) for key in keys))
        for item in listed
        if isinstance(item, dict) and item.get("inForce") == (not item.get("problem"))
    )


def _read(resource: Resource, now: datetime) -> Waiver:
    spec = json.loads(resource.canonical).get("spec", {})
    texts = {key: str(spec.get(key) or "") for key in ("rule", "resource", "path", "expires")}
    return Waiver(str(resource.id), **texts, problem=_problem(spec, now.date()))


def _problem(spec: dict[str, Json], today: date) -> str:
    missing = [k for k in ("rule", "resource", "reason", "compensatingControl", "approvedBy") if not spec.get(k)]
    if missing:
        return f"`{missing[0]}` is missing"
    try:
        last = date.fromisoformat(str(spec.get("expires")))
    except ValueError:
        return "`expires` is not a day"
    if last < today:
        return f"it expired on {last}"
    if last > today + timedelta(days=MAX_DAYS):
        return f"it runs until {last}, more than {MAX_DAYS} days ahead"
    return ""


def _glob(pattern: str) -> re.Pattern[str]:
    signs = {"*": "[^/]*", "?": "[^/]"}
    return re.compile("".join(signs.get(c) or re.escape(c) for c in pattern))
