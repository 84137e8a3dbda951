"""PolicyExceptions: whether they are in force, and what they lift. They are applied after evaluation.

So a rule needs to know nothing of them, and an exception that lifts nothing is seen.
"""

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from types import MappingProxyType

from trueup.core.frozen import dataclass
from trueup.core.json import Json
from trueup.diff.masks import masked_text
from trueup.policy.enforcement import day_of
from trueup.policy.people import is_among
from trueup.spec.resource import Path, Resource

MAX_DAYS = 90
"""Longest time ahead that an exception may run; renewing it is a commit that somebody reviews."""

_REQUIRED = ("rule", "resource", "reason", "compensatingControl", "approvedBy")
_EXPIRED = "it expired on "
_TEXTS = {
    "address": "address",
    "rule": "rule",
    "resource": "resource",
    "path": "path",
    "expires": "expires",
    "problem": "problem",
    "owner": "owner",
    "reason": "reason",
    "compensatingControl": "compensating_control",
    "approvedBy": "approved_by",
}
"""Fields in the policy document, and here."""


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
        owner: Who answers for what is excused.
        reason: Why the rule cannot be kept.
        compensating_control: What is done in its place.
        approved_by: Who agreed.
        expires_in_days: Days until `expires`, negative after it; None when that is no day.
        approver_is_author: Who agreed wrote the change, or the exception.
    """

    address: str
    rule: str
    resource: str
    path: str
    expires: str
    problem: str = ""
    owner: str = ""
    reason: str = ""
    compensating_control: str = ""
    approved_by: str = ""
    expires_in_days: int | None = None
    approver_is_author: bool = False

    @property
    def has_expired(self) -> bool:
        """Whether it is out of force because its time is over."""
        return self.problem.startswith(_EXPIRED)

    def to_json(self) -> dict[str, Json]:
        """Return the exception as the policy document has it, without secrets that somebody explained it with."""
        texts: dict[str, Json] = {key: masked_text(getattr(self, name)) for key, name in _TEXTS.items()}
        return texts | {
            "expiresInDays": self.expires_in_days,
            "approverIsAuthor": self.approver_is_author,
            "inForce": not self.problem,
        }

    def lifts(self, rule: str, address: str, path: Path) -> bool:
        """Tell whether it lifts this violation."""
        if self.problem or rule != self.rule or not _glob(self.resource).fullmatch(address):
            return False
        dotted = ".".join(str(step) for step in path)
        return not self.path or dotted == self.path or dotted.startswith(f"{self.path}.")


_NOBODY: Mapping[str, str] = MappingProxyType({})


def read_waivers(
    resources: Iterable[Resource],
    now: datetime,
    authors: Sequence[str] = (),
    written_by: Mapping[str, str] = _NOBODY,
) -> tuple[Waiver, ...]:
    """Read PolicyException documents; what is wrong with one is in its `problem`.

    Args:
        resources: The documents.
        now: The time, aware.
        authors: Who wrote the change that is judged, `Name <e-mail>`.
        written_by: By address, who last changed the exception's file; an empty text is somebody nobody knows.
    """
    return tuple(_read(r, now.date(), (*authors, *_writer(r, written_by)), written_by) for r in resources)


def waivers_of(document: Mapping[str, Json]) -> tuple[Waiver, ...]:
    """Read the exceptions back from a policy document, as they were when it was made."""
    listed = document.get("exceptions", ())
    if not isinstance(listed, list | tuple):
        return ()
    return tuple(
        _read_back(item)
        for item in listed
        if isinstance(item, dict) and item.get("inForce") == (not item.get("problem"))
    )


def _read_back(item: Mapping[str, Json]) -> Waiver:
    texts = {name: str(item.get(key, "")) for key, name in _TEXTS.items()}
    days = item.get("expiresInDays")
    return Waiver(
        **texts,
        expires_in_days=days if isinstance(days, int) else None,
        approver_is_author=item.get("approverIsAuthor") is True,
    )


def _writer(resource: Resource, written_by: Mapping[str, str]) -> tuple[str, ...]:
    writer = written_by.get(str(resource.id))
    return (writer,) if writer else ()


def _read(resource: Resource, today: date, authors: Sequence[str], written_by: Mapping[str, str]) -> Waiver:
    document = json.loads(resource.canonical)
    spec: dict[str, Json] = document.get("spec", {})
    owner = str(document.get("metadata", {}).get("owner") or "")
    last = day_of(str(spec.get("expires")))
    approver = str(spec.get("approvedBy") or "")
    is_author = bool(approver) and is_among(approver, authors)
    problem = _untimely(last, today) or _missing(spec, owner)
    if not problem and is_author:
        problem = f"`{approver}` approves what they wrote themselves"
    elif not problem and written_by.get(str(resource.id)) == "":
        problem = "who wrote it cannot be told; fetch the whole history"
    return Waiver(
        address=str(resource.id),
        rule=str(spec.get("rule") or ""),
        resource=str(spec.get("resource") or ""),
        path=str(spec.get("path") or ""),
        expires=str(spec.get("expires") or ""),
        problem=problem,
        owner=owner,
        reason=str(spec.get("reason") or ""),
        compensating_control=str(spec.get("compensatingControl") or ""),
        approved_by=approver,
        expires_in_days=(last - today).days if last else None,
        approver_is_author=is_author,
    )


def _missing(spec: Mapping[str, Json], owner: str) -> str:
    missing = [key for key in _REQUIRED if not _is_said(spec.get(key))]
    missing += [] if owner else ["owner"]
    return f"`{missing[0]}` is missing" if missing else ""


def _is_said(value: Json) -> bool:
    """Tell whether a field says anything, as `-` and `<>` do not; a glob may be of signs alone."""
    return bool(value) and any(c.isalnum() or c == "*" for c in str(value))


def _untimely(last: date | None, today: date) -> str:
    if last is None:
        return "`expires` is not a day"
    if last < today:
        return f"{_EXPIRED}{last}"
    if (last - today).days > MAX_DAYS:
        return f"it runs until {last}, more than {MAX_DAYS} days ahead"
    return ""


def _glob(pattern: str) -> re.Pattern[str]:
    signs = {"*": "[^/]*", "?": "[^/]"}
    return re.compile("".join(signs.get(c) or re.escape(c) for c in pattern))
