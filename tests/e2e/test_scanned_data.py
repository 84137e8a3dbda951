"""`trueup scan Dataset/...` in a real repository: found, recorded, seen by policy; in flat memory, off the network."""

import hashlib
import json
import subprocess
import sys
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as parquet
import pytest
from jsonschema import Draft202012Validator
from scratch import ROOT, Scratch, cleaned_up, new_scratch

from trueup.cli.views.schemas import OUTPUTS

DATASET = """apiVersion: trueup/v1alpha1
kind: Dataset
metadata: {{name: {name}, version: "1", owner: ml-platform}}
spec:
  source: {{uri: "file:data/{name}.jsonl", digest: "sha256:{digest}"}}
  purpose: {purpose}
  license: Apache-2.0
  intendedUse: A test.
  personalData: {{present: false}}
  checks: {checks}
"""


@pytest.fixture
def scratch(tmp_path: Path):
    with cleaned_up(new_scratch(tmp_path / "shop")) as made:
        yield made


def declare(scratch: Scratch, name: str, lines: list[object], checks: object = (), purpose: str = "eval") -> None:
    text = "".join(f"{line if isinstance(line, str) else json.dumps(line)}\n" for line in lines)
    scratch.write(f"data/{name}.jsonl", text)
    digest = hashlib.sha256(text.encode()).hexdigest()
    declared = DATASET.format(name=name, digest=digest, purpose=purpose, checks=json.dumps(list(checks)))  # type: ignore[call-overload]
    scratch.write(f"spec/datasets/{name}.yaml", declared)
    scratch.commit(f"Declare {name}")


def scan(scratch: Scratch, *words: str, code: int = 0) -> list[dict[str, object]]:
    printed = scratch.trueup("scan", *words, "-o", "json", code=code).json
    Draft202012Validator(OUTPUTS["data-scan"].schema()).validate(printed)
    return list(printed["datasets"])


QUESTIONS = [
    {"prompt": f"Which of the many rivers of region {n} is the longest one?", "label": "ab"[n % 2]} for n in range(60)
]


def test_data_is_scanned_and_its_checks_made_and_recorded(scratch: Scratch) -> None:
    checks = [
        {"type": "not_null", "column": "label"},
        {"type": "unique"},
        {"type": "balance", "column": "label", "params": {"min_share": 0.4}},
        {"type": "length", "column": "prompt", "params": {"max": 10}, "severity": "warning"},
    ]
    declare(scratch, "questions", QUESTIONS, checks)
    (found,) = scan(scratch, "Dataset/questions@1")
    assert [c["outcome"] for c in found["checks"]] == ["passed"] * 5 + ["failed"]  # type: ignore[attr-defined]
    assert [(e["type"], e["passed"]) for e in found["evidence"]] == [("data-scan", True), ("data-checks", True)]  # type: ignore[attr-defined]
    assert [r["kind"] for r in scratch.records()] == ["evidence", "evidence"]
    assert "2 records" in scratch.trueup("audit", "verify").out
    text = scratch.trueup("scan", "Dataset/questions@1").out
    assert "(warning)" in text
    assert "questions.jsonl:1" in text


def test_broken_rows_secrets_and_people_deny_and_are_not_shown(scratch: Scratch) -> None:
    key = "AKIA" + "IOSFODNN7EXAMPLE"
    declare(scratch, "bad", [*QUESTIONS[:3], "not json", {"prompt": key}, {"prompt": "ada@analytical.org"}])
    done = scratch.trueup("scan", "Dataset/bad@1", code=3)
    assert "bad.jsonl:4" in done.out
    assert not any(word in str(done) + json.dumps(scratch.records()) for word in (key, "ada@analytical.org"))
    (found,) = scan(scratch, "Dataset/bad@1", code=3)
    assert (found["malformed"], found["passed"]) == (1, False)


@pytest.mark.parametrize("lines", [[], [{"prompt": "one"}]], ids=["empty", "one row"])
def test_too_little_data_never_passes_by_accident(scratch: Scratch, lines: list[object]) -> None:
    declare(scratch, "few", lines, [{"type": "balance", "column": "label", "params": {"min_share": 0.1}}])
    (found,) = scan(scratch, "Dataset/few@1", code=3)
    assert found["passed"] is False


