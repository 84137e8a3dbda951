"""The chain finds what was changed, dropped, inserted or moved, and names it."""

from collections.abc import Sequence
from dataclasses import replace

import pytest

from records import NOON, applied, held, lifted, measured, sealed
from trueup.core.diagnostics import Diagnostic
from trueup.core.digests import Digest, Revision, digest_of, digest_of_bytes
from trueup.ledger import chain
from trueup.ledger.codec import Unreadable, computed_digest, decode, encode, former_digests, unreadable
from trueup.ledger.record import Record, RunOutcome


def five() -> list[Record]:
    return sealed(applied("a"), held("a"), measured("k"), lifted("a"), applied("b"))


def codes(problems: Sequence[Diagnostic]) -> list[str]:
    return [p.code.id for p in problems]


def resealed(record: Record, **changes: object) -> Record:
    """Return *record* changed, with the digest that its new content has."""
    changed = replace(record, **changes)  # type: ignore[arg-type]
    return replace(changed, digest=computed_digest(changed))


def test_an_untouched_chain_verifies() -> None:
    assert chain.verify(five()) == ()
    assert chain.verify([]) == ()


def test_the_first_record_has_number_1_and_nothing_before_it() -> None:
    first, second, *_ = five()
    assert (first.sequence, first.previous) == (1, "")
    assert (second.sequence, second.previous) == (2, first.digest)


def test_a_changed_record_is_named_and_its_neighbours_are_not() -> None:
    records = five()
    records[2] = replace(records[2], draft=replace(records[2].draft, outcome=RunOutcome.FAILED))
    (problem,) = chain.verify(records)
    assert problem.code.id == "LED001"
    assert "Record 3 (commit 000000000000" in problem.detail
    assert problem.span
    assert problem.span.path == f"{records[2].commit}:record.json"


def test_a_record_changed_and_sealed_again_is_found_by_the_next_one() -> None:
    records = five()
    records[2] = resealed(records[2], draft=replace(records[2].draft, actor="Eve"))
    (problem,) = chain.verify(records)
    assert problem.code.id == "LED005"
    assert "Record 4" in problem.detail
    assert "Record 3" in problem.detail


def test_a_dropped_record_is_named() -> None:
    records = five()
    del records[2]
    (problem,) = chain.verify(records)
    assert problem.code.id == "LED002"
    assert problem.detail.startswith("Record 3 is missing before Record 4")


def test_dropped_records_are_named_as_a_range() -> None:
    records = five()
    del records[0:3]
    (problem,) = chain.verify(records)
    assert problem.detail.startswith("Records 1 to 3 are missing before Record 4")


def test_a_dropped_end_is_found_by_whoever_names_it() -> None:
    records = five()
    anchor = chain.Anchor(records[-1].digest, "Commit 1a2b of this branch")
    assert chain.verify(records, [anchor]) == ()
    (problem,) = chain.verify(records[:-1], [anchor])
    assert problem.code.id == "LED011"
    assert "Commit 1a2b of this branch" in problem.detail


def test_a_moved_record_is_named() -> None:
    records = five()
    records[1], records[2] = records[2], records[1]
    (problem,) = chain.verify(records)
    assert problem.code.id == "LED003"
    assert problem.detail.startswith("Record 2")
    assert "after Record 3" in problem.detail


def test_a_record_moved_to_the_front_is_named() -> None:
    records = five()
    records = [records[3], *records[:3], records[4]]
    assert set(codes(chain.verify(records))) == {"LED003"}


def test_a_copied_record_is_named() -> None:
    records = five()
    records.insert(2, replace(records[1], commit=Revision("f" * 40)))
    (problem,) = chain.verify(records)
    assert problem.code.id == "LED004"
    assert "Record 2 (commit ffffffffffff) is a copy" in problem.detail


def test_an_inserted_record_is_told_from_the_one_that_belongs_there() -> None:
    records = five()
    forged = replace(chain.seal(applied("evil"), records[1]), commit=Revision("f" * 40))
    for at in (2, 3):
        (problem,) = chain.verify([*records[:at], forged, *records[at:]])
        assert problem.code.id == "LED004"
        assert problem.detail.startswith("Record 3 (commit ffffffffffff) was inserted")


def test_two_ends_are_both_named() -> None:
    records = five()
    forged = replace(chain.seal(applied("evil"), records[3]), commit=Revision("f" * 40))
    (problem,) = chain.verify([*records, forged])
    assert problem.code.id == "LED004"
    assert "ffffffffffff" in problem.detail


def test_a_first_record_that_names_one_before_it_is_a_break() -> None:
    records = sealed(applied("a"))
    records[0] = resealed(records[0], previous=digest_of("x"))
    assert codes(chain.verify(records)) == ["LED005"]


def test_a_later_record_that_names_nothing_before_it_is_a_break() -> None:
    records = five()
    records[4] = resealed(records[4], previous=Digest(""))
    (problem,) = chain.verify(records)
    assert "names nothing" in problem.detail


def test_a_changed_attachment_is_named() -> None:
    records = five()
    ((digest, _),) = records[0].draft.attachments
    records[0] = replace(records[0], draft=replace(records[0].draft, attachments=((digest, b"{}"),)))
    (problem,) = chain.verify(records)
    assert problem.code.id == "LED008"
    assert problem.detail.startswith("Record 1")


def test_a_decision_without_its_input_is_named() -> None:
    records = five()
    records[4] = resealed(records[4], draft=replace(records[4].draft, attachments=()))
    (problem,) = chain.verify(records)
    assert problem.code.id == "LED009"
    assert problem.detail.startswith("Record 5")


