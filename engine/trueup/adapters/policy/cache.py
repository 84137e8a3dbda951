"""Evaluations that need not be made twice: by policies, engine and document, in files that anybody may delete."""

import json
import os
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from trueup.adapters.policy.sealed import read_sealed, seal
from trueup.core.diagnostics import Diagnostic, Span
from trueup.core.digests import Digest, digest_of, digest_of_bytes
from trueup.core.json import Json, canonical, canonical_by_parts
from trueup.policy.bundle_files import bundle_digest
from trueup.policy.results import Evaluation, PolicyFile, RuleInfo, RuleResult, rule_from_json, rule_to_json
from trueup.ports import PolicyEngine

FORMAT_VERSION = 1
LIMIT_BYTES = 64 << 20
"""An evaluation takes one or two kilobytes, so tens of thousands have room."""
_LARGE_BYTES = 1 << 20
"""From here on, a document is spelled a part at a time, which takes less memory and more time."""
_PRUNING_KEYS = "00"
"""The size is looked at with keys that begin so, one in 256: to look through a full folder takes long."""

ClockFields = Callable[[Sequence[PolicyFile]], frozenset[str] | None]
"""Tells which fields of `input.clock` policies read; None for all, and the time itself."""


@dataclass(slots=True)
class _Bundle:
    """What is kept of one bundle: its folder, what it reads of the clock, and what its rules say of themselves."""

    folder: Path
    clock: frozenset[str] | None
    rules: tuple[str, ...] = ()
    described: tuple[RuleInfo, ...] | None = None


class CachedEngine:
    """`PolicyEngine` that remembers what another one said of the same document.

    For plans, checks and replays alone. Whoever may write the folder could make it say anything, so an apply and its
    gate ask the engine itself: what decides whether traffic moves is evaluated, never looked up. Errors are not
    remembered, because a slow machine is one.
    """

    def __init__(
        self,
        engine: PolicyEngine,
        folder: Path,
        version: str,
        clock_fields: ClockFields,
        *,
        limit_bytes: int = LIMIT_BYTES,
    ) -> None:
        """Remember below *folder* what *engine* says; *version* names all that answers depend on besides policies."""
        self.hits = self.misses = 0
        self._engine = engine
        self._folder = folder
        self._version = version
        self._clock_fields = clock_fields
        self._limit = limit_bytes
        self._bundles: dict[Digest, _Bundle] = {}

    def check(self, bundle: Sequence[PolicyFile]) -> tuple[Diagnostic, ...]:
        """Find what is wrong with the policies; always anew."""
        return self._engine.check(bundle)

    def remembered_rules(self, bundle: Sequence[PolicyFile]) -> tuple[RuleInfo, ...] | None:
        """Return what the rules of *bundle* say of themselves; None when it was never evaluated here."""
        return self._held(bundle).described

    def clock_read(self, bundle: Sequence[PolicyFile]) -> frozenset[str] | None:
        """Return which fields of `input.clock` the policies read; None for all, and the time itself."""
        return self._held(bundle).clock

    def evaluate(self, bundle: Sequence[PolicyFile], documents: Sequence[bytes], now: datetime) -> list[Evaluation]:
        """Return what the engine says of each document, or said before."""
        held = self._held(bundle)
        keys = [_key(document, held.clock, now) for document in documents]
        found = [self._read(held, key) if key else None for key in keys]
        missing = [i for i, evaluation in enumerate(found) if evaluation is None]
        self.hits, self.misses = self.hits + len(documents) - len(missing), self.misses + len(missing)
        if missing:
            answers = self._engine.evaluate(bundle, [documents[i] for i in missing], now)
            for i, answer in zip(missing, answers, strict=True):
                found[i] = answer
                # Warnings are no part of what is kept, and are to be seen again.
                if keys[i] and not answer.errors and not answer.warnings:
                    self._write(held, keys[i], answer)
        return [evaluation for evaluation in found if evaluation is not None]

    def _held(self, bundle: Sequence[PolicyFile]) -> _Bundle:
        """Return what is known of *bundle*; a syntax tree is looked at once in the life of a bundle."""
        digest = bundle_digest(bundle)
        if digest not in self._bundles:
            named = digest_of([FORMAT_VERSION, self._version, digest]).removeprefix("sha256:")[:32]
            self._bundles[digest] = _read_bundle(self._folder / named) or _Bundle(
                self._folder / named, self._clock_fields(bundle)
            )
        return self._bundles[digest]

    def _read(self, held: _Bundle, key: str) -> Evaluation | None:
        path = held.folder / f"{key}.json"
        value = read_sealed(path, key)
        if value is None or held.described is None:
            return None
        try:
            results = tuple(
                RuleResult(e, p, raw, Span(*span) if span else None) for e, p, raw, span in value["results"]
            )
            evaluation = Evaluation(results, (), held.rules, value["engine"], held.described)
        except (TypeError, ValueError, KeyError):
            return None
        with suppress(OSError):  # what is used stays longest
            os.utime(path)
        return evaluation

    def _write(self, held: _Bundle, key: str, evaluation: Evaluation) -> None:
        """Keep *evaluation*; a disk that is full or read-only costs time and nothing else."""
        results = [[r.entry, r.package, r.raw, _place(r.span)] for r in evaluation.results]
        try:
            held.folder.mkdir(parents=True, exist_ok=True)
            if held.described is None or held.rules != evaluation.rules:
                held.rules, held.described = evaluation.rules, evaluation.described
                _write_bundle(held)
            seal(held.folder / f"{key}.json", key, {"engine": evaluation.engine, "results": results})
            if key.startswith(_PRUNING_KEYS):
                _prune(self._folder, self._limit)
        except (OSError, ValueError):
            return


