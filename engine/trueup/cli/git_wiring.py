"""Joins git: what is declared, what it was before, who wrote it, and what governs it."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from trueup.core.digests import Revision

if TYPE_CHECKING:
    from trueup.adapters.forges.places import ForgePlace
    from trueup.adapters.git.base import Trunk, Trunks
    from trueup.adapters.git.repository import Repository
    from trueup.policy.document import ChangeFacts
    from trueup.policy.facts.approving import AllowedKey, Given, Reviews
    from trueup.ports import (
        Base,
        Committer,
        Forge,
        History,
        MergedCommit,
        ParsedFiles,
        Publisher,
        Remembered,
        SourceTree,
    )
    from trueup.spec.resource import Resource
    from trueup.workflows.loading import ForgeChoice, ProjectSettings


class GitPorts:
    """The ports of a workspace that git is behind, for the repository around *root*."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.asked_base = ""
        """What the user or the CI job names as the base of the change."""
        self._trunks_by_base: dict[str, Trunks] = {}
        self.asks_others = False
        """Whether remote and forge may be asked for approvals: planning alone needs no network."""
        self.asked_cache = ""
        """Where the user wants caches to lie; `off` for nowhere."""
        self._declared: dict[Revision, str] = {}
        """The default branch that each commit declares: it is asked for whenever what governs is looked for."""
        self.work_tree: SourceTree | None = None
        """The one that was opened last: git need not be asked for all of it again."""

    @cached_property
    def repository(self) -> "Repository":
        """The git repository."""
        from trueup.adapters.git.repository import Repository

        return Repository.discover(self.root)

    @cached_property
    def parsed_files(self) -> "ParsedFiles | None":
        """What earlier runs read of files."""
        from trueup.adapters.caches.identity import reader_identity
        from trueup.adapters.caches.places import cache_folder

        folder, identity = cache_folder(self.repository.common_dir, self.asked_cache), reader_identity()
        if folder is None or not identity:
            return None
        from trueup.adapters.caches.parsed_files import SqliteParsedFiles

        return SqliteParsedFiles(folder, identity)

    @cached_property
    def remembered(self) -> "Remembered | None":
        """What earlier runs read of files, with an index of one revision."""
        from trueup.adapters.caches.identity import loader_identity
        from trueup.adapters.caches.places import cache_folder

        files, identity = self.parsed_files, loader_identity()
        folder = cache_folder(self.repository.common_dir, self.asked_cache)
        if files is None or folder is None or not identity:
            return None
        from trueup.adapters.caches.kept_index import SqliteIndex
        from trueup.ports import Remembered

        return Remembered(files, SqliteIndex(folder, identity))

    @cached_property
    def history(self) -> "History":
        """What the default branch had before."""
        from trueup.adapters.git.merged import GitHistory

        return GitHistory(self.repository, self._trunk)

    def _trunk(self, revision: Revision, branch: str) -> "Trunk":
        return self._trunks.trunk(revision, branch)

    @property
    def _trunks(self) -> "Trunks":
        from trueup.adapters.git.base import Trunks

        # The base that is asked for may be found out after the first question.
        return self._trunks_by_base.setdefault(
            self.asked_base, Trunks(self.repository, self.asked_base, self._declared_at)
        )

    @cached_property
    def committer(self) -> "Committer":
        """Commits on the user's branch."""
        from trueup.adapters.git.committer import BranchCommitter

        return BranchCommitter(self.repository)

    @cached_property
    def publisher(self) -> "Publisher":
        """Branches for pull requests."""
        from trueup.adapters.git.publisher import BranchPublisher

        return BranchPublisher(self.repository)

    @cached_property
    def actor(self) -> str:
        """Who asks."""
        from trueup.adapters.git.commits import actor_of

        return actor_of(self.repository)

    def tree(self, revision: str) -> "SourceTree":
        """Open the files of *revision*; the empty string opens the work tree."""
        if not revision:
            from trueup.adapters.git.work_tree import WorkTree

            self.work_tree = WorkTree(self.repository)
            return self.work_tree
        from trueup.adapters.git.trees import CommitTree

        return CommitTree(self.repository, self.repository.resolve(revision))

    def sees_all_changes(self, tree: "SourceTree") -> bool:
        """Tell whether a plan of *tree* depends only on the repository, its state folder and git's configuration.

        Not so when git was told not to look at a file, when artifacts lie elsewhere, and when a secret decides whose
        signatures count.
        """
        from trueup.adapters.git.work_tree import WorkTree
        from trueup.workflows.state_folder import STATE_FOLDER

        is_watched = not isinstance(tree, WorkTree) or tree.is_watched
        is_here = self.settings.store_path.split("/")[0] == STATE_FOLDER and not self.settings.store_url
        return is_watched and is_here and not self.settings.signing_key

    def base(self, revision: Revision, branch: str) -> "Base":
        """Return what governs *revision*."""
        return self._trunks.base(revision, branch)

    def _declared_at(self, revision: Revision) -> str:
        from trueup.workflows.loading import read_project

        if revision not in self._declared:
            project, _ = read_project(self.tree(revision))
            self._declared[revision] = project.default_branch if project else ""
        return self._declared[revision]

    def merged(self, branch: str, folders: Sequence[str], since: datetime, until: datetime) -> "Iterator[MergedCommit]":
        """Return what the default branch took in."""
        from trueup.adapters.git.commit_log import merged_commits

        return merged_commits(self.repository, branch, folders, since, until)

    def change(self, revision: Revision, base: "Base", applied: Sequence[str] = ()) -> "ChangeFacts":
        """Return who wrote *revision* and what it changes."""
        from trueup.adapters.git.commits import change_facts

        return change_facts(self.repository, revision, self.actor, base, applied)

    def approvals(self, keys: "Sequence[AllowedKey]", plan: str, revisions: Sequence[str]) -> "tuple[Given, ...]":
        """Return the approvals that are signed in git, with those of the remote where it may be asked."""
        from trueup.adapters.git.approvals import bring_in_tags, given_approvals

        if self.asks_others and keys:
            bring_in_tags(self.repository, plan)
        return given_approvals(self.repository, keys, plan, revisions)

    def reviews(self, revisions: Sequence[Revision]) -> "Reviews":
        """Return what the forge says of reviews: nothing, where none may be asked."""
        from trueup.adapters.forges.reviewing import reviews_of
        from trueup.adapters.git.approvals import bring_in
        from trueup.policy.facts.approving import Reviews

        forge = self.forge if self.asks_others else None
        return reviews_of(forge, revisions, lambda c: bring_in(self.repository, c)) if forge else Reviews()

    def signing(self) -> str:
        """Return what git signs with here, in words; empty when nothing is set up."""
        from trueup.adapters.git.approvals import signing_key

        return signing_key(self.repository)

    def tag_signed(self, name: str, message: str, revision: Revision) -> None:
        """Write a signed tag, with the key that git signs with here."""
        self.repository.run("tag", "--sign", "--file=-", name, revision, stdin=message.encode())

    def untag(self, name: str) -> None:
        """Delete a tag of this clone."""
        self.repository.run("update-ref", "-d", f"refs/tags/{name}")

    def writers(self, revision: Revision, resources: Iterable["Resource"]) -> dict[str, str]:
        """Return who last wrote the file of each resource."""
        from trueup.adapters.git.writers import writers

        places = {str(r.id): r.origin for r in resources}
        blobs = {origin.path: origin.blob for origin in places.values()}
        found = writers(self.repository, revision, blobs, self.actor)
        return {address: found[origin.path] for address, origin in places.items()}

    @cached_property
    def settings(self) -> "ProjectSettings":
        """The project file of the work tree; where store and ledger are does not depend on the revision planned.

        Raises:
            InvalidProjectError: It is wrong. Another ledger than the one meant would show no holds and no releases.
        """
        from trueup.workflows.loading import read_project
        from trueup.workflows.workspace import InvalidProjectError

        # A plan has opened the work tree already, and git need not be asked for all of it again.
        settings, problems = read_project(self.work_tree or self.tree(""))
        if settings is None:
            raise InvalidProjectError(problems)
        return settings

    @cached_property
    def forge(self) -> "Forge | None":
        """Pull requests, where the branch that governs has them: a change must not choose who sees the token."""
        token = self.forge_token() if self.forge_place.is_known else ""
        return self.forge_place.connect(token) if token else None

    def forge_token(self) -> str:
        """Return the token that the project names; empty when it names none, or there is none on this machine.

        Raises:
            PermanentError: It is named in a way that cannot be read.
        """
        from trueup.adapters.sources.codes import NO_SECRET
        from trueup.adapters.sources.secrets import read_secret
        from trueup.core.errors import PermanentError

        choice = self._forge_choice
        if not choice.token:
            return ""
        try:
            return read_secret(choice.token, self.root)
        except PermanentError as error:
            if error.code is not NO_SECRET:
                raise
            return ""  # who works at a desk pushes by hand

    def compare_link(self, base: str, branch: str) -> str:
        """Return the page on which a person opens the pull request."""
        return self.forge_place.compare(base, branch)

    @cached_property
    def _forge_choice(self) -> "ForgeChoice":
        return self.governing.forge

    @cached_property
    def governing(self) -> "ProjectSettings":
        """The settings as the branch that governs has them; those of the work tree where nothing else does."""
        from trueup.workflows.ledger_place import settings_in_force

        return settings_in_force(self, self.settings)

    @cached_property
    def forge_place(self) -> "ForgePlace":
        """Which forge the repository is on."""
        from trueup.adapters.forges.places import place_of

        choice = self._forge_choice
        return place_of(choice.kind, choice.url, choice.repository, self.publisher.remote)
