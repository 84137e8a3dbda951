"""What counts as the same text, and what a word is, in every script."""

import unicodedata
from collections.abc import Mapping

from trueup.core.json import Json

_INVISIBLE = "Cf"
"""Category of marks that are not seen: directions, joiners, byte order marks, soft hyphens."""


def spelled(text: str) -> str:
    """Return *text* in the one spelling of what Unicode calls canonically equal: an accent is part of its letter."""
    return unicodedata.normalize("NFC", text)


def folded(text: str, params: Mapping[str, Json]) -> str:
    """Return what is compared of *text*.

    Params:
        ignoreCase: Capitals are small letters.
        ignorePunctuation: Punctuation and symbols are not there.
        normalize: Compatible spellings are equal (full width, ligatures), marks that are not seen are not there, and
            white space of any kind and length is one space.
    """
    text = spelled(text)
    if params.get("normalize") is True:
        text = unicodedata.normalize("NFKC", text)
        text = " ".join("".join(c for c in text if unicodedata.category(c) != _INVISIBLE).split())
    if params.get("ignoreCase") is True:
        text = spelled(text.casefold())
    if params.get("ignorePunctuation") is True:
        text = "".join(c for c in text if unicodedata.category(c)[0] not in "PS")
        text = " ".join(text.split())
    return text


def words(text: str) -> list[str]:
    """Return the words of *text* in small letters: runs of letters, marks and digits of any script.

    Of scripts that put no space between words each character is one, which is what can be said without a dictionary.
    """
    found: list[str] = []
    current = ""
    for character in spelled(text.casefold()):
        kind = unicodedata.category(character)
        if kind == _INVISIBLE:
            continue
        if _is_unspaced(character):
            found += [current, character] if current else [character]
            current = ""
        elif kind[0] in "LMN":
            current += character
        elif current:
            found.append(current)
            current = ""
    return [*found, current] if current else found


_UNSPACED = (
    (0x0E00, 0x0EFF),  # Thai, Lao
    (0x1000, 0x109F),  # Myanmar
    (0x1780, 0x17FF),  # Khmer
    (0x3040, 0x30FF),  # Hiragana, Katakana
    (0x3400, 0x4DBF),  # Han
    (0x4E00, 0x9FFF),
    (0xF900, 0xFAFF),
    (0x20000, 0x323AF),
)


def _is_unspaced(character: str) -> bool:
    code = ord(character)
    return code >= _UNSPACED[0][0] and any(first <= code <= last for first, last in _UNSPACED)
