"""Where a change comes from: its commits with their signatures, its files, its approvals."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import field, replace

from trueup.core.digests import short
from trueup.core.frozen import dataclass
from trueup.core.json import Json
from trueup.diff.masks import masked_text
from trueup.policy.facts.approvers import Approvers, approvers_of
from trueup.policy.facts.approving import Given, Refused, judged, plan_named
from trueup.policy.people import is_among

_APPROVALS = ("approved-by", "reviewed-by")
_CO_AUTHOR = "co-authored-by"


@dataclass(frozen=True, slots=True)
class Signature:
    """What git says of a commit's signature.

    Attributes:
        status: `good` (by a key that git trusts here), `bad`, `unknown` (it cannot be checked here), `none`.
        signer: Who signed, as the key says; empty when nobody says.
        key: Fingerprint of the key that the signature names, whether it can be checked or not; empty for none.
    """

    status: str = "none"
    signer: str = ""
    key: str = ""


@dataclass(frozen=True, slots=True)
class Commit:
    """One commit of a change.

    Attributes:
        revision: Its id.
        author: `Name <mail>`.
        signature: What git says of its signature.
        trailers: Key and value of each, in order.
        files: Paths that differ from its first parent, in order.
    """

    revision: str
    author: str
    signature: Signature = Signature()
    trailers: tuple[tuple[str, str], ...] = ()
    files: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ChangedFile:
    """A file that differs from the base: `added`, `modified` or `deleted`. A renamed one is two of them."""

    path: str
    status: str


@dataclass(frozen=True, slots=True)
class ChangeFacts:
    """Where a change comes from.

    Attributes:
        revision: Its commit; empty for a dirty work tree.
        base: The commit it is compared with; empty when there is none.
        author: Name and e-mail of the commit's author.
        trailers: Trailers of the commit message, by key, in order.
        actor: Who runs the command, which need not be the author.
        signature: What git says of the commit's signature.
        commits: From the base to the revision, newest first; None when they cannot be known, as in a shallow clone.
        files: What differs from the base, by path; None when it cannot be known.
        truncated: There are more commits than are listed.
        given: Approvals that name a plan, or a commit as reviews do; whether they count is decided here.
        approvers: Who may approve, by the branch that governs; None where the change's own environment says it.
    """

    revision: str = ""
    base: str = ""
    author: str = ""
    trailers: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    actor: str = ""
    signature: Signature = Signature()
    commits: tuple[Commit, ...] | None = None
    files: tuple[ChangedFile, ...] | None = None
    truncated: bool = False
    given: tuple[Given, ...] = ()
    approvers: Approvers | None = None

    @property
    def written(self) -> tuple[Commit, ...]:
        """The commits that change something, newest first: one that only approves makes nobody an author."""
        return tuple(c for c in self.commits or () if c.files or not plan_named(c.trailers))

    @property
    def writer(self) -> str:
        """The author of the newest commit that changes something, as far as the commits are known."""
        commits, written = self.commits or (), self.written
        return written[0].author if written and commits[0] != written[0] else self.author

    @property
    def authors(self) -> tuple[str, ...]:
        """Everybody who wrote a part of the change, each once: authors and co-authors of its commits."""
        commits = self.written
        co_authors = (value for c in commits for key, value in c.trailers if key.casefold() == _CO_AUTHOR)
        # What is not committed was written by whoever runs the command, as far as anybody can tell.
        named = (self.writer or self.actor, *(c.author for c in commits), *co_authors)
        return tuple(dict.fromkeys(name for name in named if name))


def change_facts(change: ChangeFacts) -> dict[str, Json]:
    """Return the part of the document that says where the change comes from; what is unknown is left out."""
    facts: dict[str, Json] = {
        "revision": change.revision,
        "base": change.base,
        "author": shown(change.writer),
        "actor": shown(change.actor),
        "trailers": {shown(key): [shown(v) for v in values] for key, values in change.trailers.items()},
        "signature": {"status": change.signature.status, "signer": shown(change.signature.signer)},
    }
    if change.commits is not None:
        facts["commits"] = [
            {
                "revision": c.revision,
                "author": shown(c.author),
                "signature": c.signature.status,
                "files": [shown(path) for path in c.files],
            }
            for c in change.written
        ]
        facts["truncated"] = change.truncated
    if change.files is not None:
        facts["files"] = [{"path": shown(f.path), "status": f.status} for f in change.files]
    return facts


def approvals(change: ChangeFacts, settings: Json, plan: str = "") -> list[Json] | None:
    """Return who approved the change, with their roles.

    Trailers of its commits approve whatever the commits bring, or, in a commit that names a plan, only *plan*; what
    else was given approves one plan. *settings* are those of the Environment. None when the commits are unknown.
    """
    return None if change.commits is None else _sorted_out(change, settings, plan)[0]


def not_counted(change: ChangeFacts, settings: Json, plan: str) -> list[Json]:
    """Return the approvals that were given and do not count for *plan*, and why."""
    refused = [] if change.commits is None else _sorted_out(change, settings, plan)[1]
    return [{"by": shown(r.by), "source": r.source, "name": shown(r.name), "why": shown(r.why)} for r in refused]


def _sorted_out(change: ChangeFacts, settings: Json, plan: str) -> tuple[list[Json], list[Refused]]:
    """Return the approvals that count, and the others."""
    approvers = change.approvers or approvers_of(settings)
    found: list[Json] = []
    refused: list[Refused] = []
    for person, commit in _trailers(change.commits or ()):
        named = plan_named(commit.trailers)
        if "trailer" not in approvers.sources:
            why = "approvals of this environment do not come from trailers"
        elif named and named != plan:
            why = f"approved plan {short(named)}; the plan is now {short(plan)}"
        else:
            is_signed = commit.signature.status == "good"
            found.append(_approval(change, approvers, Given("trailer", "", person, "", commit.revision), is_signed))
            continue
        refused.append(Refused(person, "trailer", commit.revision, why))
    counted, others = judged((_known(g, approvers) for g in change.given), plan, approvers.sources)
    for given in counted:
        more: dict[str, Json] = {"plan": plan, "name": shown(given.name), "key": given.key}
        found.append({**_approval(change, approvers, given, given.source != "review"), **more})
    return found, [*refused, *others]


def _known(given: Given, approvers: Approvers) -> Given:
    """Return *given* by the address that stands for whoever gave it."""
    if given.status != "good":
        return given
    if given.source != "review":
        return replace(given, by=approvers.email_of(given.by) or given.by)
    login = given.by.partition(" <")[0]
    email = approvers.email_of(approvers.named(login) or given.by)
    return replace(given, by=f"{login} <{email}>" if email else login)


def _approval(change: ChangeFacts, approvers: Approvers, given: Given, is_signed: bool) -> dict[str, Json]:
    keys = {c.signature.key for c in change.written if c.signature.key}
    authors = tuple(map(approvers.spelt, change.authors))
    return {
        "by": shown(given.by),
        "email": shown(approvers.email_of(given.by)),
        "roles": list(dict.fromkeys(map(shown, approvers.roles_of(given.by)))),
        "commit": given.commit,
        "source": given.source,
        "signed": is_signed,
        "isAuthor": is_among(approvers.spelt(given.by), authors) or given.key in keys,
    }


def _trailers(commits: Iterable[Commit]) -> Iterator[tuple[str, Commit]]:
    """Yield who approves in trailers, each person once a commit."""
    for commit in commits:
        people = dict.fromkeys(value for key, value in commit.trailers if key.casefold() in _APPROVALS and value)
        yield from ((person, commit) for person in people)


def shown(words: str) -> str:
    """Return *words* as people wrote them in git, masked; bytes that are no UTF-8 become question marks."""
    return masked_text(words.encode("utf-8", "replace").decode())
