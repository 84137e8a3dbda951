"""Who may approve in an environment, as it declares them: sources, roles, keys, and people with several addresses."""

from collections.abc import Iterator
from datetime import date

from trueup.core.frozen import dataclass
from trueup.core.json import Json, mapping_of
from trueup.policy.facts.approving import SOURCES, AllowedKey
from trueup.policy.people import email_of, emails_of


@dataclass(frozen=True, slots=True)
class Person:
    """One who approves: the address that roles and keys name, the others, and the name on the forge."""

    member: str
    also: tuple[str, ...] = ()
    login: str = ""


@dataclass(frozen=True, slots=True)
class Approvers:
    """What an environment declares of approvals.

    Attributes:
        sources: Where they may come from.
        roles: Role and member, by e-mail.
        keys: Keys whose signatures count.
        people: Those who have more than one address, or a name on the forge.
    """

    sources: frozenset[str] = frozenset(SOURCES)
    roles: tuple[tuple[str, str], ...] = ()
    keys: tuple[AllowedKey, ...] = ()
    people: tuple[Person, ...] = ()

    def email_of(self, person: str) -> str:
        """Return the address that stands for *person*: the one declared for all of theirs, else the one they name."""
        email = email_of(person)
        known = self._known(person)
        return email_of(known.member) if known else email

    def spelt(self, person: str) -> str:
        """Return *person* with every address that is declared for them, so that an author is known under each."""
        known = self._known(person)
        return " ".join(dict.fromkeys((person, known.member, *known.also))) if known else person

    def roles_of(self, person: str) -> tuple[str, ...]:
        """Return the roles of *person*, each once, as they are declared."""
        email = self.email_of(person)
        return tuple(dict.fromkeys(role for role, member in self.roles if email and self.email_of(member) == email))

    def named(self, login: str) -> str:
        """Return the address of who is called *login* on the forge; empty when nobody is declared as that."""
        found = (p.member for p in self.people if p.login and p.login.casefold() == login.casefold())
        return next(found, "")

    def _known(self, person: str) -> Person | None:
        emails = emails_of(person)
        addresses = ((p, frozenset(email_of(a) for a in (p.member, *p.also))) for p in self.people)
        return next((p for p, theirs in addresses if emails & theirs), None)


def approvers_of(settings: Json, today: date | None = None, *, trusted: bool = True) -> Approvers:
    """Return what the settings of an environment say of approvals; one that says nothing takes all sources.

    Args:
        settings: Those of the Environment.
        today: Keys whose last day is before it have expired; None when nobody asks.
        trusted: False when the change under review brings the settings itself: they make nobody an approver.
    """
    declared = mapping_of(mapping_of(settings).get("approvals"))
    sources = declared.get("sources", SOURCES)
    found = frozenset(str(s) for s in sources) if isinstance(sources, list | tuple) else frozenset[str]()
    if not trusted:
        return Approvers(found)
    return Approvers(
        found,
        tuple(_roles(declared.get("roles"))),
        tuple(_keys(declared.get("signers"), today)),
        tuple(_people(declared.get("people"))),
    )


def _listed(value: Json) -> Iterator[Json]:
    yield from value if isinstance(value, list | tuple) else ()


def _roles(declared: Json) -> Iterator[tuple[str, str]]:
    for found in _listed(declared):
        match found:
            case {"role": str(role), "members": [*members]}:
                yield from ((role, email_of(str(member))) for member in members)
            case _:  # a role that nobody is known to have
                pass


def _keys(declared: Json, today: date | None) -> Iterator[AllowedKey]:
    for found in _listed(declared):
        member, ssh, gpg, expires = (str(mapping_of(found).get(k) or "") for k in ("member", "ssh", "gpg", "expires"))
        has_expired = bool(expires and today and date.fromisoformat(expires) < today)
        yield AllowedKey(member, ssh, gpg, has_expired)


def _people(declared: Json) -> Iterator[Person]:
    for found in map(mapping_of, _listed(declared)):
        also = tuple(str(address) for address in _listed(found.get("also")))
        yield Person(str(found.get("member") or ""), also, str(found.get("login") or ""))
