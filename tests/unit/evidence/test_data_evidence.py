"""Evidence about data: bound to bytes and checks, and never passing by accident."""

import json
from datetime import UTC, datetime

import pytest

from trueup.core.digests import Digest
from trueup.core.ids import ResourceId
from trueup.core.json import Json
from trueup.evidence.data import (
    CheckResult,
    DataCheck,
    DataRun,
    DeclaredData,
    Finding,
    Outcome,
    ScannedData,
    checks_evidence,
    data_keys,
    declared_data,
    overlap_evidence,
    overlap_key,
    scan_evidence,
    trained_on,
)
from trueup.evidence.evidence import Evidence, Measurement
from trueup.ledger.bodies import evidence_from_json
from trueup.spec.resource import Origin, Resource

TIMES = (datetime(2026, 11, 20, 12, tzinfo=UTC), datetime(2026, 11, 20, 13, tzinfo=UTC))


def digest(letter: str) -> Digest:
    return Digest("sha256:" + letter * 64)


def dataset(name: str, letter: str = "d", **spec: Json) -> Resource:
    document = {
        "kind": "Dataset",
        "spec": {"purpose": "eval", "source": {"uri": "file:x", "digest": digest(letter) if letter else None}, **spec},
    }
    id_ = ResourceId("Dataset", name, "1")
    return Resource(id_, digest("9"), json.dumps(document), Origin("x.yaml", "", 0, 1), ())  # type: ignore[arg-type]


def data(**spec: Json) -> DeclaredData:
    return declared_data(dataset("facts", **spec))  # type: ignore[arg-type]


def result(type_: str, outcome: Outcome = Outcome.PASSED, found: int = 0, **more: object) -> CheckResult:
    check = DataCheck(type_, str(more.pop("column", "")), tolerated=bool(more.pop("tolerated", False)))
    return CheckResult(check, outcome, float(found), "<=", 0.0, 10, found, **more)  # type: ignore[arg-type]


def run(*results: CheckResult, records: int = 10, malformed: int = 0) -> DataRun:
    return DataRun(records, 100, malformed, (), results)


def scan(
    secrets: int = 0, personal: int = 0, *, declared: bool = False, records: int = 10, malformed: int = 0
) -> Evidence:
    found = run(result("secrets", found=secrets), result("personal_data", found=personal), records=records)
    found = DataRun(found.records, 0, malformed, (), found.results)
    return scan_evidence(data(personalData={"present": declared}), found, "t 1", TIMES)


def test_a_scan_that_found_nothing_passes_and_says_over_how_many_records() -> None:
    evidence = scan()
    assert evidence.passed
    assert [(m.metric, m.value, m.samples) for m in evidence.measurements] == [
        ("secrets", 0.0, 10),
        ("personal_data", 0.0, 10),
    ]
    assert (evidence.type, evidence.subject) == ("data-scan", (("dataset", digest("d")),))


@pytest.mark.parametrize(
    "evidence", [scan(secrets=1), scan(personal=1), scan(malformed=1), scan(records=0), scan(secrets=1, declared=True)]
)
def test_a_finding_a_broken_row_or_no_record_at_all_does_not_pass(evidence: Evidence) -> None:
    assert not evidence.passed


def test_personal_data_that_is_declared_is_counted_and_no_reason_to_fail() -> None:
    evidence = scan(personal=7, declared=True)
    assert evidence.passed
    assert evidence.measurements[1].value == 7


def test_nothing_in_nothing_is_undecided() -> None:
    assert scan(records=0).is_undecided
    assert not scan(records=0, malformed=1).is_undecided


def test_each_declared_check_is_a_gate_by_type_and_column() -> None:
    results = (result("not_null", column="answer"), result("unique", Outcome.FAILED, 3))
    evidence = checks_evidence(data(), run(*results), results, "t 1", TIMES)
    assert [(g.metric, g.slice, g.passed) for g in evidence.gates] == [
        ("not_null", "answer", True),
        ("unique", "", False),
        ("malformed_records", "", True),
    ]
    assert not evidence.passed


def test_a_failed_warning_is_shown_and_denies_nothing() -> None:
    results = (result("pii", Outcome.FAILED, 1, tolerated=True), result("unique"))
    evidence = checks_evidence(data(), run(*results), results, "t 1", TIMES)
    assert evidence.passed
    assert [g.passed for g in evidence.gates] == [False, True, True]
    assert evidence_from_json(json.loads(json.dumps(evidence.to_json()))) == evidence


def test_an_undecided_check_does_not_pass_and_says_how_many_more_records_it_takes() -> None:
    results = (result("drift", Outcome.UNDECIDED, more_samples=70),)
    evidence = checks_evidence(data(), run(*results), results, "t 1", TIMES)
    assert evidence.is_undecided
    assert evidence.gates[0].more_samples == 70


