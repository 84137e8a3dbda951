"""What earlier runs found out, in memory, and a default branch whose history is a list."""

from collections.abc import Collection, Mapping, Sequence

from fakes import FakeTree
from trueup.core.digests import BlobId, Digest, Revision
from trueup.core.ids import ResourceId
from trueup.ports import Compared, Merged, News, ParseFiles
from trueup.spec.immutability import Sighting, changed_versions
from trueup.spec.resource import Resources, SourceFile, content_digest


class FakeIndex:
    """`KeptIndex` in a dictionary."""

    def __init__(self) -> None:
        self.texts: dict[str, str] | None = None
        self.moved = self.made = 0

    def read(self, names: Collection[str]) -> Mapping[str, str] | None:
        return None if self.texts is None else {name: self.texts[name] for name in names if name in self.texts}

    def change(self, changes: Mapping[str, str | None]) -> None:
        if self.texts is None or not changes:
            return
        self.moved += 1
        for name, text in changes.items():
            if text is None:
                self.texts.pop(name, None)
            else:
                self.texts[name] = text

    def replace(self, texts: Mapping[str, str]) -> None:
        self.made += 1
        self.texts = dict(texts)


class FakeParsedFiles:
    """`ParsedFiles` in a dictionary."""

    def __init__(self) -> None:
        self.packed: dict[BlobId, bytes] = {}
        self.recalled = 0

    def recall(self, blobs: Sequence[BlobId]) -> Mapping[BlobId, bytes]:
        found = {blob: self.packed[blob] for blob in blobs if blob in self.packed}
        self.recalled += len(found)
        return found

    def keep(self, packed: Mapping[BlobId, bytes]) -> None:
        self.packed |= packed


class FakeTrunk:
    """`History` over commits in memory, oldest first: it reads every file of every commit each time."""

    def __init__(self) -> None:
        self.commits: list[FakeTree] = []

    def compared(self, merged: Merged, resources: Resources, parse: ParseFiles) -> Compared:
        if not self.commits:
            return Compared(())
        sightings: dict[ResourceId, Sighting] = {}
        for tree in self.commits:
            for id_, resource in self._declared(tree, merged, parse).items():
                sighting = Sighting(content_digest(resource), tree.revision, resource.origin.path)
                sightings.setdefault(id_, sighting)
        problems = changed_versions(resources, sightings, merged.revision)
        return Compared(problems, self.commits[-1].revision, merged.folders, sightings)

    def merged_since(self, merged: Merged, earlier: Compared, parse: ParseFiles) -> News | None:
        revisions = [tree.revision for tree in self.commits]
        if earlier.tip not in revisions:
            return None
        seen: dict[ResourceId, Digest] = {}
        for tree in self.commits[revisions.index(Revision(earlier.tip or "")) + 1 :]:
            for id_, resource in self._declared(tree, merged, parse).items():
                seen.setdefault(id_, content_digest(resource))
        return News(revisions[-1], seen)

    def _declared(self, tree: FakeTree, merged: Merged, parse: ParseFiles) -> Resources:
        files: list[SourceFile] = list(tree.files(merged.folders, merged.suffixes))
        return {id_: r for id_, r in parse(files, tree.read).resources.items() if id_.version}