def _key(document: bytes, clock: frozenset[str] | None, now: datetime) -> str:
    """Return what names *document* to policies that read so much of its clock; empty for what is no document."""
    if clock is None:
        return digest_of([digest_of_bytes(document), now.isoformat()]).removeprefix("sha256:")
    try:
        value = json.loads(document)
    except ValueError:
        return ""
    if not isinstance(value, dict):
        return ""
    times = value.pop("clock", None)
    read = {name: times.get(name) for name in clock} if isinstance(times, Mapping) else times
    spelled = canonical(value) if len(document) < _LARGE_BYTES else canonical_by_parts(value)
    return digest_of([digest_of_bytes(spelled), read]).removeprefix("sha256:")


def _read_bundle(folder: Path) -> _Bundle | None:
    value = read_sealed(folder / "bundle.json", folder.name)
    try:
        clock = None if value["clock"] is None else frozenset(value["clock"])
        described = tuple(rule_from_json(v) for v in value["described"])
        return _Bundle(folder, clock, tuple(value["rules"]), described)
    except (TypeError, ValueError, KeyError):
        return None


def _write_bundle(held: _Bundle) -> None:
    content: Json = {
        "clock": None if held.clock is None else sorted(held.clock),
        "rules": list(held.rules),
        "described": [rule_to_json(rule) for rule in held.described or ()],
    }
    seal(held.folder / "bundle.json", held.folder.name, content)


def _place(span: Span | None) -> Json:
    return [span.path, span.line, span.column] if span else None


def _span(place: Sequence[Any] | None) -> Span | None:
    return Span(*place) if place else None


def _prune(folder: Path, limit_bytes: int) -> None:
    """Take away what was used longest ago until three quarters of the limit are left; the catalogues go last."""
    entries = []
    for path in folder.glob("*/*.json"):
        with suppress(OSError):
            about = path.stat()
            entries.append((path.name == "bundle.json", about.st_mtime, path, about.st_size))
    total = sum(size for *_, size in entries)
    if total <= limit_bytes:
        return
    for _, _, path, size in sorted(entries):
        with suppress(OSError):
            path.unlink()
            total -= size
        if total <= limit_bytes * 3 // 4:
            return