def test_data_that_is_measured_on_is_compared_with_all_that_was_trained_on(scratch: Scratch) -> None:
    declare(scratch, "questions", QUESTIONS)
    declare(
        scratch, "lessons", [{"text": f"Hello. {QUESTIONS[7]['prompt']} Bye."}, {"text": "Nothing."}], purpose="train"
    )
    (found,) = scan(scratch, "Dataset/questions@1", code=3)
    (overlap,) = (c for c in found["checks"] if c["type"] == "overlap")  # type: ignore[attr-defined]
    assert (overlap["against"], overlap["found"]) == (["lessons@1"], 1)
    assert overlap["findings"][0]["place"] == "questions.jsonl:8"
    (other,) = scan(scratch, "Dataset/questions@1", "--against", "Dataset/facts@1")
    assert [c["against"] for c in other["checks"] if c["type"] == "overlap"] == [["facts@1"]]  # type: ignore[attr-defined]


def test_policy_wants_the_scan_and_sees_it(scratch: Scratch) -> None:
    assert "DP-04" in scratch.run("policy", "check", "-e", "staging").out
    first = scan(scratch, "-e", "staging")
    assert first
    assert "DP-04" not in scratch.run("policy", "check", "-e", "staging").out
    assert scan(scratch, "-e", "staging") == []
    assert len(scan(scratch, "-e", "staging", "--again")) == len(first)


def denied(scratch: Scratch) -> set[str]:
    """Return which rules about data a plan of staging breaks."""
    out = scratch.run("policy", "check", "-e", "staging").out
    return {rule for rule in ("DP-04", "DP-05", "DP-06") if rule in out}


@pytest.mark.parametrize("is_clean", [True, False])
def test_policy_sees_checks_and_comparisons_and_whether_they_passed(scratch: Scratch, is_clean: bool) -> None:
    injections = [json.loads(line) for line in scratch.read("models/tiny/injections.jsonl").splitlines()]
    lesson = "Nothing of the kind was ever asked by anybody here." if is_clean else injections[0]["prompt"]
    scratch.edit("spec/datasets/injections.yaml", ("spec:", "spec:\n  checks: [{type: unique}]"))
    scratch.edit("spec/models/tiny-2.yaml", ("spec:", "spec:\n  datasets: [lessons@1]"))
    # As if it had always been declared so: what has a version does not change.
    scratch.git("add", "--all")
    scratch.git("commit", "--quiet", "--amend", "--no-edit")
    declare(
        scratch,
        "lessons",
        [{"text": lesson}, {"text": "Another sentence of some length, which is no question."}],
        purpose="train",
    )
    assert denied(scratch) == {"DP-04", "DP-05", "DP-06"}
    found = scan(scratch, "-e", "staging", code=0 if is_clean else 3)
    assert sorted(e["type"] for one in found for e in one["evidence"]) == [  # type: ignore[attr-defined]
        "data-checks",
        "data-overlap",
        "data-scan",
        "data-scan",
    ]
    assert denied(scratch) == (set() if is_clean else {"DP-06"})


@pytest.mark.parametrize(
    ("checks", "code", "says"),
    [
        ([{"type": "unqiue"}], "DATA002", "did you mean `unique`?"),
        ([{"type": "drift", "column": "label", "params": {"baseline": "fact@1"}}], "WRK020", "did you mean"),
    ],
)
def test_a_check_that_cannot_be_made_is_told(scratch: Scratch, checks: list[object], code: str, says: str) -> None:
    declare(scratch, "questions", QUESTIONS, checks)
    done = scratch.run("scan", "Dataset/questions@1")
    assert (done.code, code in done.err, says in done.err) == (1, True, True)
    assert scratch.records() == []


def test_one_of_a_name_and_an_environment_is_needed(scratch: Scratch) -> None:
    for words in ([], ["Dataset/facts@1", "-e", "dev"]):
        done = scratch.run("scan", *words)
        assert (done.code, "One of REF and -e ENV" in done.err) == (1, True)


