"""Posts the comment: in the job that planned, or in another one that reads what that job left and trusts none of it."""

import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from trueup.adapters.forges.places import ForgePlace, place_of_run
from trueup.adapters.pipelines import codes
from trueup.adapters.pipelines.reading import field, number
from trueup.cli.views.ci_comment import LIMITS, MADE, PURPOSE, VERSION
from trueup.cli.views.ci_report import CiReport, Verdict
from trueup.cli.views.comment_safety import unsafe
from trueup.core.errors import PermanentError, TrueupError
from trueup.core.frozen import dataclass
from trueup.ports import Provider, Where
from trueup.workflows.commenting import Posted, Written, post_comment

if TYPE_CHECKING:
    from trueup.cli.console import Console
    from trueup.cli.wiring import LocalWorkspace

_VARIABLES = ("GITHUB_TOKEN", "GITLAB_TOKEN")
_LARGEST_FACTS = 4 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Left:
    """What a folder holds for posting.

    Attributes:
        body: The comment.
        number: Of the pull request, as the folder has it; anybody may have written it.
        is_quiet: There is nothing to tell to somebody who was told nothing before.
    """

    body: str
    number: int
    is_quiet: bool


def comment_on(workspace: "LocalWorkspace", report: CiReport, body: str, console: "Console") -> CiReport:
    """Post *body* where this job may; return *report* with what went wrong, which never hides anything else."""
    place = report.where
    if not place.is_pull_request:
        console.note("No comment: no pull request is reviewed here.")
        return report
    try:
        forge = place_of_run(place)
        forge = forge if forge.is_known else workspace.forge_place
        token = workspace.forge_token() or token_of(console.environment, forge)
        if not token and place.is_fork:
            console.note("No comment: the job of a fork has no token. `trueup ci post` posts it from another job.")
            return report
        is_quiet = report.verdict is Verdict.UNCHANGED and not report.environments
        posted = _post(forge, token, place.number, body, is_quiet=is_quiet)
    except TrueupError as error:
        return replace(report, failures=(*report.failures, error.diagnostic()))
    _tell(posted, place.number, console)
    return report


def post_from(folder: Path, place: Where, asked: int, console: "Console") -> None:
    """Post the comment of *folder*.

    Args:
        folder: What another job left; it may be a stranger's.
        place: Where this job stands, which no stranger chooses.
        asked: The pull request that the job names; 0 for none.
        console: Told what became of it.

    Raises:
        TrueupError: The comment is not one that trueup wrote, nobody knows where it belongs, or posting failed.
    """
    left = read_left(folder, place)
    forge = place_of_run(place)
    token = token_of(console.environment, forge)
    if not token:
        raise PermanentError(codes.NO_TOKEN, "Neither `GITHUB_TOKEN` nor `GITLAB_TOKEN` is set.")
    if not forge.is_known:
        raise PermanentError(codes.NO_FORGE, f"{place.provider.label} runs this job.")
    conversation = forge.connect(token)
    named = asked or place.number or left.number
    is_trusted = bool(asked or place.number)
    if not named or not (is_trusted or place.head):
        raise PermanentError(codes.UNKNOWN_REQUEST, "No commit of the run before is known here.")
    is_after = place.event == "workflow_run" and place.head
    newest = conversation.head_of(named) if is_after or not is_trusted else place.head
    if newest != place.head:
        if not is_trusted:
            raise PermanentError(codes.UNKNOWN_REQUEST, f"Pull request {named} is at {newest}, not at {place.head}.")
        console.note(f"Not posted: pull request {named} has a newer commit, {newest}, which another run is about.")
        return
    _tell(post_comment(conversation, named, left.body, MADE, only_if_there=left.is_quiet), named, console)


def read_left(folder: Path, place: Where) -> Left:
    """Return what *folder* holds, as far as it may be posted.

    Raises:
        PermanentError: It is not what `trueup ci` writes.
    """
    from trueup.cli.ci_folder import COMMENT, FACTS, read_text

    limit = LIMITS.get(place.provider, LIMITS[Provider.GITHUB])
    body = read_text(folder, COMMENT, limit)
    first = body.partition("\n")[0]
    begin, end = f"<!-- trueup:{PURPOSE}:", f":{VERSION} -->"
    wrong = [] if first.startswith(begin) and first.endswith(end) else ["the first line is not the marker of one"]
    wrong += unsafe(body, _pages(place))
    if wrong:
        raise PermanentError(codes.UNSAFE_COMMENT, f"`{folder / COMMENT}`: {'; '.join(wrong[:5])}.")
    try:
        facts = json.loads(read_text(folder, FACTS, _LARGEST_FACTS))
    except (ValueError, RecursionError) as error:
        raise PermanentError(codes.UNSAFE_COMMENT, f"`{folder / FACTS}` is no JSON.") from error
    is_quiet = field(facts, "verdict") == Verdict.UNCHANGED.value and not field(facts, "environments")
    return Left(body, number(field(facts, "where", "number")), is_quiet)


def _pages(place: Where) -> tuple[str, ...]:
    """Return what the address of the run may begin with: on GitHub the repository, elsewhere the forge or its CI."""
    if place.provider is Provider.GITHUB:
        return (f"{place.server}/{place.repository}/",) if place.server and place.repository else ()
    hosts = ("/".join(address.split("/", 3)[:3]) for address in (place.server, place.run))
    return tuple(f"{host}/" for host in hosts if host)


def token_of(environment: Mapping[str, str], forge: ForgePlace) -> str:
    """Return the token that the job has for *forge*."""
    own = f"{forge.kind.upper()}_TOKEN"
    return environment.get(own, "").strip() if own in _VARIABLES else ""


def _post(forge: ForgePlace, token: str, request: int, body: str, *, is_quiet: bool) -> Posted:
    if not forge.is_known:
        raise PermanentError(codes.NO_FORGE, "Neither the CI system nor the remote tells which forge this is.")
    if not token:
        raise PermanentError(codes.NO_TOKEN, f"Pull request {request} waits for a comment.")
    return post_comment(forge.connect(token), request, body, MADE, only_if_there=is_quiet)


def _tell(posted: Posted, request: int, console: "Console") -> None:
    where = f": {posted.url}" if posted.url else ""
    words = {
        Written.CREATED: f"Commented on pull request {request}{where}",
        Written.CHANGED: f"Changed the comment on pull request {request}{where}",
        Written.UNCHANGED: f"The comment on pull request {request} says the same already.",
        Written.NOT_NEEDED: f"No comment on pull request {request}: there is nothing to tell.",
    }
    console.note(words[posted.written])
