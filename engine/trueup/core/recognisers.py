"""Recognisers of what a text should not hold: personal data and names of an inside network. By shape and check digits.

They say where, in the text that `plain` returns; what they found is for the caller to hide.
"""

import re
import unicodedata
from collections.abc import Callable, Iterator, Mapping

Span = tuple[int, int]
"""Start and end of what was found."""
Recogniser = Callable[[str], Iterator[Span]]

_EMAIL = re.compile(r"[\w.+-]{1,64}@(?P<host>[\w-]{1,63}(?:\.[\w-]{1,63}){1,8})")
_RESERVED = re.compile(r"(?:^|\.)(?:example(?:\.(?:com|net|org))?|test|invalid)$", re.IGNORECASE)
"""Names that belong to nobody (RFC 2606, RFC 6761)."""
_PHONE = re.compile(r"(?<![\w.+-])(?:\+|00)[1-9]\d{0,2}[ ./()-]{0,3}\d(?:[ ./()-]{0,3}\d){6,12}(?![\w-])")
_LOCAL_PHONE = re.compile(
    r"(?<![\w.+-])(?:(?:\(\d{3,5}\) ?|\d{3}[ .-])\d{3}[ .-]\d{4}|0\d{2,4}[ /-]\d{3,4}[ /-]?\d{2,4})(?![\w-]|\.\d)"
)
_CARD = re.compile(r"(?<![\w.-])\d(?:[ -]?\d){12,18}(?![\w-])")
_SEVEN_DIGITS = re.compile(r"\d(?:[ ./()-]{0,3}\d){6}")
"""What every telephone and card number has: most texts have none, and the other patterns are slower."""
# The look behind comes after the letters: with it in front, every place of a text would be tried.
_IBAN = re.compile(r"[A-Z]{2}(?<!\w[A-Z]{2})\d{2}(?: ?[A-Z0-9]){11,30}")
_IBAN_COUNTRIES = {
    15: "NO",
    16: "BE",
    18: "DK FI FO GL NL",
    19: "MK SI",
    20: "AT BA EE KZ LT LU XK",
    21: "CH HR LI LV",
    22: "BG BH CR DE GB GE IE ME RS",
    23: "AE GI IL",
    24: "AD CZ ES MD PK RO SA SE SK TN VG",
    25: "PT",
    26: "IS TR",
    27: "FR GR IT MC SM",
    28: "AL AZ CY DO GT HU LB PL",
    29: "BR PS QA UA",
    30: "JO KW",
    31: "MT MR",
}
_IBAN_LENGTHS = {country: length for length, countries in _IBAN_COUNTRIES.items() for country in countries.split()}
"""Characters of an account number by country (ISO 13616 registry): what is longer has words behind it."""
_INTERNAL_HOST = re.compile(
    r"(?<![\w.@-])(?:[\w-]{1,63}\.){1,8}"
    r"(?:internal|local|localdomain|lan|corp|intranet|private|home\.arpa|svc\.cluster\.local)(?![\w-])",
    re.IGNORECASE,
)
_PRIVATE_ADDRESS = re.compile(
    r"(?<![\w.-])(?:10(?:\.\d{1,3}){3}|127(?:\.\d{1,3}){3}|192\.168(?:\.\d{1,3}){2}"
    r"|172\.(?:1[6-9]|2\d|3[01])(?:\.\d{1,3}){2}|169\.254(?:\.\d{1,3}){2})(?![\w-]|\.\d)"
    r"|(?<![\w:])(?:f[cd][0-9a-f]{2}|fe80)(?::{1,2}[0-9a-f]{1,4}){1,7}(?![\w:])",
    re.IGNORECASE,
)
_FORMAT_RANGES = (
    "00AD 0600-0605 061C 06DD 070F 0890-0891 08E2 180E 200B-200F 202A-202E 2060-2064 2066-206F FEFF FFF9-FFFB 110BD "
    "110CD 13430-13438 1BCA0-1BCA3 1D173-1D17A E0001 E0020-E007F"
)
"""Characters of Unicode's category Cf: a pattern finds them several times as fast as a look at each character."""
_FORMATS = re.compile("[" + re.sub(r"(\w+)", lambda m: chr(int(m[1], 16)), _FORMAT_RANGES).replace(" ", "") + "]")


def plain(text: str) -> str:
    """Return *text* with letters that only look different made equal, and without characters that do not show."""
    if text.isascii():
        return text
    return _FORMATS.sub("", unicodedata.normalize("NFKC", text))


def emails(text: str) -> Iterator[Span]:
    """Yield e-mail addresses, without those in names that belong to nobody."""
    if "@" in text:
        yield from (m.span() for m in _EMAIL.finditer(text) if not _RESERVED.search(m["host"]))


def phones(text: str) -> Iterator[Span]:
    """Yield telephone numbers, with country code or as they are written at home."""
    if _SEVEN_DIGITS.search(text):
        other = _without_ibans(text)
        yield from (m.span() for pattern in (_PHONE, _LOCAL_PHONE) for m in pattern.finditer(other))


def cards(text: str) -> Iterator[Span]:
    """Yield payment card numbers whose check digit is right."""
    if _SEVEN_DIGITS.search(text):
        found = _CARD.finditer(_without_ibans(text))
        yield from (m.span() for m in found if _is_luhn(re.sub(r"\D", "", m.group())))


def ibans(text: str) -> Iterator[Span]:
    """Yield bank account numbers whose check digits are right."""
    yield from (m.span() for m in _IBAN.finditer(text) if _is_iban(m.group().replace(" ", "")))


def internal_hosts(text: str) -> Iterator[Span]:
    """Yield names of hosts that only an inside network knows."""
    yield from (m.span() for m in _INTERNAL_HOST.finditer(text))


def private_addresses(text: str) -> Iterator[Span]:
    """Yield addresses that only an inside network has (RFC 1918, RFC 3927, RFC 4193)."""
    yield from (m.span() for m in _PRIVATE_ADDRESS.finditer(text))


PERSONAL: Mapping[str, Recogniser] = {"email": emails, "phone": phones, "card": cards, "iban": ibans}
"""Personal data, by kind."""
INTERNAL: Mapping[str, Recogniser] = {"hostname": internal_hosts, "address": private_addresses}
"""Names of an inside network, by kind."""


def _without_ibans(text: str) -> str:
    """Return *text* of the same length without account numbers: their groups look like telephone numbers."""
    return _IBAN.sub(lambda m: " " * len(m.group()), text)


def _is_luhn(digits: str) -> bool:
    """Tell whether the check digit is right (ISO/IEC 7812-1)."""
    doubled = (int(d) * 2 if place % 2 else int(d) for place, d in enumerate(reversed(digits)))
    return len(set(digits)) > 1 and sum(d - 9 if d > 9 else d for d in doubled) % 10 == 0


def _is_iban(text: str) -> bool:
    """Tell whether *text* begins with an account number whose check digits are right (ISO 13616)."""
    length = _IBAN_LENGTHS.get(text[:2], len(text) + 1)
    if length > len(text):
        return False
    return int("".join(str(int(c, 36)) for c in text[4:length] + text[:4])) % 97 == 1