ALL_CHECKS = """
import json, resource, sys
from pathlib import Path
from trueup.adapters.datasets.checker import StreamingChecker
from trueup.evidence.data import DataCheck
from trueup.ports.datasets import DataFiles

def refuse(event, arguments):
    if event in ("socket.connect", "socket.getaddrinfo", "socket.sendto"):
        raise RuntimeError("a socket was opened")

sys.addaudithook(refuse)
checks = [DataCheck("secrets"), DataCheck("pii"), DataCheck("not_null"), DataCheck("unique"), DataCheck("length"),
          DataCheck("balance", "label", (("min_share", 0.1),)),
          DataCheck("near_duplicates", "", (("limit", 1000),)),
          DataCheck("drift", "label", (("baseline", "x@1"),))]
data = DataFiles("x@1", Path(sys.argv[1]), sys.argv[1])
run = StreamingChecker().check(data, checks, {"x@1": data}, lambda *_: None)
if sys.platform == "linux":  # the other number counts what the process that started this one held
    peak = next(int(line.split()[1]) * 1024 for line in open("/proc/self/status") if line.startswith("VmHWM"))
else:
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
print(json.dumps({"records": run.records, "peak": peak, "found": {r.check.type: r.found for r in run.results}}))
"""


def checked(path: Path) -> dict[str, object]:
    words = [sys.executable, "-c", ALL_CHECKS, str(path)]
    done = subprocess.run(words, capture_output=True, text=True, check=False, cwd=ROOT)
    assert done.returncode == 0, done.stderr
    return dict(json.loads(done.stdout))


def test_nobody_is_asked_whether_a_secret_is_in_force(tmp_path: Path) -> None:
    path = tmp_path / "x.jsonl"
    key = "xoxb-" + "123456789012-123456789012-" + "a1B2c3D4e5F6g7H8i9J0k1L2"
    path.write_text(json.dumps({"label": "a", "text": f"{key} https://ada:hunter2@shop.example ada@analytical.org"}))
    assert checked(path)["found"]["secrets"] >= 2  # type: ignore[index]


@pytest.mark.slow
def test_memory_is_the_same_for_a_file_four_times_as_large(tmp_path: Path) -> None:
    peaks = []
    for megabytes in (15, 60):
        path = tmp_path / "x.jsonl"
        with path.open("w") as file:
            written = number = 0
            while written < megabytes * 1_000_000:
                number += 1
                text = " ".join(f"w{number * k % 7919}" for k in range(60))
                written += file.write(json.dumps({"id": number, "label": "ab"[number % 2], "text": text}) + "\n")
        found = checked(path)
        assert found["records"] == number
        peaks.append(int(str(found["peak"])))
    assert peaks[1] < peaks[0] + 10_000_000
    assert peaks[1] < 300_000_000


@pytest.mark.slow
def test_a_row_group_as_large_as_its_file_is_not_read_at_once(tmp_path: Path) -> None:
    peaks = []
    for megabytes in (5, 40):
        texts = [" ".join(f"w{n * k % 7919}" for k in range(80)) + f" {n}" for n in range(megabytes * 2000)]
        labels = ["ab"[n % 2] for n in range(len(texts))]
        table = pa.table({"label": labels, "text": texts})
        parquet.write_table(table, tmp_path / "x.parquet", row_group_size=len(texts), compression="none")
        peaks.append(int(str(checked(tmp_path / "x.parquet")["peak"])))
    assert peaks[1] < peaks[0] + 20_000_000


PRESIDIO = """
import sys

def refuse(event, arguments):
    if event in ("socket.connect", "socket.getaddrinfo", "socket.sendto"):
        raise RuntimeError("a socket was opened")

sys.addaudithook(refuse)
from trueup.adapters.datasets.checks.presidio import presidio_finder
print(sorted({kind for kind, _ in presidio_finder((), "en", "", 0.5)("SSN 078-05-1121, ada@analytical.org")}))
"""


def test_presidio_fetches_no_model_and_asks_no_network() -> None:
    pytest.importorskip("presidio_analyzer", reason="needs the `pii` extra")
    done = subprocess.run([sys.executable, "-c", PRESIDIO], capture_output=True, text=True, check=False, cwd=ROOT)
    assert (done.returncode, "EMAIL_ADDRESS" in done.stdout) == (0, True), done.stderr
