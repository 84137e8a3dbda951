"""GitHub Actions, by its variables and the payload of the event.

https://docs.github.com/actions/reference/workflows-and-actions/variables and
https://docs.github.com/webhooks/webhook-events-and-payloads
"""

from dataclasses import replace
from typing import Any

from trueup.adapters.pipelines.reading import Variables, address, branch, commit, field, number, repository
from trueup.ports import Provider, Where

_PULL_REQUESTS = ("pull_request", "pull_request_target", "pull_request_review")
_PULL = "refs/pull/"


def github(variables: Variables, event: Any) -> Where:
    """Return where a run of GitHub Actions stands."""
    name, server = variables.get("GITHUB_EVENT_NAME", ""), address(variables.get("GITHUB_SERVER_URL"))
    own = repository(variables.get("GITHUB_REPOSITORY"))
    run = variables.get("GITHUB_RUN_ID", "")
    where = Where(
        Provider.GITHUB,
        name,
        server,
        own,
        head=commit(variables.get("GITHUB_SHA")),
        branch=branch(variables.get("GITHUB_REF")),
        run=f"{server}/{own}/actions/runs/{run}" if server and own and number(run) else "",
    )
    if name in _PULL_REQUESTS:
        return _pull_request(where, variables, event)
    if name == "workflow_run":
        return _after_another(where, event)
    if name == "merge_group":
        base = branch(field(event, "merge_group", "base_ref"))
        return replace(where, base=base, base_revision=commit(field(event, "merge_group", "base_sha")))
    return where


def _pull_request(where: Where, variables: Variables, event: Any) -> Where:
    request = field(event, "pull_request")
    ref = variables.get("GITHUB_REF", "")
    theirs, ours = field(request, "head", "repo", "full_name"), field(request, "base", "repo", "full_name")
    return replace(
        where,
        number=number(field(request, "number")) or _number_of(ref),
        base=branch(field(request, "base", "ref")) or branch(variables.get("GITHUB_BASE_REF")),
        base_revision=commit(field(request, "base", "sha")),
        head=commit(field(request, "head", "sha")),
        branch=branch(field(request, "head", "ref")) or branch(variables.get("GITHUB_HEAD_REF")),
        # Without a payload, or when the fork was deleted, nobody can tell: the safe answer is yes.
        is_fork=not (isinstance(theirs, str) and theirs == ours),
    )


def _number_of(ref: str) -> int:
    """Return the number in `refs/pull/7/merge`."""
    return number(ref.removeprefix(_PULL).partition("/")[0]) if ref.startswith(_PULL) else 0


def _after_another(where: Where, event: Any) -> Where:
    """Return what the run that ended was about: this one posts for it. GitHub lists no pull request of a fork."""
    ended = field(event, "workflow_run")
    listed = field(ended, "pull_requests")
    request = listed[0] if isinstance(listed, list) and len(listed) == 1 else None
    return replace(
        where,
        number=number(field(request, "number")),
        base=branch(field(request, "base", "ref")),
        head=commit(field(ended, "head_sha")),
        branch=branch(field(ended, "head_branch")),
        is_fork=field(ended, "head_repository", "full_name") != where.repository,
        run=address(field(ended, "html_url")),
    )
