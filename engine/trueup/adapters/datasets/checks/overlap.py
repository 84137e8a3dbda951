"""Contamination: how much of this data is in other data, by runs of words (GPT-3's way: Brown and others, 2020, C)."""

from collections.abc import Iterator
from typing import Protocol

import numpy as np

from trueup.adapters.datasets.checks.check import Findings, Setting
from trueup.adapters.datasets.records import Record, leaves, text_in
from trueup.adapters.datasets.words import Hashes, Runs
from trueup.evidence.data import MAX_OVERLAP, CheckResult, Outcome
from trueup.evidence.evidence import Measurement

WORDS = 13
"""Words of a run: fewer are said by chance."""
SHORT = 5
"""Words of the shortest text that is looked for by itself; shorter ones are only looked for with their record."""
MOST_WORDS = 1_000_000
"""Words whose runs are looked for at once, some 100 MB; more take another way through the other data."""
_BATCH = 65_536
_BITS = 24
_SHIFT = np.uint64(64 - _BITS)
"""Most runs are told apart by their first bits, in a table of 16 MB: it is many times as fast as a search."""


class Rereadable(Protocol):
    """Data that can be read again."""

    def __call__(self) -> Iterator[Record]:
        """Yield its records, from the first."""
        ...


class Overlap:
    """The share of records of which a run of words is in other data."""

    def __init__(self, setting: Setting, others: tuple[Rereadable, ...], most_words: int = MOST_WORDS) -> None:
        params = setting.params
        self._check = setting.check
        self._column = setting.column()
        self._words = params.whole("ngram", WORDS, 2, 100)
        self._share = params.number("share", 0.0, 0, 1)
        self._most = params.number("max", MAX_OVERLAP, 0, 1)
        params.texts("against")
        params.done()
        self._others = others
        self._most_words = most_words
        self._runs = Runs(self._words, SHORT)
        self._places: list[str] = []
        self._findings = Findings()
        self._compared = 0
        self._without_words = 0
        self._records_of_others = 0

    def see(self, record: Record) -> None:
        """Keep the runs of its words; look for them when there are many."""
        texts = [text_in(record, self._column) or ""] if self._column else leaves(record.value)
        if not self._runs.add(texts, len(self._places)):
            self._without_words += 1
            return
        self._places.append(record.place)
        if self._runs.size >= self._most_words:
            self._look()

    def _look(self) -> None:
        """Go through the other data once for all runs that are held."""
        sizes = self._runs.sizes
        held, owners = self._runs.take()
        sought = np.unique(held)
        found = np.zeros(len(sought), bool)
        may_be = np.zeros(1 << _BITS, bool)
        may_be[sought >> _SHIFT] = True
        for every in self._batches(sizes):
            batch = every[may_be[every >> _SHIFT]]
            at = np.searchsorted(sought, batch)
            at[at == len(sought)] = 0
            found[at[sought[at] == batch]] = True
        hits = np.bincount(owners[found[np.searchsorted(sought, held)]], minlength=len(self._places))
        totals = np.bincount(owners, minlength=len(self._places))
        for place, count, total in zip(self._places, hits.tolist(), totals.tolist(), strict=True):
            if count and count / total > self._share:
                self._findings.add(place, f"{count} of {total} runs of words are in the other data")
        self._compared += len(self._places)
        self._places = []

    def _batches(self, sizes: frozenset[int]) -> Iterator[Hashes]:
        runs = Runs(self._words, SHORT)
        self._records_of_others = 0
        for other in self._others:
            for record in other():
                self._records_of_others += 1
                # Its fields have other names: every text of it counts.
                runs.add(leaves(record.value), 0)
                if runs.size >= _BATCH:
                    yield runs.take(sizes)[0]
        yield runs.take(sizes)[0]

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
