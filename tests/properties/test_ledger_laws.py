"""Laws of the ledger: any single change of a chain is found, and an untouched chain is sound."""

from dataclasses import fields, replace
from datetime import UTC, datetime
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from trueup.core.digests import Digest, Revision, digest_of_bytes
from trueup.core.json import Json
from trueup.ledger import chain
from trueup.ledger.codec import computed_digest, decode, encode
from trueup.ledger.record import Draft, Place, Record, RecordKind, RunOutcome

TEXT = st.text(st.characters(codec="utf-8"), max_size=12)
JSON: st.SearchStrategy[Json] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=6,
)
law = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
"""A machine that is busy with something else breaks no law."""
DIGESTS = st.binary(max_size=4).map(digest_of_bytes)


@st.composite
def drafts(draw: st.DrawFn) -> Draft:
    contents = draw(st.lists(st.binary(max_size=8), max_size=2, unique=True))
    attachments = tuple((digest_of_bytes(c), c) for c in contents)
    return Draft(
        kind=draw(st.sampled_from(RecordKind)),
        environment=draw(TEXT),
        at=draw(st.datetimes(timezones=st.just(UTC))),
        actor=draw(TEXT),
        revision=Revision(draw(TEXT)),
        plan=Digest(draw(TEXT)),
        outcome=draw(st.sampled_from(RunOutcome)),
        resources=tuple(draw(st.lists(TEXT, max_size=3))),
        decisions=tuple({"input": digest, "more": draw(JSON)} for digest, _ in attachments),
        events=tuple(draw(st.lists(JSON, max_size=2))),
        body=draw(JSON),
        attachments=attachments,
    )


@st.composite
def chains(draw: st.DrawFn, least: int = 1) -> list[Record]:
    records: list[Record] = []
    for number, draft in enumerate(draw(st.lists(drafts(), min_size=least, max_size=6))):
        record = chain.seal(draft, records[-1] if records else None)
        records.append(replace(record, commit=Revision(f"{number:040x}")))
    return records


def other(value: Any, draw: st.DrawFn) -> Any:
    """Return something of the same type that is not equal to *value*."""
    strategies: dict[type, st.SearchStrategy[Any]] = {
        int: st.integers(-1, 9),
        str: TEXT,
        datetime: st.datetimes(timezones=st.just(UTC)),
        RecordKind: st.sampled_from(RecordKind),
        RunOutcome: st.sampled_from(RunOutcome),
    }
    strategy = strategies.get(type(value), JSON)
    return draw(strategy.filter(lambda v: spelled(v) != spelled(value)))


def spelled(value: Any) -> str:
    """Tell values apart as JSON does: 1, 1.0 and true are three."""
    return repr(value)


@st.composite
def mutated(draw: st.DrawFn, record: Record) -> Record:
    """Return *record* with one field changed."""
    own = [f.name for f in fields(Record) if f.name not in {"commit", "draft", "format_version"}]
    inner = [f.name for f in fields(Draft)]
    name = draw(st.sampled_from(own + inner))
    draft = record.draft
    if name in {"sequence", "digest", "previous"}:
        strategy = st.integers(-2, 9) if name == "sequence" else st.just(Digest("")) | DIGESTS
        return replace(record, **{name: draw(strategy.filter(lambda v: v != getattr(record, name)))})  # type: ignore[arg-type]
    if name == "formerly":
        place = Place(draw(st.integers(1, 9)), draw(DIGESTS))
        return replace(record, formerly=(*record.formerly, place))
    if name == "attachments":
        content = draw(st.binary(max_size=8))
        extra = (digest_of_bytes(content), content)
        changed = draft.attachments[1:] if draft.attachments else (extra,)
        return replace(record, draft=replace(draft, attachments=changed))
    if name in {"resources", "decisions", "events"}:
        values = getattr(draft, name)
        changed_values = values[:-1] if values and draw(st.booleans()) else (*values, "x")
        return replace(record, draft=replace(draft, **{name: changed_values}))  # type: ignore[arg-type]
    return replace(record, draft=replace(draft, **{name: other(getattr(draft, name), draw)}))


@law
@given(chains(least=0))
def test_an_untouched_chain_is_sound(records: list[Record]) -> None:
    assert chain.verify(records) == ()


@law
@given(st.data(), chains())
def test_any_change_of_any_field_of_any_record_is_found(data: st.DataObject, records: list[Record]) -> None:
    index = data.draw(st.integers(0, len(records) - 1))
    records[index] = data.draw(mutated(records[index]))
    assert chain.verify(records)


@law
@given(st.data(), chains(least=2))
def test_a_change_that_is_sealed_again_is_found_by_what_comes_after(data: st.DataObject, records: list[Record]) -> None:
    index = data.draw(st.integers(0, len(records) - 2))
    before = encode(records[index])
    changed = data.draw(mutated(records[index]))
    records[index] = replace(changed, digest=computed_digest(changed))
    assert encode(records[index]) == before or chain.verify(records)


@law
@given(st.data(), chains())
def test_a_dropped_record_is_found(data: st.DataObject, records: list[Record]) -> None:
    anchors = [chain.Anchor(records[-1].digest, "the branch")]
    del records[data.draw(st.integers(0, len(records) - 1))]
    assert chain.verify(records, anchors)


@law
@given(st.data(), chains(least=2))
def test_a_swapped_pair_is_found(data: st.DataObject, records: list[Record]) -> None:
    i, j = data.draw(st.lists(st.integers(0, len(records) - 1), min_size=2, max_size=2, unique=True))
    records[i], records[j] = records[j], records[i]
    assert chain.verify(records)


@law
@given(st.data(), chains())
def test_a_duplicated_record_is_found(data: st.DataObject, records: list[Record]) -> None:
    source, at = data.draw(st.integers(0, len(records) - 1)), data.draw(st.integers(0, len(records)))
    records.insert(at, records[source])
    assert chain.verify(records)


@law
@given(st.data(), chains(), drafts())
def test_an_inserted_record_is_found(data: st.DataObject, records: list[Record], draft: Draft) -> None:
    anchors = [chain.Anchor(records[-1].digest, "the branch")]
    at = data.draw(st.integers(0, len(records) - 1))
    records.insert(at, chain.seal(draft, records[at - 1] if at else None))
    assert chain.verify(records, anchors)


@law
@given(chains())
def test_a_record_reads_back_as_it_was_written(records: list[Record]) -> None:
    for record in records:
        assert decode(encode(record), record.commit) == chain.without_bytes(record)


@law
@given(st.data(), chains())
def test_no_changed_byte_reads_as_another_sound_record(data: st.DataObject, records: list[Record]) -> None:
    content = encode(records[-1])
    at = data.draw(st.integers(0, len(content) - 1))
    byte = data.draw(st.integers(0, 255).filter(lambda b: b != content[at]))
    entry = decode(content[:at] + bytes([byte]) + content[at + 1 :], records[-1].commit)
    if isinstance(entry, Record):
        whole = dict(records[-1].draft.attachments)
        attached = tuple((d, whole.get(d, b"")) for d, _ in entry.draft.attachments)
        entry = replace(entry, draft=replace(entry.draft, attachments=attached))
    assert chain.verify([*records[:-1], entry])
