"""Joins what answers audits: records and commits by index, and the place of both, remembered while nothing moved."""

from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from trueup import __version__
from trueup.cli.git_wiring import GitPorts
from trueup.core.json import Json

if TYPE_CHECKING:
    from collections.abc import Iterator

    from trueup.adapters.git.ledger import GitLedger
    from trueup.adapters.history.git_changes import GitChanges
    from trueup.adapters.history.index_file import IndexFile
    from trueup.adapters.history.places import Refs
    from trueup.adapters.history.records import IndexedRecords
    from trueup.ledger.record import Record
    from trueup.ports import Clock
    from trueup.workflows.ledger_place import LedgerPlace

PROJECT_FILE = "trueup.yaml"


class HistoryPorts(GitPorts):
    """The ports that look back, for the repository around *root*."""

    clock: "Clock"

    @cached_property
    def ledger(self) -> "GitLedger":
        """Records, where the branch that governs keeps them: a change under review must not choose its own holds."""
        from trueup.adapters.git.ledger import GitLedger

        return GitLedger(self.repository, self.ledger_place.ref, self.ledger_place.remote, self.clock)

    @cached_property
    def ledger_place(self) -> "LedgerPlace":
        """Where the ledger is."""
        from trueup.workflows.ledger_place import ledger_of

        return ledger_of(self.governing)

    @cached_property
    def audit_place(self) -> "LedgerPlace":
        """Where the ledger is, for showing what it has: remembered while neither the project file nor a ref moved."""
        from trueup.workflows.ledger_place import LedgerPlace

        known = self._known_places
        return LedgerPlace(str(known["ref"]), str(known["remote"]))

    @cached_property
    def finder(self) -> "IndexedRecords":
        """Records, by what they are about."""
        from hashlib import sha256

        from trueup.adapters.git.ledger_git import LedgerGit
        from trueup.adapters.history import records

        ref = self.audit_place.ref
        name = f"records-{sha256(ref.encode()).hexdigest()[:12]}"
        file = self._index(name, records.FORMAT, records.TABLES)
        return records.IndexedRecords(LedgerGit(self.repository), self._refs.commit_of(ref), file, self._walk)

    @cached_property
    def changes(self) -> "GitChanges":
        """Commits, by the resources that they changed."""
        from hashlib import sha256

        from trueup.adapters.history import changes
        from trueup.adapters.history.git_changes import GitChanges

        folders = self._known_places["folders"]
        names = tuple(str(folder) for folder in folders) if isinstance(folders, list) else ()
        depends = "\n".join((*names, self._shallow))
        file = self._index(f"changes-{sha256(depends.encode()).hexdigest()[:12]}", changes.FORMAT, changes.TABLES)
        return GitChanges(self.repository, changes.ChangeIndex(self.repository, file, names), self._refs.head)

    def _walk(self) -> "Iterator[Record]":
        return self.ledger.records()

    @property
    def _shallow(self) -> str:
        """Where history was cut off: what the commits there did is not known, and may be known later."""
        file = self.repository.common_dir / "shallow"
        return file.read_text() if file.exists() else ""

    @cached_property
    def _refs(self) -> "Refs":
        from trueup.adapters.history.places import read_refs

        return read_refs(self.repository)

    @cached_property
    def _known_places(self) -> "dict[str, Json]":
        from trueup.adapters.history import places

        file = self._index("places", "1", places.TABLES)
        key = places.place_key(self.repository, self._refs, PROJECT_FILE, (__version__, self.asked_base))
        found = places.remembered(file, key)
        if found is not None and {"ref", "remote", "folders"} <= set(found):
            return dict(found)
        place = self.ledger_place
        value: dict[str, Json] = {"ref": place.ref, "remote": place.remote, "folders": list(self._folders())}
        places.remember(file, key, value)
        return value

    def _folders(self) -> tuple[str, ...]:
        """Return the folders that the project file names now, or named in any commit up to this one."""
        from trueup.adapters.history.folders import named_folders

        former = named_folders(self.repository, self._refs.head, PROJECT_FILE)
        return tuple(sorted({*former, *self.settings.specs}))

    def _index(self, name: str, version: str, tables: "tuple[str, ...]") -> "IndexFile":
        """Return an index in git's own folder: nothing that a pull request brings can lie there."""
        from trueup.adapters.history.index_file import IndexFile

        folder: Path = self.repository.common_dir / "trueup" / "history"
        return IndexFile(folder, name, f"{version}, {__version__}", tables)
