"""Keeps one comment on a pull request: found by its first line among our own, changed when it says another thing."""

from enum import StrEnum

from trueup.core.digests import Digest, digest_of_bytes
from trueup.core.frozen import dataclass
from trueup.ports import Conversation


class Written(StrEnum):
    """What became of a comment."""

    CREATED = "created"
    CHANGED = "changed"
    UNCHANGED = "unchanged"
    NOT_NEEDED = "not needed"


@dataclass(frozen=True, slots=True)
class Posted:
    """What was done, and the page of the comment, empty where the forge names none."""

    written: Written
    url: str = ""


def post_comment(
    conversation: Conversation, number: int, body: str, passing: str, *, only_if_there: bool = False
) -> Posted:
    """Bring *body* to pull request *number*.

    Args:
        conversation: Its comments.
        number: Of the pull request.
        body: The comment; its first line is the marker that it is found by.
        passing: Begins the lines that differ each time, such as the one with the time.
        only_if_there: Write no new comment: there is nothing to tell to somebody who was told nothing before.
    """
    marker = _first_line(body)
    found = next((c for c in conversation.own_comments(number) if _first_line(c.body) == marker), None)
    if found is None:
        if only_if_there:
            return Posted(Written.NOT_NEEDED)
        return Posted(Written.CREATED, conversation.add_comment(number, body).url)
    if said_in(found.body, passing) == said_in(body, passing):
        return Posted(Written.UNCHANGED, found.url)
    return Posted(Written.CHANGED, conversation.change_comment(number, found.id, body).url or found.url)


def said_in(body: str, passing: str) -> Digest:
    """Return the digest of what a comment says, without the ends of lines that forges change and what passes."""
    lines = (line.rstrip() for line in body.replace("\r\n", "\n").strip().split("\n"))
    return digest_of_bytes("\n".join(line for line in lines if not line.startswith(passing)).encode())


def _first_line(body: str) -> str:
    return body.lstrip().partition("\n")[0].strip()
