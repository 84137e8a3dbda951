"""Approvals of one plan as people read them: which count, which do not and why, and what is still missing."""

import json
from collections.abc import Iterator, Mapping, Sequence

from trueup.core.frozen import dataclass
from trueup.core.json import Json, mapping_of


@dataclass(frozen=True, slots=True)
class ListedApproval:
    """One approval.

    Attributes:
        by: Who gave it, or says so.
        source: `tag`, `commit`, `trailer` or `review`.
        name: The tag, the commit, or the review.
        roles: Their roles.
        key: Fingerprint of the key that signed; empty for none.
        why: Why it does not count; empty when it does.
        email: Address that stands for them; empty when it does not count, or nobody knows it.
    """

    by: str
    source: str
    name: str
    roles: tuple[str, ...] = ()
    key: str = ""
    why: str = ""
    email: str = ""


@dataclass(frozen=True, slots=True)
class Standing:
    """How far a plan is approved, as its environment asks; what rules ask besides is theirs to say.

    Attributes:
        required: Approvals that the environment asks for.
        roles: Role and how many of it.
        listed: Every approval, those that count first.
        is_known: Whether the commits of the change are known.
    """

    required: int = 0
    roles: tuple[tuple[str, int], ...] = ()
    listed: tuple[ListedApproval, ...] = ()
    is_known: bool = True

    @property
    def people(self) -> tuple[str, ...]:
        """Addresses of those whose approval counts, each once."""
        return tuple(dict.fromkeys(a.email for a in self.listed if not a.why))

    @property
    def missing(self) -> tuple[str, ...]:
        """What is missing, in words."""
        short = [f"{self.required - len(self.people)} of {self.required}"] if self.required > len(self.people) else []
        for role, wanted in self.roles:
            there = len({a.email for a in self.listed if not a.why and role in a.roles})
            short += [f"{wanted - there} of the role `{role}`"] if wanted > there else []
        return tuple(short)


def is_separate(tier: str, settings: Json) -> bool:
    """Tell whether an author's own approval counts for nothing: in production always (as RO-05 has it)."""
    declared = mapping_of(mapping_of(settings).get("approvals"))
    return tier not in {"dev", "staging"} or declared.get("separateAuthor") is not False


def standing_of(tier: str, settings: Json, approved: Json, refused: Json) -> Standing:
    """Return how far a plan is approved.

    Args:
        tier: Of the environment.
        settings: Of the environment.
        approved: `approvals` of the policy document; None when the commits are unknown.
        refused: Its `approvalsNotCounted`.
    """
    declared = mapping_of(mapping_of(settings).get("approvals"))
    required, asked = declared.get("required"), declared.get("roles")
    roles = tuple(_asked(asked if isinstance(asked, list | tuple) else ()))
    listed = [*_listed(approved, is_separate(tier, settings)), *_listed(refused, False)]
    listed.sort(key=lambda a: bool(a.why))
    return Standing(required if isinstance(required, int) else 0, roles, tuple(listed), approved is not None)


def approvals_judged(document: bytes) -> list[Json]:
    """Return the approvals that a policy document has: who, by which source, with which key."""
    approved = mapping_of(json.loads(document)).get("approvals")
    return list(approved) if isinstance(approved, list) else []


def _asked(roles: Sequence[Json]) -> Iterator[tuple[str, int]]:
    for role in map(mapping_of, roles):
        count = role.get("count", 1)
        yield str(role.get("role", "")), count if isinstance(count, int) else 1


def _listed(approvals: Json, separate: bool) -> Iterator[ListedApproval]:
    for found in map(mapping_of, approvals if isinstance(approvals, list | tuple) else ()):
        roles = found.get("roles")
        yield ListedApproval(
            by=_text(found, "by"),
            source=_text(found, "source"),
            name=_text(found, "name") or _text(found, "commit"),
            roles=tuple(str(r) for r in roles) if isinstance(roles, list | tuple) else (),
            key=_text(found, "key"),
            why=_why(found, separate),
            email=_text(found, "email"),
        )


def _why(found: Mapping[str, Json], separate: bool) -> str:
    if "why" in found:
        return _text(found, "why")
    if separate and found.get("isAuthor") is not False:
        return "the author's own approval does not count"
    return "" if _text(found, "email") else "nobody knows whose it is: it names no e-mail"


def _text(found: Mapping[str, Json], key: str) -> str:
    value = found.get(key)
    return value if isinstance(value, str) else ""
