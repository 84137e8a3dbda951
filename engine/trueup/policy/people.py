"""Who is who: names and e-mails as git and people write them, compared."""

import re
import unicodedata
from collections.abc import Iterable, Iterator
from itertools import pairwise

_BETWEEN_WORDS = re.compile(r"[\s<>()\[\],;:]+")
"""No mailbox has these unless it is quoted, which git does not write."""

_AROUND_WORDS = "\"'`.!?*_|/\\={}"
"""What people put around a word; inside a mailbox some of it counts."""

_BETWEEN_PEOPLE = re.compile(r"[,;&|/()\[\]]| and ")

_UNSEEN = frozenset("\u034f\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0")
"""Blank letters and joiners; Unicode lists them as default ignorable (DerivedCoreProperties), and U+2800 is blank."""


def email_of(person: str) -> str:
    """Return the e-mail in `Ada Lovelace <ada@example.org>` or in an e-mail alone, lower case.

    `ada+work@example.org` is a second spelling of the same mailbox. Empty without one, and with several: who names two
    mailboxes has said neither.
    """
    found = emails_of(person)
    return next(iter(found)) if len(found) == 1 else ""


def emails_of(person: str) -> frozenset[str]:
    """Return every e-mail that a text names, lower case."""
    return frozenset(email for word in _words(_plain(person)) for email in _mailboxes(word))


def is_same_person(one: str, other: str) -> bool:
    """Tell whether two texts name one person: an e-mail or a name in common is enough.

    So nobody becomes another by leaving the e-mail out, by using a second one or by naming a second person beside
    themselves. An alias that shares neither cannot be told.
    """
    return bool(emails_of(one) & emails_of(other) or _names(one) & _names(other))


def is_among(person: str, people: Iterable[str]) -> bool:
    """Tell whether *person* is one of *people*."""
    return any(is_same_person(person, other) for other in people)


def _names(person: str) -> frozenset[str]:
    """Return each name in a text, its words in one order: `Lovelace, Ada` is `Ada Lovelace`."""
    plain = _plain(person)
    return frozenset(name for part in (plain, *_BETWEEN_PEOPLE.split(plain)) if (name := _name(part)))


def _name(words: str) -> str:
    return " ".join(sorted(word for word in _words(words) if "@" not in word))


def _words(plain: str) -> Iterator[str]:
    for word in _BETWEEN_WORDS.split(plain):
        if stripped := word.strip(_AROUND_WORDS):
            yield stripped


def _plain(person: str) -> str:
    """Return *person* in one spelling: without case, width and characters that nobody sees."""
    folded = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", person).casefold())
    return "".join(c for c in folded if not _is_unseen(c))


def _is_unseen(character: str) -> bool:
    category = unicodedata.category(character)
    is_control = category == "Cc" and not character.isspace()
    is_selector = "\ufe00" <= character <= "\ufe0f" or "\u180b" <= character <= "\u180f"
    return category == "Cf" or is_control or is_selector or character in _UNSEEN or character >= "\U000e0000"


def _mailboxes(word: str) -> Iterator[str]:
    """Yield the mailbox in *word*; with more than one `@`, each that may be meant."""
    parts = word.split("@")
    for local, host in pairwise(parts):
        if local and host:
            yield f"{local.split('+')[0] or local}@{host}"
