"""The chain: giving a draft its place, and finding and naming whatever does not stand in its own.

Each record names the digest of the one before it, counts from 1 without gaps and has the digest of its content.
What no chain can show by itself is that its end was cut off; anchors, digests known from elsewhere, show that.
"""

from collections.abc import Iterable, Iterator
from dataclasses import replace

from trueup.core.diagnostics import Code, Diagnostic, Span
from trueup.core.digests import Digest, Revision, digest_of_bytes, is_digest, short
from trueup.core.errors import PermanentError
from trueup.core.frozen import dataclass
from trueup.core.json import Json
from trueup.ledger import codec_v1
from trueup.ledger.codec import Unreadable, computed_digest, former_digests, place_of
from trueup.ledger.codes import (
    ATTACHMENT_WRONG,
    INPUT_NOT_ATTACHED,
    LEDGER_SHALLOW,
    LINK_BROKEN,
    RECORD_CHANGED,
    RECORD_INCOMPLETE,
    RECORD_INSERTED,
    RECORD_MISSING,
    RECORD_MOVED,
    RECORD_NOT_FOUND,
)
from trueup.ledger.record import Draft, Place, Record

Entry = Record | Unreadable
"""One place in the chain as it was read."""


class IncompleteRecordError(PermanentError):
    """A draft that would make a record nobody could check later."""


@dataclass(frozen=True, slots=True)
class Anchor:
    """A digest that the ledger must have, and who says so: `commit 1a2b... of this branch`."""

    digest: Digest
    source: str
    span: Span | None = None


_PREFIX = "sha256:"


@dataclass(frozen=True, slots=True)
class _Link:
    """What verification keeps of a record once its content was looked at."""

    sequence: int
    previous: Digest
    digests: frozenset[Digest]
    commit: Revision

    def __str__(self) -> str:
        return _name(self.sequence, self.commit)


def seal(draft: Draft, previous: Record | None, formerly: tuple[Place, ...] = ()) -> Record:
    """Give *draft* the place after *previous*; its commit is still empty.

    Raises:
        IncompleteRecordError: An attachment has another digest, a decision's input is not attached, or the
            draft is not JSON.
    """
    place = Place(previous.sequence + 1, previous.digest) if previous else Place(1, Digest(""))
    problems = [*_attachment_problems(draft), *_decision_problems(draft)]
    if problems:
        raise IncompleteRecordError(RECORD_INCOMPLETE, " ".join(detail for _, detail in problems))
    try:
        digest = codec_v1.digest_at(place, formerly, draft)
    except (ValueError, TypeError) as error:
        raise IncompleteRecordError(RECORD_INCOMPLETE, f"The record is not JSON: {error}.") from error
    return Record(place.sequence, place.previous, digest, Revision(""), draft, formerly)


def reseal(record: Record, draft: Draft, previous: Record | None) -> Record:
    """Give *record* (its *draft* with the attachments' bytes) a new place, which remembers the one it had."""
    return seal(draft, previous, (*record.formerly, Place(record.sequence, record.previous)))


def without_bytes(record: Record) -> Record:
    """Return *record* as reading the ledger gives it: attachments named, their bytes left out."""
    named = tuple((digest, b"") for digest, _ in record.draft.attachments)
    return replace(record, draft=replace(record.draft, attachments=named))


def verify(entries: Iterable[Entry], anchors: Iterable[Anchor] = (), *, cut: bool = False) -> tuple[Diagnostic, ...]:
    """Find every record that was changed, dropped, inserted or moved.

    Args:
        entries: Oldest first, with the bytes of their attachments. Some 100 bytes of each are kept.
        anchors: Digests that must be among the records', now or formerly.
        cut: The oldest records are known not to be here; then the chain may start later than at 1.
    """
    anchors = tuple(anchors)
    wanted = {anchor.digest for anchor in anchors}
    diagnostics: list[Diagnostic] = []
    links = _Links()
    known: set[Digest] = set()
    for entry in entries:
        if isinstance(entry, Unreadable):
            diagnostics.append(entry.diagnostic)
            links.add(entry)
            continue
        computed = computed_digest(entry)
        diagnostics.extend(_content_problems(entry, computed))
        links.add(_link(entry, computed))
        known.update(wanted.intersection((entry.digest, *former_digests(entry))))
    # A chain in which each record stands in its place has no problem of order, however long it is.
    unsorted = links.all() if cut or not links.are_regular else []
    diagnostics.extend(_order_problems(unsorted, cut=cut))
    diagnostics.extend(_link_problems(unsorted, cut=cut))
    diagnostics.extend(_anchor_problems(anchors, known))
    return tuple(diagnostics)


