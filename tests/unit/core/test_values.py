"""Ids, digests, diagnostics, errors and suggestions."""

import pytest

from trueup.core.diagnostics import Code, Diagnostic, Severity, Span, has_errors, sort_diagnostics
from trueup.core.digests import digest_of, digest_of_bytes, is_digest, short
from trueup.core.errors import PermanentError, TransientError, TrueupError
from trueup.core.ids import ResourceId, parse_address
from trueup.core.json import canonical
from trueup.core.suggestions import did_you_mean

CODE = Code("SPEC001", "It is wrong", "It happens when it is.", "Make it right.")


@pytest.mark.parametrize(
    ("text", "id_"),
    [
        ("Model/tiny@2", ResourceId("Model", "tiny", "2")),
        ("System/shop", ResourceId("System", "shop")),
        ("Deployment/prod/support", ResourceId("Deployment", "support", environment="prod")),
    ],
)
def test_an_address_is_read_and_written_alike(text: str, id_: ResourceId) -> None:
    assert parse_address(text) == id_
    assert str(id_) == text


@pytest.mark.parametrize("text", ["", "tiny", "model/tiny@2", "Model/", "Model/a/b/c", "Model/a b", "Model/a@"])
def test_what_is_no_address_is_none(text: str) -> None:
    assert parse_address(text) is None


@pytest.mark.parametrize(
    ("address", "expected"), [("Model/tiny@2", "tiny@2"), ("Deployment/prod/support", "prod/support")]
)
def test_the_short_form_leaves_the_kind_out(address: str, expected: str) -> None:
    id_ = parse_address(address)
    assert id_ is not None
    assert id_.short == expected


def test_a_span_says_as_much_as_it_knows() -> None:
    assert str(Span("a.yaml")) == "a.yaml"
    assert str(Span("a.yaml", 3)) == "a.yaml:3:1"
    assert str(Span("a.yaml", 3, 7)) == "a.yaml:3:7"


def test_diagnostics_are_ordered_by_place_however_they_were_found() -> None:
    found = [Diagnostic(CODE, "b", Span("b.yaml", 1)), Diagnostic(CODE, "z"), Diagnostic(CODE, "a", Span("a.yaml", 9))]
    assert [d.detail for d in sort_diagnostics(found)] == ["z", "a", "b"]
    assert sort_diagnostics(reversed(found)) == sort_diagnostics(found)


def test_warnings_are_no_errors() -> None:
    warning = Diagnostic(CODE, "careful", severity=Severity.WARNING)
    assert not has_errors([warning])
    assert has_errors([warning, Diagnostic(CODE, "no")])


@pytest.mark.parametrize("kind", [TransientError, PermanentError])
def test_an_error_shows_as_a_diagnostic_with_its_own_hint_or_the_remedy(kind: type[TrueupError]) -> None:
    error = kind(CODE, "here", span=Span("a.yaml", 1))
    assert str(error) == "SPEC001 It is wrong: here"
    assert error.diagnostic() == Diagnostic(CODE, "here", Span("a.yaml", 1), "Make it right.")
    assert kind(CODE, "here", hint="do that").diagnostic().hint == "do that"


def test_the_order_of_keys_does_not_change_a_digest() -> None:
    assert digest_of({"a": 1, "b": [True, None]}) == digest_of({"b": [True, None], "a": 1})
    assert canonical({"b": "é", "a": 1}) == '{"a":1,"b":"é"}'.encode()


def test_integers_and_floats_stay_apart() -> None:
    assert digest_of(1) != digest_of(1.0)


def test_what_json_cannot_spell_has_no_digest() -> None:
    with pytest.raises(ValueError, match="not JSON compliant"):
        digest_of(float("nan"))


def test_a_digest_is_told_from_other_text() -> None:
    digest = digest_of_bytes(b"")
    assert is_digest(digest)
    assert not is_digest(digest.upper())
    assert not is_digest(digest + "0")
    assert short(digest) == "e3b0c44298fc"
    assert short(digest, 4) == "e3b0"


def test_the_closest_name_is_suggested_and_nothing_far_off() -> None:
    assert did_you_mean("tiny-gtp", ["tiny-gpt", "other"]) == "did you mean `tiny-gpt`?"
    assert did_you_mean("zzz", ["tiny-gpt"]) == ""