@pytest.mark.parametrize("decision", [None, {}, {"input": 1}, {"input": "sha256:1"}])
def test_a_decision_that_names_no_input_is_refused(decision: object) -> None:
    with pytest.raises(chain.IncompleteRecordError, match="names no input"):
        chain.seal(replace(applied("a"), decisions=(decision,)), None)  # type: ignore[arg-type]


def test_what_could_not_be_checked_later_is_not_sealed() -> None:
    draft = applied("a")
    with pytest.raises(chain.IncompleteRecordError, match="is not attached"):
        chain.seal(replace(draft, attachments=()), None)
    with pytest.raises(chain.IncompleteRecordError, match="attachment"):
        chain.seal(replace(draft, attachments=((digest_of_bytes(b"x"), b"y"), *draft.attachments)), None)


@pytest.mark.parametrize("body", [float("nan"), {"a": object()}, "\ud800", {1: 2, "a": 3}])
def test_what_json_cannot_spell_is_not_sealed(body: object) -> None:
    with pytest.raises(chain.IncompleteRecordError, match="not JSON"):
        chain.seal(replace(applied("a"), body=body), None)  # type: ignore[arg-type]


def test_a_time_without_offset_is_not_sealed() -> None:
    with pytest.raises(chain.IncompleteRecordError, match="offset"):
        chain.seal(replace(applied("a"), at=NOON.replace(tzinfo=None)), None)


def test_an_unreadable_record_is_reported_and_keeps_its_place() -> None:
    records = five()
    entries: list[chain.Entry] = [*records[:2], unreadable(Revision("f" * 40), "it is torn"), *records[3:]]
    (problem,) = chain.verify(entries)
    assert problem.code.id == "LED006"
    assert "ffffffffffff" in problem.detail


def test_a_chain_that_starts_late_is_a_break_unless_it_was_fetched_so() -> None:
    records = five()[2:]
    assert codes(chain.verify(records)) == ["LED002"]
    (problem,) = chain.verify(records, cut=True)
    assert problem.code.id == "LED012"
    assert "from Record 3" in problem.detail
    torn: list[chain.Entry] = [unreadable(Revision("f" * 40), "it is torn"), *records[1:]]
    assert codes(chain.verify(torn, cut=True)) == ["LED006", "LED012"]
    assert chain.verify([], cut=True) == ()


def test_a_record_sealed_again_is_still_found_under_the_digests_it_had() -> None:
    local = sealed(applied("mine"))[0]
    theirs = sealed(applied("a"), applied("b"))
    once = chain.reseal(local, local.draft, theirs[0])
    twice = chain.reseal(once, once.draft, theirs[1])
    assert former_digests(twice) == (local.digest, once.digest)
    assert (twice.sequence, twice.previous) == (3, theirs[1].digest)
    anchors = [chain.Anchor(d, "somebody") for d in (local.digest, once.digest, twice.digest)]
    assert chain.verify([*theirs, twice], anchors) == ()


def test_reading_leaves_the_bytes_of_attachments_out() -> None:
    record = five()[0]
    assert [content for _, content in chain.without_bytes(record).draft.attachments] == [b""]
    assert decode(encode(record), record.commit) == chain.without_bytes(record)


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"", "not JSON"),
        (b"{", "not JSON"),
        (b"[" * 100_000, "nested too deeply"),
        (b"[]", "not an object"),
        (b"{}", "`formatVersion` is absent"),
        (b'{"formatVersion": true}', "`formatVersion` is not an integer"),
        (b'{"formatVersion": NaN}', "not JSON"),
        (b"\xff", "not JSON"),
    ],
)
def test_bytes_that_are_no_record_are_told_apart(content: bytes, why: str) -> None:
    entry = decode(content, Revision("a" * 40))
    assert isinstance(entry, Unreadable)
    assert entry.diagnostic.code.id == "LED006"
    assert why in entry.diagnostic.detail
    assert "aaaaaaaaaaaa" in entry.diagnostic.detail


def test_a_future_format_is_named_and_not_guessed() -> None:
    entry = decode(b'{"formatVersion": 2, "anything": 1}', Revision("a" * 40))
    assert isinstance(entry, Unreadable)
    assert entry.diagnostic.code.id == "LED007"
    assert "upgrade" in entry.diagnostic.hint.lower()


@pytest.mark.parametrize(
    ("before", "after", "why"),
    [
        (b'"kind":"apply"', b'"kind":"bribe"', "`kind` is `bribe`"),
        (b'"outcome":"done"', b'"outcome":"fine"', "`outcome` is `fine`"),
        (b'"sequence":1', b'"sequence":"1"', "`sequence` is not an integer"),
        (b'"formatVersion":1', b'"formatVersion":1,"more":1', "`more` is unknown"),
        (b'"environment":"dev"', b'"environment": "dev"', "not spelled"),
        (b'"environment":"dev"', b'"environment":"x","environment":"dev"', "not spelled"),
        (b'"resources":[', b'"resources":[1,', "`resources` is not a list of texts"),
        (b'"formerly":[]', b'"formerly":[{}]', "`formerly[0].sequence` is absent"),
        (b'"at":"2026-03-14T12:00:00+00:00"', b'"at":"2026-03-14T13:00:00+01:00"', "not spelled"),
    ],
)
def test_a_record_that_is_not_spelled_as_sealed_is_unreadable(before: bytes, after: bytes, why: str) -> None:
    content = encode(sealed(applied("a"))[0])
    changed = content.replace(before, after, 1)
    assert changed != content
    entry = decode(changed, Revision("a" * 40))
    assert isinstance(entry, Unreadable), why
    assert why in entry.diagnostic.detail
