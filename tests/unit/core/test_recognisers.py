"""Recognisers of personal data: where it is, by shape and check digits."""

import sys
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trueup.core.recognisers import INTERNAL, PERSONAL, cards, emails, ibans, internal_hosts, phones, plain


def luhn_digit(digits: str) -> str:
    """Return the check digit, counted another way than the recogniser does."""
    for last in "0123456789":
        total = 0
        for place, digit in enumerate(reversed(digits + last)):
            number = int(digit) * (2 if place % 2 else 1)
            total += number // 10 + number % 10
        if total % 10 == 0:
            return last
    raise AssertionError


@given(st.text("0123456789", min_size=15, max_size=15))
def test_a_card_is_found_with_its_check_digit_and_with_no_other(digits: str) -> None:
    good = luhn_digit(digits)
    found = [last for last in "0123456789" if list(cards(f"Card {digits}{last}."))]
    assert found == ([] if len(set(digits + good)) == 1 else [good])


@given(st.text("0123456789", min_size=18, max_size=18))
def test_an_iban_is_found_with_its_check_digits_and_with_no_other(account: str) -> None:
    check = 98 - int(account + "131400") % 97  # D is 13, E is 14
    assert list(ibans(f"Pay to DE{check:02}{account} now"))
    assert not list(ibans(f"Pay to DE{check + 1:02}{account} now"))


def test_a_place_is_that_of_what_was_found() -> None:
    text = "Write to ada@analytical.org or call +49 30 901820."
    assert [text[a:b] for a, b in emails(text)] == ["ada@analytical.org"]
    assert [text[a:b] for a, b in phones(text)] == ["+49 30 901820"]
    host = "Ask db.corp.internal first."
    assert [host[a:b] for a, b in internal_hosts(host)] == ["db.corp.internal"]


def test_addresses_that_belong_to_nobody_are_none() -> None:
    assert not list(emails("a@example.com, b@x.test, c@sub.example.org"))


def test_groups_of_an_account_number_are_no_telephone() -> None:
    assert not list(phones("DE89 3704 0044 0532 0130 00"))


@pytest.mark.parametrize("text", ["اتصل على +49 30 901820", "שלום ada@analytical.org", "電話 +81 3 1234 5678"])
def test_scripts_around_it_do_not_hide_it(text: str) -> None:
    assert any(list(find(plain(text))) for find in PERSONAL.values())


def test_what_does_not_show_is_taken_out_and_what_looks_alike_is_made_equal() -> None:
    assert plain("a\u200bb＠\u00adx") == "ab@x"
    assert plain("plain") == "plain"


def test_every_character_that_unicode_calls_a_format_is_taken_out() -> None:
    formats = "".join(c for c in map(chr, range(sys.maxunicode + 1)) if unicodedata.category(c) == "Cf")
    assert plain(formats) == ""


@given(st.text())
def test_any_text_is_read(text: str) -> None:
    for find in (*PERSONAL.values(), *INTERNAL.values()):
        assert all(0 <= a < b <= len(plain(text)) for a, b in find(plain(text)))