def test_measurements_of_checks_have_the_check_in_their_name_and_the_column_as_slice() -> None:
    measured = (
        Measurement("null", 0.0, "ratio", 9),
        Measurement("p50", 4.0, "characters", 9),
        Measurement("share", 0.5, "ratio", 9, slice="yes"),
    )
    results = (result("null", column="a", measurements=measured),)
    evidence = checks_evidence(data(), run(*results), results, "t 1", TIMES)
    assert [(m.metric, m.slice) for m in evidence.measurements] == [
        ("null", "a"),
        ("null.p50", "a"),
        ("null.share", "yes"),
    ]


def test_an_overlap_is_about_both_digests() -> None:
    share = Measurement("overlap", 0.0, "ratio", 10)
    compared = result("overlap", measurements=(share,))
    evidence = overlap_evidence(data(), digest("e"), run(compared), compared, "t 1", TIMES)
    assert dict(evidence.subject) == {"dataset": digest("d"), "against": digest("e")}
    assert (evidence.passed, evidence.measurements, evidence.type) == (True, (share,), "data-overlap")
    broken = overlap_evidence(data(), digest("e"), run(compared, malformed=1), compared, "t 1", TIMES)
    assert not broken.passed


def test_a_key_changes_with_what_was_looked_at_and_with_nothing_else() -> None:
    plain = data()
    assert plain.scan_key == data(checks=[{"type": "unique"}]).scan_key
    assert plain.scan_key != data(personalData={"present": True}).scan_key
    assert data(checks=[{"type": "unique"}]).checks_key != data(checks=[{"type": "unique", "column": "a"}]).checks_key
    warned = data(checks=[{"type": "unique", "severity": "warning"}])
    assert data(checks=[{"type": "unique"}]).checks_key != warned.checks_key
    assert overlap_key(plain, digest("e")) != overlap_key(plain, digest("f"))
    stricter = data(checks=[{"type": "overlap", "params": {"ngram": 8, "against": "lessons@1"}}])
    assert overlap_key(stricter, digest("e")) != overlap_key(plain, digest("e"))
    assert dict(stricter.overlap.params) == {"ngram": 8}


def test_a_check_names_the_data_it_compares_with() -> None:
    params = {"against": ["lessons@1", "texts@2"]}
    assert data(checks=[{"type": "overlap", "params": params}]).checks[0].others == ("lessons@1", "texts@2")
    assert data(checks=[{"type": "drift", "params": {"baseline": "old@1"}}]).checks[0].others == ("old@1",)
    assert data(checks=[{"type": "drift", "params": {"baseline": 3}}]).checks[0].others == ()
    assert data(checks=[{"type": "unique", "params": params}]).checks[0].others == ()


def test_a_release_needs_a_scan_of_all_its_data_its_checks_and_what_it_is_measured_on_compared() -> None:
    facts = dataset("facts", "d", checks=[{"type": "unique"}])
    lessons = dataset("lessons", "e", purpose="train")
    unpinned = dataset("later", "", purpose="train")
    model = Resource(ResourceId("Model", "m", "1"), digest("8"), "{}", Origin("x", "", 0, 1), ())  # type: ignore[arg-type]
    keys = data_keys([facts, lessons, unpinned, model], [digest("d")])
    assert sorted(keys.values()) == ["data-checks", "data-overlap", "data-scan", "data-scan"]
    assert keys[overlap_key(declared_data(facts), digest("e"))] == "data-overlap"
    assert sorted(data_keys([facts, lessons], []).values()) == ["data-checks", "data-scan", "data-scan"]


def test_the_same_bytes_under_another_name_are_not_compared_with_themselves() -> None:
    held, same = data(), declared_data(dataset("copy", "d", purpose="train"))
    assert trained_on([same], held) == ()
    assert trained_on([declared_data(dataset("other", "e"))], held) == ()


def test_all_evidence_of_a_dataset_has_to_pass() -> None:
    good = ScannedData(ResourceId("Dataset", "facts", "1"), digest("d"), run(), (scan(),))
    bad = ScannedData(ResourceId("Dataset", "facts", "1"), digest("d"), run(), (scan(), scan(secrets=1)))
    assert (good.passed, bad.passed) == (True, False)


def test_a_finding_says_where_and_what() -> None:
    assert Finding("a.jsonl:3", "no JSON").to_json() == {"place": "a.jsonl:3", "what": "no JSON"}


def test_checks_that_are_no_list_are_none() -> None:
    assert data(checks=None).checks == ()
