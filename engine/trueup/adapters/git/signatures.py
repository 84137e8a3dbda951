"""How signatures of commits are checked: with the machine's own keys, and by no program that a commit can choose.

Which program git starts is said by the first line of the signature, and whoever opens a pull request writes that. So:

- certificates (X.509) are not checked: gpgsm asks the addresses that a certificate names whether it was revoked;
- GnuPG is started only where it has a keyring: elsewhere no signature can be good, and it would make its folder in the
  home of whoever asks;
- a program that only the clone's own configuration names is not started.
"""

import os
from functools import lru_cache
from pathlib import Path

from trueup.adapters.git.repository import Repository

_NO_PROGRAM = "false"
"""Ends at once and says nothing, which reads as a signature that nobody could check."""
_USUAL = {"openpgp": "gpg", "ssh": "ssh-keygen"}
_KEYRINGS = ("pubring.kbx", "pubring.gpg", "public-keys.d", "common.conf")
_TRUSTED_SCOPES = ("system", "global", "command")


@lru_cache(maxsize=8)
def checking(repository: Repository) -> tuple[str, ...]:
    """Return the options with which git checks signatures."""
    programs = _USUAL | _configured(repository)
    if not _has_keyring():
        programs["openpgp"] = _NO_PROGRAM
    settings = {f"gpg.{kind}.program": program for kind, program in programs.items()}
    # The old name of the first one; of the two, the last that git reads counts.
    settings |= {"gpg.program": programs["openpgp"], "gpg.x509.program": _NO_PROGRAM}
    return tuple(part for name, program in settings.items() for part in ("-c", f"{name}={program}"))


def _configured(repository: Repository) -> dict[str, str]:
    """Return the programs that the machine and its user have set, by kind of signature."""
    question = ("config", "--null", "--show-scope", "--get-regexp", r"^gpg\.([a-z0-9]+\.)?program$")
    words = (repository.ask(*question) or "").split("\0")
    found: dict[str, str] = {}
    for scope, setting in zip(words[::2], words[1::2], strict=False):
        name, _, program = setting.partition("\n")
        kind = name.removeprefix("gpg.").removesuffix("program").rstrip(".") or "openpgp"
        if scope in _TRUSTED_SCOPES and kind in _USUAL and program:
            found[kind] = program
    return found


def _has_keyring() -> bool:
    home = os.environ.get("GNUPGHOME") or os.path.join(os.path.expanduser("~"), ".gnupg")
    return any(Path(home, name).exists() for name in _KEYRINGS)
