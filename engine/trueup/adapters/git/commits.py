"""Facts about commits and about who works here, as git knows them."""

import getpass
import os
import socket

from trueup.adapters.git.repository import Repository
from trueup.policy.document import ChangeFacts


def change_facts(repository: Repository, revision: str, actor: str) -> ChangeFacts:
    """Return who wrote *revision*, on what it is based, and its trailers; only the actor for an empty revision."""
    if not revision:
        return ChangeFacts(actor=actor)
    form = "--format=%an <%ae>%x00%P%x00%(trailers:only,unfold,separator=%x01)"
    said = repository.run("log", "-1", "--no-show-signature", form, revision).decode("utf-8", "replace").rstrip("\n")
    author, parents, trailers = said.split("\x00", 2)
    found: dict[str, tuple[str, ...]] = {}
    for line in trailers.split("\x01"):
        key, colon, value = line.partition(":")
        if colon and key.strip():
            found[key.strip()] = (*found.get(key.strip(), ()), value.strip())
    return ChangeFacts(
        revision=revision,
        base=parents.split(" ", 1)[0],
        author=author,
        trailers=found,
        actor=actor,
    )


def actor_of(repository: Repository) -> str:
    """Return who works here: git's name and e-mail as a commit would have them, else the account; and the machine."""
    name = os.environ.get("GIT_COMMITTER_NAME") or repository.ask("config", "user.name") or _account()
    email = os.environ.get("GIT_COMMITTER_EMAIL") or repository.ask("config", "user.email")
    person = f"{name} <{email}>" if email else name
    return f"{person} on {socket.gethostname()}"


def _account() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return "unknown"
