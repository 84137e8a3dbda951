"""What was reached: lines of policies by tests, and how far one rule came on one document."""

import re
from collections.abc import Iterable, Mapping

from trueup.core.diagnostics import Diagnostic, Span
from trueup.core.frozen import dataclass
from trueup.core.json import Json
from trueup.policy.results import RuleResult, RuleTest
from trueup.spec.resource import Path


@dataclass(frozen=True, slots=True)
class FileCoverage:
    """The lines of one policy file that can be reached, and those that were; both from 1, sorted."""

    path: str
    reached: tuple[int, ...]
    missed: tuple[int, ...]

    @property
    def percent(self) -> float:
        """Share of the lines that were reached, 0 to 100; 100 for a file that has none."""
        total = len(self.reached) + len(self.missed)
        return 100.0 if not total else 100.0 * len(self.reached) / total


@dataclass(frozen=True, slots=True)
class Stalled:
    """Where a body came to its end: the statement that was not true, and the line after it, 0 when it was the last."""

    span: Span
    text: str
    next_line: int = 0


@dataclass(frozen=True, slots=True)
class TestCase:
    """One test with why it failed, as far as the lines it reached tell."""

    __test__ = False  # pytest collects what is called Test

    test: RuleTest
    stalled: Stalled | None = None

    @property
    def is_todo(self) -> bool:
        """Whether it is marked as not to be run yet, by OPA's convention."""
        return self.test.name.startswith("todo_test_")

    @property
    def has_failed(self) -> bool:
        """Whether it was run and did not pass."""
        return not self.is_todo and not self.test.passed


@dataclass(frozen=True, slots=True)
class TestRun:
    """Tests, and what they reached of the files that decide; no file when they were only listed."""

    __test__ = False

    cases: tuple[TestCase, ...]
    files: tuple[FileCoverage, ...]

    @property
    def percent(self) -> float:
        """Share of all lines that were reached, 0 to 100."""
        return joined(self.files).percent


@dataclass(frozen=True, slots=True)
class Read:
    """One path below `input` or `data` that a rule names, and where it does."""

    path: Path
    span: Span


@dataclass(frozen=True, slots=True)
class Reads:
    """What an entry and the helpers it uses read, as far as it is written in them.

    Attributes:
        package: The entry's package.
        entry: Its name.
        inputs: Paths below `input`.
        fields: Paths inside values that the rule has in variables, such as `spec.source.digest` of a document.
        parameters: Data it reads: dotted path below `data`, and the value; null when it is too large to show.
        files: Policy files it consists of, the entry's own first.
    """

    package: str
    entry: str
    inputs: tuple[Read, ...] = ()
    fields: tuple[Read, ...] = ()
    parameters: tuple[tuple[str, Json], ...] = ()
    files: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Body:
    """One body of a rule, and how far anything came in it.

    Attributes:
        rule: Name of the rule.
        span: Where that definition begins.
        is_tried: Whether it was begun.
        stalled: Where it ended; None when it was not begun, or came to its last statement and may have given a value.
        has_given: Whether it surely gave a value; where false, nobody knows.
        last_line: Where its last statement begins.
    """

    rule: str
    span: Span
    is_tried: bool
    stalled: Stalled | None
    has_given: bool = False
    last_line: int = 0


@dataclass(frozen=True, slots=True)
class RuleTrace:
    """One rule asked about one document.

    Attributes:
        results: What its entries gave.
        errors: What could not be evaluated.
        bodies: The bodies of its entries, then those of the helpers they use.
        coverage: Lines reached and not, of the files it consists of.
        reads: What it reads.
        printed: What `print` wrote.
    """

    results: tuple[RuleResult, ...]
    errors: tuple[Diagnostic, ...]
    bodies: tuple[Body, ...]
    coverage: tuple[FileCoverage, ...]
    reads: tuple[Reads, ...]
    printed: str = ""


def joined(files: Iterable[FileCoverage], path: str = "") -> FileCoverage:
    """Return what *files* have together; lines of different files do not mix, so only the numbers mean something."""
    reached, missed = 0, 0
    for file in files:
        reached, missed = reached + len(file.reached), missed + len(file.missed)
    return FileCoverage(path, tuple(range(1, reached + 1)), tuple(range(reached + 1, reached + missed + 1)))


def merged(lines: Mapping[str, Iterable[int]], reached: Mapping[str, Iterable[int]]) -> tuple[FileCoverage, ...]:
    """Return the coverage of every file of *lines* (those that can be reached), sorted by path."""
    files = []
    for path in sorted(lines):
        hit = set(reached.get(path, ()))
        files.append(FileCoverage(path, tuple(sorted(hit)), tuple(sorted(set(lines[path]) - hit))))
    return tuple(files)


def ranges(lines: Iterable[int]) -> str:
    """Spell sorted line numbers as people do: `3-5, 9`."""
    runs: list[list[int]] = []
    for line in lines:
        if runs and line == runs[-1][1] + 1:
            runs[-1][1] = line
        else:
            runs.append([line, line])
    return ", ".join(str(first) if first == last else f"{first}-{last}" for first, last in runs)


def belongs(test: RuleTest, package: str, folder: str) -> bool:
    """Tell whether *test* is about the rule in *package*, whose file lies in *folder*."""
    if test.package in (package, f"{package}_test"):
        return True
    return test.span is not None and bool(folder) and test.span.path.rpartition("/")[0] == folder


PASSING, FAILING, ABSENT = "pass", "fail", "absent"
_ABSENT_WORDS = frozenset({"absent", "missing", "without", "unknown", "lacks", "lacking"})
_PASSING_WORDS = frozenset({"pass", "passes", "allowed", "silent"})
_NONE = re.compile(r"==\s*(?:0\b|set\(\))")


def kind_of_case(name: str, source: str) -> str:
    """Tell what a test of a rule shows: that it passes, that it denies, or what it does when a fact is absent.

    Read from its name and from what it asserts; a guess, good enough to see that one of the three has no test.
    """
    words = set(name.split("_"))
    if words & _ABSENT_WORDS or "without(" in source or "json.remove(" in source:
        return ABSENT
    if words & _PASSING_WORDS or _NONE.search(source):
        return PASSING
    return FAILING
