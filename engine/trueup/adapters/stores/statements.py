"""Provenance of what a store has built: gathers what was read, made and used, for the pure `builds.provenance`."""

from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import cast

from trueup import __version__
from trueup.adapters.builders.builder import Built
from trueup.adapters.stores.hashing import FileDigest, digest_of_artifact, digest_of_file, files_below, hash_files
from trueup.adapters.stores.layout import Layout, read_manifest
from trueup.builds.provenance import Artifact, Result, Run, spelled, statement
from trueup.core.digests import Digest
from trueup.core.frozen import dataclass
from trueup.core.json import Json
from trueup.desired.state import BuildPin
from trueup.diff.masks import masked, masked_text


@dataclass(frozen=True, slots=True)
class Made:
    """What a builder made of what was asked for, with the digest of the whole, and when."""

    build: BuildPin
    built: Built
    files: tuple[FileDigest, ...]
    digest: Digest
    began: datetime
    ended: datetime


def statement_of(layout: Layout, made: Made, source: Path) -> bytes:
    """Return the statement of how *made* came from *source*, as it is kept; secrets in parameters are masked."""
    build, built = made.build, made.built
    parameters = tuple((name, masked(value, name)) for name, value in build.parameters)
    read = [_source(layout, source)]
    read += [_stored(layout, pin.digest, f"input {n}", pin.uri) for n, pin in enumerate(build.inputs, 1)]
    files = tuple(Artifact(f.path, f.digest) for f in made.files)
    whole = Artifact(str(build.id), made.digest, is_folder=built.path.is_dir())
    run = Run(
        started_at=made.began,
        finished_at=made.ended,
        tool=__version__,
        tools=built.tools,
        image=built.image,
        resolved=cast("dict[str, Json]", masked(dict(built.resolved))),
        accelerator=built.accelerator,
        simulated=built.simulated,
    )
    return spelled(statement(replace(build, parameters=parameters), read, Result(files, whole), run))


def _source(layout: Layout, source: Path) -> Artifact:
    """Return what was built from: as the store admitted it, or hashed when it lies elsewhere."""
    objects = layout.root / "objects"
    if source.is_relative_to(objects):
        key = Digest(f"sha256:{source.relative_to(objects).parts[1]}")
        return _stored(layout, key, "source")
    paths = files_below(source) if source.is_dir() else [source.name]
    folder = source if source.is_dir() else source.parent
    files = hash_files(folder, paths, digest_of_file)
    return Artifact("source", digest_of_artifact(files, is_folder=source.is_dir()), is_folder=source.is_dir())


def _stored(layout: Layout, key: Digest, name: str, uri: str = "") -> Artifact:
    manifest = read_manifest(layout.object(key))
    if manifest is None:
        return Artifact(name, key, uri=masked_text(uri))
    match manifest.origin:
        case {"uri": str(found)}:
            uri = uri or found
        case _:
            pass
    return Artifact(name, manifest.digest, manifest.is_folder, masked_text(uri))