class _Links:
    """Links in their order. As long as each stands in its place they take 32 bytes and the name of a commit each.

    Attributes:
        are_regular: Every one counts on from the one before, names its digest and has the digest of its content.
    """

    __slots__ = ("_commits", "_digests", "_last", "_rest", "are_regular")

    def __init__(self) -> None:
        self.are_regular = True
        self._digests = bytearray()
        self._commits: list[Revision] = []
        self._last = Digest("")
        self._rest: list[_Link | Unreadable] = []

    def add(self, link: "_Link | Unreadable") -> None:
        """Add the next one."""
        if not self.are_regular or isinstance(link, Unreadable) or not self._follows(link):
            self.are_regular = False
            self._rest.append(link)
            return
        (self._last,) = link.digests
        self._digests += bytes.fromhex(self._last.removeprefix(_PREFIX))
        self._commits.append(link.commit)

    def all(self) -> "list[_Link | Unreadable]":
        """Return all of them."""
        found: list[_Link | Unreadable] = []
        previous = Digest("")
        for number, commit in enumerate(self._commits):
            digest = Digest(_PREFIX + self._digests[32 * number : 32 * number + 32].hex())
            found.append(_Link(number + 1, previous, frozenset({digest}), commit))
            previous = digest
        return [*found, *self._rest]

    def _follows(self, link: "_Link") -> bool:
        is_next = link.sequence == len(self._commits) + 1 and link.previous == self._last
        return is_next and len(link.digests) == 1


def mistrust(record: Record, newer: Record | None) -> Diagnostic | None:
    """Return why *record* cannot be believed, as far as it and the one after it tell; None when it can.

    What every decision stands on is looked at on each reading; attachments and anchors are for `verify`.

    Args:
        record: A record as it was read.
        newer: The record after it; None for the newest.
    """
    name = _name(record.sequence, record.commit)
    computed = computed_digest(record)
    if computed != record.digest:
        detail = f"{name} was changed: it was sealed as {short(record.digest)}, its content is {short(computed)}."
        return _problem(RECORD_CHANGED, detail, record.commit)
    if newer is not None and (newer.previous, newer.sequence) != (record.digest, record.sequence + 1):
        after = _name(newer.sequence, newer.commit)
        return _problem(LINK_BROKEN, f"{after} was not written after {name}, which stands before it.", newer.commit)
    return None


def _link(record: Record, computed: Digest) -> _Link:
    # A record that was changed without being sealed again is reported once, for itself: the next record may
    # name either digest.
    digests = frozenset({record.digest, computed})
    return _Link(record.sequence, record.previous, digests, record.commit)


def _content_problems(record: Record, computed: Digest) -> Iterator[Diagnostic]:
    name = _name(record.sequence, record.commit)
    if computed != record.digest:
        detail = f"{name} was changed: it was sealed as {short(record.digest)}, its content is {short(computed)}."
        yield _problem(RECORD_CHANGED, detail, record.commit)
    for code, detail in (*_attachment_problems(record.draft), *_decision_problems(record.draft)):
        yield _problem(code, f"{name}: {detail}", record.commit)


def _attachment_problems(draft: Draft) -> Iterator[tuple[Code, str]]:
    for digest, content in draft.attachments:
        if digest_of_bytes(content) != digest:
            yield ATTACHMENT_WRONG, f"The attachment {short(digest)} is {short(digest_of_bytes(content))}."


def _decision_problems(draft: Draft) -> Iterator[tuple[Code, str]]:
    attached = {digest for digest, _ in draft.attachments}
    for number, decision in enumerate(draft.decisions, 1):
        named = _input_of(decision)
        if named not in attached:
            what = f"its input {short(named)} is not attached" if named else "it names no input"
            yield INPUT_NOT_ATTACHED, f"Decision {number} cannot be checked again: {what}."


def _input_of(decision: Json) -> str:
    from trueup.policy.recorded import input_of  # what only lists records need not load policy

    named = input_of(decision)
    return named if is_digest(named) else ""


