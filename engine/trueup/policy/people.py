"""Who is who: names and e-mails as git and people write them, compared."""

import re
import unicodedata
from collections.abc import Iterable

_BETWEEN = re.compile(r"[\s<>]+")


def email_of(person: str) -> str:
    """Return the e-mail in `Ada Lovelace <ada@example.org>` or in an e-mail alone, lower case; empty without one.

    `ada+work@example.org` is a second spelling of the same mailbox.
    """
    return next((_mailbox(word) for word in _BETWEEN.split(_plain(person)) if _is_email(word)), "")


def is_same_person(one: str, other: str) -> bool:
    """Tell whether two texts name one person: an e-mail or a name in common is enough.

    So nobody becomes another by leaving the e-mail out or by using a second one. An alias that shares neither cannot
    be told.
    """
    emails, names = (email_of(one), email_of(other)), (_name(one), _name(other))
    return (bool(emails[0]) and emails[0] == emails[1]) or (bool(names[0]) and names[0] == names[1])


def is_among(person: str, people: Iterable[str]) -> bool:
    """Tell whether *person* is one of *people*."""
    return any(is_same_person(person, other) for other in people)


def _is_email(word: str) -> bool:
    before, at, after = word.partition("@")
    return bool(before and at and after)


def _name(person: str) -> str:
    return " ".join(word for word in _BETWEEN.split(_plain(person)) if word and not _is_email(word))


def _plain(person: str) -> str:
    """Return *person* in one spelling: without case, width and characters that nobody sees."""
    folded = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", person).casefold())
    return "".join(c for c in folded if unicodedata.category(c) != "Cf")


def _mailbox(email: str) -> str:
    local, at, host = email.rpartition("@")
    return (local.split("+")[0] or local) + at + host
