"""`uri.*`: a URI's parts, as Go's `net/url` takes them apart (RFC 3986 with its exceptions)."""

import ipaddress
import re
import string
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import quote_plus

_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:")
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_USER = re.compile(r"[A-Za-z0-9._:~!$&'()*+,;=%@-]*")
_PORT = re.compile(r"(?::[0-9]*)?")
_ESCAPE = re.compile(r"%(?P<hex>[0-9A-Fa-f]{2})?")
_HOST = frozenset(string.ascii_letters + string.digits + "!$&'()*+,;=:[]<>\"-_.~")
"""What a host may hold unescaped, of ASCII."""
_ASCII = 0x80


def parse(uri: object) -> dict[str, str]:
    """Return the parts that are there: scheme, hostname, port, path, raw_path, raw_query, fragment."""
    if not isinstance(uri, str):
        raise ValueError("a URI must be a text")  # noqa: TRY004 one kind of error for all that OPA refuses
    whole, _, fragment = uri.partition("#")
    if _CONTROL.search(whole):
        raise ValueError(f"parse {uri!r}: invalid control character in URL")
    parts = {"path": "*", "raw_path": "*"} if whole == "*" else _split(uri, whole)
    parts["fragment"] = _unescape(uri, fragment)
    return {name: text for name, text in parts.items() if text}


def _split(uri: str, whole: str) -> dict[str, str]:
    if whole.startswith(":"):
        raise ValueError(f"parse {uri!r}: missing protocol scheme")
    found = _SCHEME.match(whole)
    scheme = found[0][:-1].lower() if found else ""
    rest, _, query = whole[len(scheme) + 1 if found else 0 :].partition("?")
    parts = {"scheme": scheme, "raw_query": query}
    if not rest.startswith("/"):
        if scheme:
            return parts  # opaque: `mailto:a@b.c`
        if ":" in rest.partition("/")[0]:
            raise ValueError(f"parse {uri!r}: first path segment in URL cannot contain colon")
    if rest.startswith("//") and (scheme or not rest.startswith("///")):
        authority, slash, path = rest[2:].partition("/")
        rest = slash + path
        parts |= _authority(uri, authority, is_strict=scheme in ("http", "https"))
    path = _unescape(uri, rest)
    # The path as it was written is known where its escapes cannot be told from the path.
    return parts | {"path": path, "raw_path": rest if _plainly(path) != rest else path}


def _authority(uri: str, authority: str, *, is_strict: bool) -> dict[str, str]:
    """Take apart `user@host:port`; only the web's schemes are held to one colon."""
    user, at, host = authority.rpartition("@")
    if at:
        if not _USER.fullmatch(user):
            raise ValueError(f"parse {uri!r}: net/url: invalid userinfo")
        _unescape(uri, user)
    if host.startswith("["):
        return _literal(uri, host)
    if "[" in host:
        raise ValueError(f"parse {uri!r}: invalid IP-literal")
    name, colon, port = host.partition(":") if is_strict or ":" not in host else host.rpartition(":")
    if not _PORT.fullmatch(colon + port):
        raise ValueError(f"parse {uri!r}: invalid port {colon + port!r} after host")
    return {"hostname": _host(uri, name), "port": port}


def _literal(uri: str, host: str) -> dict[str, str]:
    inside, closed, port = host[1:].rpartition("]")
    if not closed:
        raise ValueError(f"parse {uri!r}: missing ']' in host")
    if not _PORT.fullmatch(port):
        raise ValueError(f"parse {uri!r}: invalid port {port!r} after host")
    address, zoned, zone = inside.partition("%25")
    try:
        ipaddress.IPv6Address(address)
    except ValueError:
        raise ValueError(f"parse {uri!r}: invalid IP-literal") from None
    return {"hostname": address + ("%" + _unescape(uri, zone) if zoned else ""), "port": port[1:]}


def _host(uri: str, name: str) -> str:
    for letter in name:
        if letter != "%" and ord(letter) < _ASCII and letter not in _HOST:
            raise ValueError(f"parse {uri!r}: invalid character {letter!r} in host name")
    for found in _ESCAPE.finditer(name):
        # Letters of ASCII may not be written as escapes in a host.
        if found["hex"] and int(found["hex"], 16) < _ASCII and found["hex"] != "25":
            raise ValueError(f"parse {uri!r}: invalid URL escape {found[0]!r}")
    return _unescape(uri, name)


def _unescape(uri: str, text: str) -> str:
    if "%" not in text:
        return text
    taken = bytearray()
    last = 0
    for found in _ESCAPE.finditer(text):
        if found["hex"] is None:
            raise ValueError(f"parse {uri!r}: invalid URL escape {text[found.start() : found.start() + 3]!r}")
        taken += text[last : found.start()].encode() + bytes([int(found["hex"], 16)])
        last = found.end()
    return (taken + text[last:].encode()).decode("utf-8", "replace")


_PATH = frozenset(string.ascii_letters + string.digits + "-_.~$&+,/:;=@")


def _plainly(path: str) -> str:
    """Return *path* with escapes where they are always needed."""
    return "".join(c if c in _PATH else "".join(f"%{b:02X}" for b in c.encode()) for c in path)


def is_valid(uri: object) -> bool:
    """Tell whether a text is a URI with something in it."""
    if not isinstance(uri, str):
        raise ValueError("a URI must be a text")  # noqa: TRY004
    try:
        parse(uri)
    except ValueError:
        return False
    return bool(uri)


def encode(text: object) -> str:
    """Write *text* as a value of a query: `-`, `.`, `_` and `~` stay, a space becomes `+`."""
    if not isinstance(text, str):
        raise ValueError("operand must be a text")  # noqa: TRY004
    return quote_plus(text, safe="")


def encode_object(values: object) -> str:
    """Write an object of texts, or of arrays or sets of them, as a query, in the order of its keys."""
    if not isinstance(values, Mapping):
        raise ValueError("operand must be an object")  # noqa: TRY004
    pairs = []
    for key in sorted(values):
        found = values[key]
        several = sorted(found) if isinstance(found, set | frozenset) else found
        pairs += [f"{encode(key)}={encode(v)}" for v in (several if isinstance(several, list) else [several])]
    return "&".join(pairs)


FUNCTIONS: dict[str, Callable[..., Any]] = {
    "uri.is_valid": is_valid,
    "uri.parse": parse,
    "urlquery.encode": encode,
    "urlquery.encode_object": encode_object,
}
