"""Contamination: how much of this data is in other data, by runs of words (GPT-3's way: Brown and others, 2020, C)."""

from collections.abc import Iterator
from typing import Protocol

import numpy as np

from trueup.adapters.datasets.checks.check import Findings, Setting
from trueup.adapters.datasets.records import Record, leaves, text_in
from trueup.adapters.datasets.words import Hashes, hashes, ngrams, words
from trueup.evidence.data import MAX_OVERLAP, CheckResult, Outcome
from trueup.evidence.evidence import Measurement

WORDS = 13
"""Words of a run: fewer are said by chance."""
SHORT = 5
"""Words of the shortest text that is compared as a whole; shorter ones are compared as a part of their record."""
MOST_RUNS = 2_000_000
"""Runs that are looked for at once, 16 MB and as much to sort them; more take another way through the other data."""
_BATCH = 65_536


class Rereadable(Protocol):
    """Data that can be read again."""

    def __call__(self) -> Iterator[Record]:
        """Yield its records, from the first."""
        ...


class Overlap:
    """The share of records of which a run of words is in other data."""

    def __init__(self, setting: Setting, others: tuple[Rereadable, ...], most_runs: int = MOST_RUNS) -> None:
        params = setting.params
        self._check = setting.check
        self._column = setting.column()
        self._words = params.whole("ngram", WORDS, 2, 100)
        self._share = params.number("share", 0.0, 0, 1)
        self._most = params.number("max", MAX_OVERLAP, 0, 1)
        params.texts("against")
        params.done()
        self._others = others
        self._most_runs = most_runs
        self._runs: list[Hashes] = []
        self._held = 0
        self._sizes: list[int] = []
        self._places: list[str] = []
        self._findings = Findings()
        self._compared = 0
        self._without_words = 0
        self._records_of_others = 0

    def see(self, record: Record) -> None:
        """Keep the runs of its words; look for them when there are many."""
        runs = np.unique(self._units(record, self._column))
        if not len(runs):
            self._without_words += 1
            return
        self._runs.append(runs)
        self._sizes.append(len(runs))
        self._places.append(record.place)
        self._held += len(runs)
        if self._held >= self._most_runs:
            self._look()

    def _units(self, record: Record, column: str) -> Hashes:
        """Return a number for each run of words of each text, or for all of what is too short to have one."""
        texts = [text_in(record, column) or ""] if column else leaves(record.value)
        spelled = [hashes(w) for w in map(words, texts) if w]
        parts = [ngrams(h, self._words) for h in spelled if len(h) >= min(SHORT, self._words)]
        if sum(len(h) for h in spelled) < self._words and spelled:
            parts.append(ngrams(np.concatenate(spelled), self._words))
        return np.concatenate(parts) if parts else np.empty(0, np.uint64)

    def _look(self) -> None:
        """Go through the other data once for all runs that are held."""
        held = np.concatenate(self._runs)
        sought = np.unique(held)
        found = np.zeros(len(sought), bool)
        for batch in self._batches():
            at = np.searchsorted(sought, batch)
            at[at == len(sought)] = 0
            found[at[sought[at] == batch]] = True
        hits = found[np.searchsorted(sought, held)]
        ends = np.cumsum(self._sizes)
        for start, end, place in zip(ends - self._sizes, ends, self._places, strict=True):
            count = int(hits[start:end].sum())
            if count and count / (end - start) > self._share:
                self._findings.add(place, f"{count} of {end - start} runs of words are in the other data")
        self._compared += len(self._places)
        self._runs, self._sizes, self._places, self._held = [], [], [], 0

    def _batches(self) -> Iterator[Hashes]:
        parts: list[Hashes] = []
        size = self._records_of_others = 0
        for other in self._others:
            for record in other():
                self._records_of_others += 1
                # Its fields have other names: every text of it counts.
                parts.append(self._units(record, ""))
                size += len(parts[-1])
                if size >= _BATCH:
                    yield np.concatenate(parts)
                    parts, size = [], 0
        if parts:
            yield np.concatenate(parts)

    def result(self) -> CheckResult:
        """Return the share; of nothing, or against nothing, it is undecided."""
        if self._places:
            self._look()
        count, compared = self._findings.count, self._compared
        share = count / compared if compared and self._records_of_others else None
        outcome = Outcome.UNDECIDED
        if share is not None:
            outcome = Outcome.FAILED if share > self._most else Outcome.PASSED
        notes = [f"{self._without_words} records without words were not compared"] if self._without_words else []
        notes += ["there is nothing to compare with"] if not self._records_of_others else []
        if self._without_words and outcome is Outcome.PASSED:
            outcome = Outcome.UNDECIDED
        measured = (Measurement(self._check.type, share, "ratio", compared),) if share is not None else ()
        findings = tuple(self._findings.kept)
        return CheckResult(
            self._check, outcome, share, "<=", self._most, compared, count, measured, findings, "; ".join(notes)
        )
