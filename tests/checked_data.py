"""Datasets made for tests, and checks of them."""

import json
from collections.abc import Iterable, Mapping
from pathlib import Path

from trueup.adapters.datasets.checker import StreamingChecker
from trueup.core.json import Json
from trueup.evidence.data import CheckResult, DataCheck, DataRun
from trueup.ports.datasets import DataFiles

Records = Iterable[Mapping[str, Json]]


def check(type_: str, column: str = "", **params: Json) -> DataCheck:
    return DataCheck(type_, column, tuple(sorted(params.items())))


def files(folder: Path, records: Records, name: str = "data@1", **declared: Json) -> DataFiles:
    """Write *records* as JSON Lines."""
    path = folder / f"{name.replace('@', '-')}.jsonl"
    path.write_text("".join(json.dumps(r) + "\n" for r in records))
    return DataFiles(name, path, path.name, declared=declared)


def run(data: DataFiles, *checks: DataCheck, **others: DataFiles) -> DataRun:
    """Make *checks*; *others* by their name without version."""
    named = {f"{name}@1": other for name, other in others.items()}
    return StreamingChecker().check(data, checks, named, lambda *_: None)


def checked(folder: Path, records: Records, asked: DataCheck, **others: Records) -> CheckResult:
    """Return what comes of one check of *records*."""
    named = {name: files(folder, other, f"{name}@1") for name, other in others.items()}
    (result,) = run(files(folder, records), asked, **named).results
    return result