def _order_problems(links: list[_Link | Unreadable], *, cut: bool) -> Iterator[Diagnostic]:
    """Compare the numbers with 1, 2, 3, ...; an unreadable record takes the place it stands in."""
    numbers = {link.sequence for link in links if isinstance(link, _Link)}
    first = next((link.sequence - i for i, link in enumerate(links) if isinstance(link, _Link)), 1)
    expected = first if cut else 1
    before: _Link | None = None
    seen: set[int] = set()
    for link in links:
        if isinstance(link, Unreadable):
            expected += 1
            continue
        if link.sequence in seen:
            yield _inserted(link, links)
        elif link.sequence < expected:
            after = f"after {before}" if before else "first"
            yield _problem(RECORD_MOVED, f"{link} was moved: it stands {after}.", link.commit)
        else:
            if link.sequence > expected:
                yield from _missing(expected, link, numbers)
            expected = link.sequence + 1
        seen.add(link.sequence)
        before = link


def _missing(expected: int, link: _Link, numbers: set[int]) -> Iterator[Diagnostic]:
    """Name the numbers from *expected* up to *link* that no record has; the others were moved."""
    present = sorted(n for n in numbers if expected <= n < link.sequence)
    start = expected
    for number in (*present, link.sequence):
        if start < number:
            last = number - 1
            which = f"Record {start} is" if start == last else f"Records {start} to {last} are"
            yield _problem(RECORD_MISSING, f"{which} missing before {link}.", link.commit)
        start = number + 1


def _inserted(link: _Link, links: list[_Link | Unreadable]) -> Diagnostic:
    """Name the one of two records with the same number that the next record does not follow."""
    readable = [other for other in links if isinstance(other, _Link)]
    twins = [other for other in readable if other.sequence == link.sequence]
    named = {other.previous for other in readable if other.sequence == link.sequence + 1}
    foreign = next((t for t in twins if not t.digests & named), link) if named else link
    if len({t.digests for t in twins}) == 1:
        detail = f"{link} is a copy: the same record stands in {_commits(t for t in twins if t is not link)}."
        return _problem(RECORD_INSERTED, detail, link.commit)
    others = _commits(t for t in twins if t is not foreign)
    detail = f"{foreign} was inserted: the place {link.sequence} belongs to the record in {others}."
    return _problem(RECORD_INSERTED, detail, foreign.commit)


def _link_problems(links: list[_Link | Unreadable], *, cut: bool) -> Iterator[Diagnostic]:
    """Compare what each record names as the one before it with the record that has the number before its own."""
    by_number: dict[int, list[_Link]] = {}
    for link in links:
        if isinstance(link, _Link):
            by_number.setdefault(link.sequence, []).append(link)
    for link in (one for group in by_number.values() for one in group):
        if link.sequence == 1 and link.previous:
            detail = f"{link} is the first and names {short(link.previous)} as the record before it."
            yield _problem(LINK_BROKEN, detail, link.commit)
        before = by_number.get(link.sequence - 1, [])
        if before and not any(link.previous in b.digests for b in before):
            actual = " or ".join(sorted(short(d) for b in before for d in b.digests))
            detail = (
                f"{link} names {short(link.previous) or 'nothing'} as the record before it; {before[0]} is {actual}."
            )
            yield _problem(LINK_BROKEN, f"{detail} One of the two was replaced.", link.commit)
    if cut and links:
        yield _cut_problem(links[0])


def _cut_problem(first: _Link | Unreadable) -> Diagnostic:
    where = str(first) if isinstance(first, _Link) else f"ledger commit {short(first.commit)}"
    detail = f"The ledger is here only from {where} on; older records were not fetched and cannot be verified."
    return _problem(LEDGER_SHALLOW, detail, first.commit)


def _anchor_problems(anchors: Iterable[Anchor], known: set[Digest]) -> Iterator[Diagnostic]:
    for anchor in anchors:
        if anchor.digest not in known:
            detail = f"{anchor.source} names the record {short(anchor.digest)}, which the ledger does not have."
            yield Diagnostic(RECORD_NOT_FOUND, detail, anchor.span, RECORD_NOT_FOUND.remedy)


def _name(sequence: int, commit: Revision) -> str:
    return f"Record {sequence} (commit {short(commit)})" if commit else f"Record {sequence}"


def _commits(links: Iterable[_Link]) -> str:
    return " and ".join(f"commit {short(link.commit)}" for link in links)


def _problem(code: Code, detail: str, commit: Revision) -> Diagnostic:
    return Diagnostic(code, detail, place_of(commit), code.remedy)
