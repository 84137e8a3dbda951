"""promptfoo, deepeval and Evidently, on files that they wrote."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from imported_files import DECLARED, GOLDEN, changed, golden, one, refused, refused_change, values
from trueup.adapters.evaluators.imports.registry import read_results
from trueup.evidence.evidence import Settings


def test_a_promptfoo_run_is_read_with_its_settings_values_and_examples() -> None:
    run = golden("promptfoo", "promptfoo-0.121.20/complete.json")
    assert run.settings == Settings(
        tool="promptfoo",
        version="0.121.20",
        task="Facts of the demo model@cab3652848c1",
        chat_template=True,
        seed=7,
        backend="openai",
        decoding=(("max_tokens", 48), ("temperature", 0)),
    )
    assert run.model == "openai:chat:tiny-v2"
    assert values(run) == {"pass_rate": pytest.approx(2 / 3), "exact_match": 1.0, "contains": 0.5, "regex": 1.0}
    assert (one(run, "contains").samples, one(run, "contains").stderr) == (2, 0.5)
    assert one(run, "pass_rate", "opposite").value == 0.0
    third = run.examples[2]
    assert third.scores == (("contains", 0.0), ("pass_rate", 0.0), ("regex", 1.0))
    assert (third.slice, third.output, third.seconds) == ("opposite", "The opposite of hot is cold.", 0.032)
    assert run.started_at == datetime(2026, 11, 29, 12, 56, 7, 71000, UTC)


def test_a_promptfoo_run_with_an_error_is_refused_and_says_how_many() -> None:
    found = refused("promptfoo", GOLDEN / "promptfoo-0.121.20" / "one-error.json")
    assert found.keys() == {"EIMP009"}
    assert found["EIMP009"].startswith("1 of 3 tests ended with an error: API error: 500")


@pytest.mark.parametrize(
    ("change", "code"),
    [
        (lambda d: d["results"].update(version=4), "EIMP003"),
        (lambda d: d["results"].update(results=[]), "EIMP005"),
        (lambda d: d["results"]["results"].pop(), "EIMP010"),
        (lambda d: d["results"]["results"][2].update(success=True), "EIMP010"),
        (lambda d: d["results"]["stats"].update(successes=3, failures=0), "EIMP010"),
        (lambda d: d["results"]["results"][0].update(promptId="another"), "EIMP007"),
        (lambda d: d["results"]["results"][0]["provider"].update(id="openai:chat:other"), "EIMP007"),
        (lambda d: d["metadata"].clear(), "EIMP007"),
        (lambda d: d["results"]["results"][0]["gradingResult"].update(componentResults=[]), "EIMP005"),
    ],
)
def test_a_promptfoo_file_that_cannot_be_used_is_refused(change: Any, code: str, tmp_path: Path) -> None:
    assert code in refused_change("promptfoo", tmp_path, change)


def test_other_tests_make_another_task(tmp_path: Path) -> None:
    path = changed("promptfoo", tmp_path, lambda d: d["results"]["results"][0]["testCase"]["vars"].update(a=1))
    assert read_results("promptfoo", path).settings.task != "Facts of the demo model@cab3652848c1"


def test_a_repeated_promptfoo_test_counts_once(tmp_path: Path) -> None:
    def change(document: Any) -> None:
        document["results"]["results"] *= 2
        document["results"]["stats"].update(successes=4, failures=2)

    run = read_results("promptfoo", changed("promptfoo", tmp_path, change))
    assert one(run, "pass_rate").samples == 3
    assert [(e.id, e.epoch) for e in run.examples[2:4]] == [("2", 0), ("0", 1)]


def test_an_answer_from_a_cache_took_no_time_that_says_anything(tmp_path: Path) -> None:
    path = changed("promptfoo", tmp_path, lambda d: d["results"]["results"][0]["response"].update(cached=True))
    assert read_results("promptfoo", path).examples[0].seconds is None


def test_a_deepeval_run_is_read_with_its_settings_values_and_examples() -> None:
    run = golden("deepeval", "deepeval-4.3.1/complete.json")
    assert run.settings == Settings(
        tool="deepeval",
        version="4.3.1",
        task="facts@9bcacde74d30",
        seed=7,
        decoding=(("max_tokens", "48"), ("temperature", "0")),
    )
    assert run.model == "tiny-v2"
    assert values(run) == {"pass_rate": pytest.approx(4 / 6), "exact_match": pytest.approx(4 / 6), "regex": 1.0}
    assert one(run, "exact_match").stderr == pytest.approx(0.210818510677892)
    assert run.examples[4].scores == (("exact_match", 0.0), ("pass_rate", 0.0), ("regex", 1.0))
    assert dict(run.examples[4].notes)["Exact Match"] == "The actual and expected outputs are different."


def test_a_deepeval_judge_that_failed_is_refused_and_says_how_often() -> None:
    found = refused("deepeval", GOLDEN / "deepeval-4.3.1" / "judge-failed.json")
    assert found["EIMP009"] == "1 of 4 measurements ended with an error: ValueError: the judge answered with nonsense."


def test_the_latest_run_of_deepeval_is_read_from_its_wrapping(tmp_path: Path) -> None:
    def change(document: Any) -> None:
        run = dict(document)
        document.clear()
        document["testRunData"] = run

    path = changed("deepeval", tmp_path, change)
    assert read_results("", path, version="4.3.1") == golden("deepeval", "deepeval-4.3.1/complete.json")


def test_judges_and_their_scores_keep_their_names(tmp_path: Path) -> None:
    def change(document: Any) -> None:
        for case in document["testCases"]:
            case["metricsData"][1].update(name="Faithfulness", evaluationModel="judge-1", score=0.25)
            case["metadata"] = {"slice": "all"}
        document["metricsScores"][1]["metric"] = "Faithfulness"
        document["hyperparameters"]["seed"] = 7

    run = read_results("deepeval", changed("deepeval", tmp_path, change), version="4.3.1")
    assert one(run, "deepeval:Faithfulness").unit == "score"
    assert one(run, "deepeval:Faithfulness", "all").value == 0.25
    assert run.settings.task.endswith("(judged by judge-1)")
    assert run.settings.seed == 7


@pytest.mark.parametrize(
    ("change", "code"),
    [
        (lambda d: d.update(testCases=[]), "EIMP005"),
        (lambda d: d["testCases"].pop(), "EIMP010"),
        (lambda d: d["testCases"][0].update(metricsData=[]), "EIMP005"),
        (lambda d: d["testCases"][0]["metricsData"][1].update(name="Exact Match"), "EIMP010"),
        (lambda d: d.update(testPassed=6, testFailed=0), "EIMP010"),
        (lambda d: d["metricsScores"][0]["scores"].pop(), "EIMP010"),
        (lambda d: d["testCases"][0].update(success=None), "EIMP011"),
        (lambda d: d["testCases"][0]["metricsData"][0].update(score=None), "EIMP011"),
        (lambda d: d.update(conversationalTestCases=[{}]), "EIMP011"),
        (lambda d: d.update(hyperparameters=None), "EIMP007"),
    ],
)
def test_a_deepeval_file_that_cannot_be_used_is_refused(change: Any, code: str, tmp_path: Path) -> None:
    assert code in refused_change("deepeval", tmp_path, change)


def test_a_report_of_evidently_is_read_by_column_and_label() -> None:
    run = golden("evidently", "evidently-0.7.23/report.json")
    assert (run.settings.tool, run.settings.version, run.settings.task) == (
        "evidently",
        "0.7.23",
        "report@b290f71e5aa4",
    )
    accuracy = one(run, "accuracy")
    assert (accuracy.value, accuracy.samples) == (0.945, 200)
    assert accuracy.stderr == pytest.approx((0.945 * 0.055 / 199) ** 0.5)
    assert one(run, "f1", "maybe").value == pytest.approx(0.9421487603305785)
    drift = one(run, "evidently:ValueDrift[method=psi,threshold=0.1]", "length")
    assert drift.value == pytest.approx(0.10468526678638886)
    assert run.examples == ()


def test_a_report_without_its_number_of_rows_is_refused() -> None:
    found = refused("evidently", GOLDEN / "evidently-0.7.23" / "no-row-count.json")
    assert found == {"EIMP008": "No metric tells the number of rows; add `RowCount()` to the report."}


@pytest.mark.parametrize(
    ("change", "code"),
    [
        (lambda d: d.update(metrics=[]), "EIMP005"),
        (lambda d: d["metrics"][0].update(value=0), "EIMP005"),
        (lambda d: d["metrics"][2].update(value={}), "EIMP005"),
        (lambda d: d["tests"][0].update(status="ERROR"), "EIMP004"),
        (lambda d: d["metrics"][1].update(value="nan"), "EIMP011"),
    ],
)
def test_a_report_that_cannot_be_used_is_refused(change: Any, code: str, tmp_path: Path) -> None:
    assert code in refused_change("evidently", tmp_path, change)


def test_a_value_by_column_and_label_names_both(tmp_path: Path) -> None:
    def change(document: Any) -> None:
        document["metrics"][4]["value"] = {"mean": 2.0}

    run = read_results("evidently", changed("evidently", tmp_path, change), version=DECLARED["evidently"])
    assert one(run, "evidently:MeanValue", "length=mean").value == 2.0
