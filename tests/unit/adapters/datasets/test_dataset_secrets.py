"""Secrets and personal data in records: found, counted, and never shown. Nothing here is or was in force."""

import json
from pathlib import Path

import pytest

from checked_data import check, checked
from trueup.adapters.datasets.checks.sensitive import may_hold_secret, secret_finder
from trueup.evidence.data import Outcome

# Put together here, so that no scanner takes this file for a leak.
KEYS = {
    "AWS": "AKIA" + "IOSFODNN7EXAMPLE",
    "GitHub": "ghp" + "_" + "a1B2" * 9,
    "Slack": "xoxb-" + "123456789012-123456789012-" + "a1B2c3D4e5F6g7H8i9J0k1L2",
    "Stripe": "sk_live_" + "a1B2c3D4e5F6g7H8i9J0k1L2",
    "OpenAI": "sk-" + "a1B2c3D4e5F6g7H8i9J0" + "T3BlbkFJ" + "a1B2c3D4e5F6g7H8i9J0",
    "block": "-----BEGIN RSA PRIVATE KEY-----\nMIIE\n-----END RSA PRIVATE KEY-----",
    "address": "https://ada:hunter2@shop.test/x",
    "SendGrid": "SG." + "a1B2c3D4e5F6g7H8i9J0kk" + "." + "a1B2c3D4e5F6g7H8i9J0k1L2m3N4o5P6q7R8s9T0u1V",
    "JWT": "eyJhbGciOiJIUzI1NiJ9" + "." + "eyJzdWIiOiIxMjM0NTY3ODkwIn0" + "." + "c2lnbmF0dXJlLW9mLW5vdGhpbmc",
    "Hugging Face": "hf_" + "aBcDeFgHiJkLmNoPqRsT",
}


@pytest.mark.parametrize("key", KEYS.values(), ids=KEYS)
def test_a_key_is_found_wherever_it_is_and_is_not_shown(tmp_path: Path, key: str) -> None:
    record = {"messages": [{"content": f"please use {key} for it"}]}
    result = checked(tmp_path, [{"a": "nothing"}, record], check("secrets"))
    assert result.outcome is Outcome.FAILED
    assert result.findings[0].place == "data-1.jsonl:2"
    told = json.dumps([f.to_json() for f in result.findings])
    assert not any(part in told for part in (key, key[:8], "hunter2"))


@pytest.mark.parametrize(
    "text",
    [
        "The internationalisation of well-known things, step-by-step and state-of-the-art.",
        "See https://example.com/docs/getting-started and the file docs/guides/first-steps.md",
        "sha256:85ffa0b1e9606b9e8eba513f074dcb99007b7faea5da64b8dfda4be8c663ee8d is a digest.",
        "In 2026-11-21T12:00:00Z it was 3.14159265358979 and token token token.",
        "password: see the wiki; the api_key is what you were given",
        "ABRACADABRAABRACADABRA antidisestablishmentarianism",
        "مرحبا بالعالم كيف حالك اليوم يا صديقي العزيز",
    ],
)
def test_plain_words_are_no_keys(tmp_path: Path, text: str) -> None:
    assert checked(tmp_path, [{"a": text}], check("secrets")).outcome is Outcome.PASSED


def test_the_quick_look_lets_through_everything_that_a_format_would_find() -> None:
    assert all(may_hold_secret(f"a {key} b") for key in KEYS.values())
    assert not may_hold_secret("Only plain words, and a Well-Known one/two.")


def test_a_key_counts_once_whichever_format_it_has() -> None:
    found = list(secret_finder()(f"x {KEYS['GitHub']} y"))
    assert len(found) == 1


def test_letters_that_only_look_different_do_not_hide_a_key() -> None:
    assert list(secret_finder()(f"{KEYS['AWS'][:6]}\u200b{KEYS['AWS'][6:]}"))


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("Write to ada@analytical.org", "email"),
        ("Call +49 30 901820", "phone"),
        ("Card 4111 1111 1111 1111", "card"),
        ("Pay to DE89 3704 0044 0532 0130 00", "iban"),
        ("اكتب إلى ada@analytical.org", "email"),
        ("ada\u200b@analytical.org", "email"),
    ],
)
def test_personal_data_is_found_by_kind_and_not_shown(tmp_path: Path, text: str, kind: str) -> None:
    result = checked(tmp_path, [{"a": [text]}], check("pii"))
    assert (result.outcome, result.found) == (Outcome.FAILED, 1)
    assert [m.slice for m in result.measurements] == ["", kind]
    assert result.findings[0].what.startswith(f"{kind} (")
    assert not any(word in result.findings[0].what for word in text.split() if len(word) > 5)


def test_numbers_are_looked_at_and_wrong_check_digits_are_none(tmp_path: Path) -> None:
    assert checked(tmp_path, [{"a": 4111111111111111}], check("pii")).outcome is Outcome.FAILED
    assert checked(tmp_path, [{"a": 4111111111111112}], check("pii")).outcome is Outcome.PASSED


def test_only_the_kinds_and_the_column_that_are_asked_for_count(tmp_path: Path) -> None:
    records = [{"a": "ada@analytical.org", "b": "+49 30 901820"}]
    assert checked(tmp_path, records, check("pii", kinds=["phone"])).found == 1
    assert checked(tmp_path, records, check("pii", "a")).found == 1
    assert checked(tmp_path, records, check("pii", max=2)).outcome is Outcome.PASSED


def test_finding_the_same_in_two_records_is_two_findings(tmp_path: Path) -> None:
    result = checked(tmp_path, [{"a": KEYS["AWS"]}] * 30, check("secrets"))
    assert (result.found, len(result.findings), result.samples) == (30, 20, 30)


@pytest.mark.parametrize("key", [KEYS["AWS"], KEYS["GitHub"]])
@pytest.mark.parametrize("mark", ["\u200b", "\u2060", "\u00ad", "\u202e"])
def test_marks_that_do_not_show_do_not_hide_a_key(tmp_path: Path, key: str, mark: str) -> None:
    result = checked(tmp_path, [{"a": f"use {mark.join(key)}"}], check("secrets"))
    assert result.outcome is Outcome.FAILED


def test_letters_of_full_width_do_not_hide_a_key(tmp_path: Path) -> None:
    wide = "".join(chr(ord(c) + 0xFEE0) for c in KEYS["AWS"])
    assert checked(tmp_path, [{"a": wide}], check("secrets")).outcome is Outcome.FAILED
