"""A checked Build in every format."""

import json
from dataclasses import replace

from jsonschema import Draft202012Validator

from trueup.builds import codes
from trueup.builds.accelerators import product_of
from trueup.builds.checks.subject import Subject
from trueup.builds.declared import Declared, Weights
from trueup.builds.findings import Finding, Level
from trueup.builds.fit import fit_table
from trueup.builds.network import Network
from trueup.builds.report import BuildReport, Placed
from trueup.cli.output import PLAIN, Format, Style
from trueup.cli.views.build_check import build_check_schema, render
from trueup.core.diagnostics import Span

EIGHT = Network("LlamaForCausalLM", 32, 4096, 14336, 32, 8, 128, 128256, 131072)
TABLE = fit_table(Subject(Declared("pytorch", "fp8"), Weights(), EIGHT), [product_of("H100"), product_of("A10")])
assert not isinstance(TABLE, str)
PLACE = Span("spec/builds/fast.yaml", 7, 18)
REPORT = BuildReport(
    build="Build/fast@1",
    mode="pytorch",
    model="Model/big@1",
    deployments=("Deployment/prod/chat",),
    sizes_from="config.json in the store",
    findings=(
        Placed(
            Finding(codes.OUTSIDE_WINDOW, Level.ERROR, "It is gone.", "take `pytorch`"),
            "Build/fast@1",
            PLACE,
        ),
        Placed(Finding(codes.WRONG_DTYPE, Level.WARNING, "float32 is | large."), "Build/fast@1"),
        Placed(Finding(codes.OUT_OF_MEMORY, Level.INFO, "Building takes 30 GiB."), "Build/fast@1", PLACE),
        Placed(Finding(codes.OUT_OF_DISK, Level.UNKNOWN, "Free disk is not known."), "Build/fast@1"),
    ),
    table=TABLE,
)
CLEAN = replace(REPORT, findings=(), deployments=(), table=(), untold="the network is not known")


def shown(report: BuildReport, output: Format, style: Style = PLAIN) -> str:
    return render(report, {PLACE: "    tensorrtLlm: 1.3.0"}, output, style, 100)


def test_text_has_place_line_and_hint_then_what_is_not_known_and_the_table() -> None:
    text = shown(REPORT, Format.TEXT)
    assert "Build/fast@1 (mode pytorch) of Model/big@1, for Deployment/prod/chat" in text
    assert "spec/builds/fast.yaml:7:18: error BLD101: The toolchain does not have the mode" in text
    assert "7 |     tensorrtLlm: 1.3.0" in text
    assert "hint: take `pytorch`" in text
    assert text.index("Not known") < text.index("Good to know") < text.index("Fit")
    assert "fits on 1x H100 SXM up to" in text
    assert "refused: A10" in text
    assert "config.json in the store" in text
    assert "refused (1 error, 1 warning, 1 not known)." in text
    assert max(map(len, text.splitlines())) <= 100


def test_a_note_is_not_called_what_its_code_is_called() -> None:
    assert "It does not fit" not in shown(REPORT, Format.TEXT)
    assert "It does not fit" not in shown(REPORT, Format.MARKDOWN)


def test_text_without_a_table_says_why() -> None:
    text = shown(CLEAN, Format.TEXT, Style(enabled=True))
    assert "which no deployment uses yet" in text
    assert "no table: the network is not known" in text
    assert "nothing known against it (0 errors, 0 warnings)." in text


def test_small_sizes_are_told_in_smaller_units() -> None:
    tiny = replace(EIGHT, layers=1, hidden=128, feed_forward=256, vocabulary=512, context=512)
    table = fit_table(Subject(Declared("pytorch"), Weights(), tiny), [product_of("L4")])
    assert not isinstance(table, str)
    assert " MiB " in shown(replace(REPORT, table=table), Format.TEXT)


def test_markdown_is_a_list_and_a_table_that_no_value_breaks() -> None:
    text = shown(REPORT, Format.MARKDOWN)
    assert "- `spec/builds/fast.yaml:7:18`: error **BLD101** The toolchain does not have the mode." in text
    assert "| accelerator | needs | weights |" in text
    assert "float32 is &#124; large." in text
    assert "No fit table: the network is not known." in shown(CLEAN, Format.MARKDOWN)


def test_json_has_the_published_schema() -> None:
    for report in (REPORT, CLEAN):
        document = json.loads(shown(report, Format.JSON))
        Draft202012Validator(build_check_schema()).validate(document)
    document = json.loads(shown(REPORT, Format.JSON))
    assert document["refused"] is True
    assert [f["level"] for f in document["findings"]] == ["error", "warning", "info", "not known"]
    assert [f["fits"] for f in document["fit"]] == [True, False]


def test_a_row_with_a_doubt_says_why_in_every_format() -> None:
    subject = Subject(Declared("pytorch", "nvfp4"), Weights(), EIGHT)
    table = fit_table(subject, [product_of("H100")])
    assert not isinstance(table, str)
    report = replace(REPORT, table=table)
    said = "but may not compute: H100 SXM (compute capability 9.0)"
    assert said in " ".join(shown(report, Format.TEXT).split())
    assert said.partition(" (")[0] in shown(report, Format.MARKDOWN)
    document = json.loads(shown(report, Format.JSON))
    Draft202012Validator(build_check_schema()).validate(document)
    assert document["fit"][0]["doubt"].startswith("H100 SXM")
