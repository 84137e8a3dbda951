"""What prompts should not hold."""

import time
from typing import Any

import pytest

from trueup.policy.facts.prompts import prompt_findings


def kinds(text: str) -> set[str]:
    document = {"kind": "Prompt", "spec": {"template": text}}
    return {f["kind"] for f in found({"Prompt/x@1": document})}


def found(documents: dict[str, Any], secrets: dict[str, Any] | None = None) -> list[dict[str, Any]]:
    return prompt_findings(documents, secrets or {})  # type: ignore[return-value]  # JSON


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("Write to ada.lovelace@analytical.org when unsure.", "email"),
        ("Write to ada＠analytical.org.", "email"),
        ("Write to ada@\u200banalytical.org.", "email"),
        ("Call +49 30 901820 at night.", "phone"),
        ("Call 0049 (0)30 901820.", "phone"),
        ("Call (212) 555-0199 now.", "phone"),
        ("Call 212-555-0199.", "phone"),
        ("Call 030 901820.", "phone"),
        ("Card 4111 1111 1111 1111 works.", "card"),
        ("Card 4111111111111111.", "card"),
        ("Pay to DE89 3704 0044 0532 0130 00 please.", "iban"),
        ("Pay to GB82WEST12345698765432.", "iban"),
        ("Pay to DE89 3704 0044 0532 0130 00 NOW OR NEVER AGAIN", "iban"),
        ("Ask wiki.corp.internal first.", "hostname"),
        ("Ask http://db-1.prod.svc.cluster.local:5432/x", "hostname"),
        ("Ask nas.home.arpa.", "hostname"),
        ("The host is 10.1.2.3.", "address"),
        ("The host is 192.168.1.10:8080", "address"),
        ("The host is 172.20.0.1", "address"),
        ("The host is fd12:3456:789a::1", "address"),
    ],
)
def test_what_a_prompt_should_not_hold_is_found(text: str, kind: str) -> None:
    assert kinds(text) == {kind}


@pytest.mark.parametrize(
    "text",
    [
        "You are the assistant of a small shop. Answer in one short sentence.",
        "Write to support@example.com or a@b.test.",
        "Answer {{question}} by {{ customer.email }}.",
        "The number 4111 1111 1111 1112 fails its check.",
        "Say 1111 1111 1111 1111 for nothing.",
        "In 2026-11-21T12:00:00Z the price was 1,234,567.89 EUR; 3.141592653589793 is pi.",
        "DE89 3704 0044 0532 0130 01 is wrong, XX89370400440532013000 is nowhere, DE89 3704 is short.",
        "The release 1.2.3.4, the address 8.8.8.8, the net 172.32.0.1 and 110.1.2.3 are public.",
        "Our local internal corp lan says hello.local-ish and thinternal.",
        "Use sha256:4111111111111111411111111111111141111111111111114111111111111111.",
        "f(x) = fd:00, and 12:34:56 is a time.",
    ],
)
def test_plain_words_are_not_taken_for_anything(text: str) -> None:
    assert kinds(text) == set()


def test_every_part_that_reaches_the_model_is_looked_at_and_tests_are_not() -> None:
    mail = "ada@analytical.org"
    spec = {
        "messages": [
            {"role": "system", "content": {"file": "p.txt", "content": mail}},
            {"role": "user", "content": ""},
        ],
        "tools": [{"function": {"description": mail}}],
        "variables": [{"name": "x", "default": mail, "required": True}],
        "tests": [{"message": mail}],
    }
    places = [tuple(f["path"]) for f in found({"Prompt/x@1": {"spec": spec}})]
    assert places == [
        ("spec", "messages", 0, "content", "content"),
        ("spec", "tools", 0, "function", "description"),
        ("spec", "variables", 0, "default"),
    ]


def test_secrets_that_were_found_are_named_and_other_kinds_of_documents_are_not_looked_at() -> None:
    documents = {
        "Model/x@1": {"spec": {"template": "ada@analytical.org"}},
        "Prompt/x@1": {"spec": {"template": "fine"}},
    }
    secrets = {"Prompt/x@1": [("spec", "template")], "Model/x@1": [("spec",)]}
    assert found(documents, secrets) == [{"address": "Prompt/x@1", "path": ["spec", "template"], "kind": "secret"}]


def test_no_finding_repeats_what_was_found() -> None:
    assert "analytical" not in str(found({"Prompt/x@1": {"spec": {"template": "ada@analytical.org"}}}))


@pytest.mark.parametrize("part", ["a", "1", "1 ", "a.", "a@", "(1", "DE11", "+1 ", "10.", "ab:"])
def test_a_large_prompt_made_to_be_slow_is_not(part: str) -> None:
    began = time.process_time()
    kinds(part * (100_000 // len(part)))
    assert time.process_time() - began < 20
