"""What a prompt should not hold: keys, personal data, internal names. Where it is and what kind, never the value."""

import re
import unicodedata
from collections.abc import Callable, Iterator, Mapping

from trueup.core.json import Json
from trueup.diff.masks import masked
from trueup.policy.facts.lineage import spec_of
from trueup.spec.resource import Path

_PARTS = ("template", "messages", "tools", "responseFormat", "variables")
"""What reaches the model; tests of a prompt may hold made-up people."""

_EMAIL = re.compile(r"[\w.+-]{1,64}@(?P<host>[\w-]{1,63}(?:\.[\w-]{1,63}){1,8})")
_RESERVED = re.compile(r"(?:^|\.)(?:example(?:\.(?:com|net|org))?|test|invalid)$", re.IGNORECASE)
"""Names that belong to nobody (RFC 2606, RFC 6761)."""
_PHONE = re.compile(r"(?<![\w.+-])(?:\+|00)[1-9]\d{0,2}[ ./()-]{0,3}\d(?:[ ./()-]{0,3}\d){6,12}(?![\w-])")
_LOCAL_PHONE = re.compile(
    r"(?<![\w.+-])(?:(?:\(\d{3,5}\) ?|\d{3}[ .-])\d{3}[ .-]\d{4}|0\d{2,4}[ /-]\d{3,4}[ /-]?\d{2,4})(?![\w-]|\.\d)"
)
_CARD = re.compile(r"(?<![\w.-])\d(?:[ -]?\d){12,18}(?![\w-])")
_IBAN = re.compile(r"(?<!\w)[A-Z]{2}\d{2}(?: ?[A-Z0-9]){11,30}")
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


def prompt_findings(documents: Mapping[str, Json], secrets: Mapping[str, list[Path]]) -> list[Json]:
    """Return what prompts among *documents* hold that they should not, in the order of addresses and fields.

    Args:
        documents: By address, unmasked.
        secrets: Where secrets were found, by address.
    """
    found: list[Json] = []
    for address, document in sorted(documents.items()):
        if address.startswith("Prompt/"):
            for path, kind in _findings(document, secrets.get(address, ())):
                found.append({"address": address, "path": masked(list(path)), "kind": kind})
    return found


def _findings(document: Json, secrets: list[Path] | tuple[()]) -> Iterator[tuple[Path, str]]:
    yield from ((path, "secret") for path in secrets)
    spec = spec_of(document)
    for part in _PARTS:
        for path, text in _texts(spec.get(part), ("spec", part)):
            plain = _plain(text)
            yield from ((path, kind) for kind, is_in in _KINDS.items() if is_in(plain))


def _texts(value: Json, path: Path) -> Iterator[tuple[Path, str]]:
    """Yield every text below *value* with its place; values come from YAML, which is at most 64 levels deep."""
    if isinstance(value, str):
        yield path, value
    elif isinstance(value, Mapping):
        for key, child in value.items():
            yield from _texts(child, (*path, key))
    elif isinstance(value, list | tuple):
        for index, child in enumerate(value):
            yield from _texts(child, (*path, index))


def _plain(text: str) -> str:
    """Return *text* with letters that only look different made equal, and without characters that do not show."""
    if text.isascii():
        return text
    return "".join(c for c in unicodedata.normalize("NFKC", text) if unicodedata.category(c) != "Cf")


def _has_email(text: str) -> bool:
    return "@" in text and any(not _RESERVED.search(m["host"]) for m in _EMAIL.finditer(text))


def _has_phone(text: str) -> bool:
    plain = _IBAN.sub(" ", text)  # groups of an account number look like one
    return any(pattern.search(plain) for pattern in (_PHONE, _LOCAL_PHONE))


def _has_card(text: str) -> bool:
    return any(_is_luhn(re.sub(r"\D", "", m.group())) for m in _CARD.finditer(_IBAN.sub(" ", text)))


def _is_luhn(digits: str) -> bool:
    """Tell whether the check digit is right (ISO/IEC 7812-1)."""
    doubled = (int(d) * 2 if place % 2 else int(d) for place, d in enumerate(reversed(digits)))
    return len(set(digits)) > 1 and sum(d - 9 if d > 9 else d for d in doubled) % 10 == 0


def _has_iban(text: str) -> bool:
    return any(_is_iban(m.group().replace(" ", "")) for m in _IBAN.finditer(text))


def _is_iban(text: str) -> bool:
    """Tell whether *text* begins with an account number whose check digits are right (ISO 13616)."""
    length = _IBAN_LENGTHS.get(text[:2], len(text) + 1)
    if length > len(text):
        return False
    return int("".join(str(int(c, 36)) for c in text[4:length] + text[:4])) % 97 == 1


def _has_internal_host(text: str) -> bool:
    return _INTERNAL_HOST.search(text) is not None


def _has_private_address(text: str) -> bool:
    return _PRIVATE_ADDRESS.search(text) is not None


_KINDS: dict[str, Callable[[str], bool]] = {
    "email": _has_email,
    "phone": _has_phone,
    "card": _has_card,
    "iban": _has_iban,
    "hostname": _has_internal_host,
    "address": _has_private_address,
}
