"""A change to one file as a pull request: a branch with one commit, pushed, and the request opened or updated.

Every step finds what an earlier run did, so that a run that was killed is simply run again: one branch, one commit, one
request.
"""

from trueup.core.digests import Revision
from trueup.core.frozen import dataclass
from trueup.ports import BranchChange, Forge, PullRequest
from trueup.workflows.loading import read_project
from trueup.workflows.workspace import InvalidProjectError, Workspace

_BODY_CHARACTERS = 60_000
"""GitHub takes 65,536."""
_CUT = "\n\n(The rest was left out: it is too long for a pull request.)\n"


@dataclass(frozen=True, slots=True)
class Change:
    """One file changed, for review.

    Attributes:
        path: The file.
        before: The bytes on the default branch that *content* was made from.
        content: Its new bytes.
        message: The commit message.
        branch: The branch, named so that the same change has the same name.
        title: Title of the pull request.
        body: Its text, markdown.
        supersedes: Beginning of the names of branches whose open pull requests this one takes the place of; empty for
            none.
    """

    path: str
    before: bytes
    content: bytes
    message: str
    branch: str
    title: str
    body: str
    supersedes: str = ""


@dataclass(frozen=True, slots=True)
class Published:
    """What became of a change.

    Attributes:
        commit: The commit on the branch; the tip of the base when that has the content already.
        branch: The branch; empty when none is needed.
        base: The branch it is to be merged into.
        is_pushed: Whether the remote has it.
        url: Page of the pull request; empty while there is none.
        number: Its number; 0 while there is none.
        is_new: Whether this run opened it.
        commands: What a person runs to go on, when there is no remote or no token.
        link: The page on which a person opens the pull request, when there is no token and the forge is known.
        superseded: Numbers of the requests that this one took the place of, and that were closed.
    """

    commit: Revision
    branch: str
    base: str
    is_pushed: bool = False
    url: str = ""
    number: int = 0
    is_new: bool = False
    commands: tuple[str, ...] = ()
    link: str = ""
    superseded: tuple[int, ...] = ()


def publish_change(workspace: Workspace, change: Change) -> Published:
    """Publish *change* on a branch made from the newest default branch, as a pull request.

    The work tree and the branch that is checked out are left alone. Without a token for a forge nothing leaves this
    clone, and the commands that finish the work are returned.

    Raises:
        TransientError: Remote or forge does not answer, or the file changed meanwhile; running again goes on.
        PermanentError: There is no right, the branch is somebody else's, or forge or remote refuse.
    """
    base = default_branch(workspace)
    publisher = workspace.publisher
    publisher.newest(base, change.branch)
    built = publisher.build(
        BranchChange(change.branch, base, change.path, change.before, change.content, change.message)
    )
    if not built.is_needed:
        return Published(built.commit, "", base)
    forge = workspace.forge if publisher.remote else None
    if forge is None:
        return _by_hand(workspace, Published(built.commit, change.branch, base))
    publisher.push(change.branch)
    request, is_new = _request(forge, change, base)
    closed = tuple(_close_others(forge, request, change.supersedes)) if change.supersedes else ()
    return Published(built.commit, change.branch, base, True, request.url, request.number, is_new, superseded=closed)


def default_branch(workspace: Workspace) -> str:
    """Return the name of the default branch, as the project file here has it.

    Raises:
        InvalidProjectError: The project file is wrong.
    """
    project, problems = read_project(workspace.tree(""))
    if project is None:
        raise InvalidProjectError(problems)
    return project.default_branch


def _by_hand(workspace: Workspace, published: Published) -> Published:
    branch, base = published.branch, published.base
    if not workspace.publisher.remote:
        commands = (f"git switch {base}", f"git merge {branch}")
        return Published(published.commit, branch, base, commands=commands)
    # What lies there is the one commit that was made before, or nothing: the lease keeps all else.
    push = f"git push --force-with-lease origin {branch}"
    return Published(published.commit, branch, base, commands=(push,), link=workspace.compare_link(base, branch))


def _request(forge: Forge, change: Change, base: str) -> tuple[PullRequest, bool]:
    """Return the open pull request of *change*, as it should be, and whether it was opened now."""
    body = _fitting(change.body)
    found = next((r for r in forge.opened(change.branch) if r.branch == change.branch), None)
    request = found or forge.open(change.branch, base, change.title, body)
    # A forge may end lines in its own way.
    if (request.title, request.body.split()) != (change.title, body.split()):
        request = forge.update(request.number, change.title, body)
    return request, found is None


def _close_others(forge: Forge, request: PullRequest, prefix: str) -> list[int]:
    others = [r for r in forge.opened(prefix) if r.branch != request.branch]
    for other in others:
        forge.close(other.number, f"Superseded by {request.url}.")
    return [other.number for other in others]


def _fitting(body: str) -> str:
    return body if len(body) <= _BODY_CHARACTERS else body[:_BODY_CHARACTERS] + _CUT
