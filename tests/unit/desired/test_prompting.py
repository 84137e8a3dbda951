"""How a release's prompt and decoding join a request."""

from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trueup.core.json import Json
from trueup.desired.jinja import check
from trueup.desired.prompting import PromptProblems, compose, fill_in, with_decoding

QUESTION: Mapping[str, Json] = {"role": "user", "content": "Hello {{name}}"}


def route(text: str, template_format: str = "mustache", *variables: Mapping[str, Json]) -> dict[str, Json]:
    return {
        "messages": [{"role": "system", "content": text}],
        "templateFormat": template_format,
        "variables": list(variables),
    }


def composed(declared: Mapping[str, Json], variables: Mapping[str, Json] | None = None) -> str:
    messages = compose(declared, [QUESTION], variables or {})
    assert not isinstance(messages, PromptProblems), messages
    assert messages[-1] == QUESTION
    return str(messages[0]["content"])


def problems(declared: Mapping[str, Json], variables: Mapping[str, Json] | None = None) -> str:
    result = compose(declared, [QUESTION], variables or {})
    assert isinstance(result, PromptProblems)
    return " ".join(result.problems)


def test_the_prompt_comes_first_and_the_clients_text_is_never_a_template() -> None:
    assert composed(route("You are a shop.")) == "You are a shop."


def test_without_a_prompt_the_messages_stay_as_they_are() -> None:
    assert compose({}, [QUESTION], {}) == (QUESTION,)


@pytest.mark.parametrize(
    ("template_format", "template"),
    [
        ("mustache", "Shop of {{ owner }}, {{{owner}}}, {{&owner}}"),
        ("fstring", "Shop of {owner}, {owner}, {owner}"),
        ("jinja2", "Shop of {{ owner }}, {{owner}}, {% if owner %}{{ owner }}{% endif %}"),
    ],
)
def test_each_format_fills_in_its_own_way(template_format: str, template: str) -> None:
    text = composed(route(template, template_format, {"name": "owner"}), {"owner": "<Ann & Bo>"})
    assert text == "Shop of <Ann & Bo>, <Ann & Bo>, <Ann & Bo>"


@given(st.text())
def test_a_value_is_put_in_as_it_is_and_never_expanded(value: str) -> None:
    for template_format, template in (("mustache", "{{v}}"), ("fstring", "{v}"), ("jinja2", "{{v}}")):
        assert fill_in(template, template_format, {"v": value}) == value


@given(st.text(st.characters(exclude_characters="{}"), max_size=50))
def test_text_without_placeholders_stays_as_it_is(text: str) -> None:
    assert fill_in(text, "mustache", {}) == text
    assert fill_in(text, "fstring", {}) == text


def test_doubled_braces_of_fstring_mean_the_character() -> None:
    assert fill_in('{{"a": {v}}}', "fstring", {"v": 1}) == '{"a": 1}'


@pytest.mark.parametrize(
    ("value", "text"), [(1, "1"), (True, "true"), ([1, "a"], '[1, "a"]'), ({"a": None}, '{"a": null}')]
)
def test_a_value_that_is_no_text_is_spelled_as_json(value: Json, text: str) -> None:
    assert fill_in("{{v}}", "mustache", {"v": value}) == text


def test_a_dotted_name_looks_into_an_object() -> None:
    assert fill_in("{{a.b}}", "mustache", {"a": {"b": "x"}}) == "x"


@pytest.mark.parametrize(
    ("template_format", "template"),
    [
        ("mustache", "{{missing}}"),
        ("mustache", "{{#section}}{{/section}}"),
        ("mustache", "{{> partial}}"),
        ("mustache", "{{}}"),
        ("mustache", "{{a.b}}"),
        ("fstring", "{missing}"),
        ("fstring", "{a.__class__}"),
        ("fstring", "{a[0]}"),
        ("fstring", "{a!r}"),
        ("fstring", "{a:>10}"),
        ("fstring", "{"),
        ("jinja2", "{{ missing }}"),
        ("jinja2", "{% for"),
        ("jinja2", "{{ a.__class__.__mro__ }}"),
        ("jinja2", "{{ a.append(1) }}"),
        ("jinja2", "{% include 'x' %}"),
        ("jinja2", "{{ 1 / 0 }}"),
        ("jinja2", "{{ '{a}'.format() }}"),
        ("jinja2", "{{ '{}'.format() }}"),
        ("jinja2", "{{ cycler() }}"),
        ("jinja2", "{{ 'x' | truncate(1) }}"),
        ("jinja2", "{{ 'x' | xmlattr }}"),
        ("jinja2", "{{ 'x'.encode('none') }}"),
        ("jinja2", "{{ 'a' * 10 ** 18 }}"),
        ("jinja2", "{{ '\\ud800' }}"),
        ("jinja2", "{% for i in range(10**9) %}{% endfor %}"),
        ("jinja2", "{% for i in range(10001) %}{% endfor %}"),
        ("jinja2", "{% for i in range(200) %}{% for j in range(200) %}{% endfor %}{% endfor %}"),
        ("jinja2", "{% for i in range(9) recursive %}{{ loop(range(9)) }}{% endfor %}"),
        ("jinja2", "{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}"),
        ("jinja2", "{% set b = 'ab' %}{% set b = b + b %}"),
        ("jinja2", "{% set b %}x{% endset %}"),
        ("jinja2", "{{ 'a' ~ 'b' }}"),
        ("jinja2", "{{ 'a' * 1000000000 }}"),
        ("jinja2", "{{ '%1000000000d' % 1 }}"),
        ("jinja2", "{{ 'a'.ljust(1000000000) }}"),
        ("jinja2", "{{ 'a' | center(1000000000) }}"),
        ("jinja2", "{{ range(9999) | join('a' * 1) }}"),
        ("jinja2", "{{ range(9999) | join('" + "a" * 999 + "') }}"),
        ("jinja2", "{{ ('" + "a" * 9999 + "') | replace('a', '" + "b" * 999 + "') }}"),
        ("jinja2", "{% for i in range(9999) %}" + "a" * 999 + "{% endfor %}"),
        ("jinja2", "{{ range(3) | tojson(indent=9) }}"),
        ("erb", "x"),
    ],
)
def test_what_a_template_may_not_do_is_a_problem(template_format: str, template: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        fill_in(template, template_format, {"a": []})
    assert problems(route(template, template_format, {"name": "a"}), {"a": []})


def test_what_prompts_do_with_jinja_goes_on_to_work() -> None:
    template = (
        "{% set n = rows | length %}{{ n * 2 }}: {% for r in rows if r.ok %}{{ loop.index }}/{{ loop.length }} "
        "{{ r.name.strip() | upper }}{% if not loop.last %}, {% endif %}{% endfor %} "
        "{{ rows | map(attribute='name') | join('; ') | replace('b', 'B') }} {{ rows[0].name | tojson }} {{ 7 % 4 }}"
    )
    rows: Json = [{"name": " a ", "ok": True}, {"name": "b", "ok": False}, {"name": "c", "ok": True}]
    assert fill_in(template, "jinja2", {"rows": rows}) == '6: 1/2 A, 2/2 C  a ; B; c " a " 3'


def test_a_template_is_checked_without_values() -> None:
    check("{% if a %}{{ b }}{% endif %}")
    for wrong in ("{% if %}", "{% block x %}{% endblock %}"):
        with pytest.raises(ValueError, match="The jinja2 template fails"):
            check(wrong)


def test_a_rendering_takes_nothing_from_the_budget_of_the_next() -> None:
    template = "{% for i in range(9000) %}{% endfor %}x"
    assert [fill_in(template, "jinja2", {}) for _ in range(3)] == ["x", "x", "x"]


def test_a_default_fills_what_is_absent() -> None:
    assert composed(route("{{v}}", "mustache", {"name": "v", "default": "d"})) == "d"
    assert composed(route("[{{v}}]", "mustache", {"name": "v", "required": False})) == "[]"


def test_a_missing_and_an_unknown_variable_are_told_together() -> None:
    text = problems(route("{{owner}}", "mustache", {"name": "owner"}), {"ownr": "x"})
    assert "no variable `ownr`; did you mean `owner`?" in text
    assert "`owner` has no value" in text


@pytest.mark.parametrize(
    ("schema", "value"),
    [
        ({"type": "string"}, 1),
        ({"type": "integer"}, True),
        ({"type": ["integer", "null"]}, "x"),
        ({"enum": ["a", "b"]}, "c"),
        ({"maxLength": 2}, "abc"),
    ],
)
def test_a_value_that_does_not_fit_its_schema_is_a_problem(schema: Json, value: Json) -> None:
    assert "`v`" in problems(route("{{v}}", "mustache", {"name": "v", "schema": schema}), {"v": value})


@pytest.mark.parametrize(
    ("schema", "value"),
    [({"type": "number"}, 1), ({"type": ["integer", "null"]}, None), ({"enum": ["a"]}, "a"), ({"maxLength": 3}, "abc")],
)
def test_a_value_that_fits_its_schema_is_taken(schema: Json, value: Json) -> None:
    assert composed(route("{{v}}", "mustache", {"name": "v", "schema": schema}), {"v": value})


def test_decoding_fills_in_only_what_the_client_leaves_open() -> None:
    declared: dict[str, Json] = {"decoding": {"temperature": 0, "max_tokens": 64}}
    assert with_decoding(declared, {"temperature": 1}) == {"temperature": 1, "max_tokens": 64}
    assert with_decoding({}, {"temperature": 1}) == {"temperature": 1}


def test_the_two_names_of_the_length_limit_never_meet() -> None:
    declared: dict[str, Json] = {"decoding": {"max_tokens": 64}}
    assert with_decoding(declared, {"max_completion_tokens": 8}) == {"max_completion_tokens": 8}


def test_extra_keys_of_the_runtime_are_sent_as_keys_of_their_own() -> None:
    declared: dict[str, Json] = {"decoding": {"temperature": 0, "extra_body": {"top_k": 5, "temperature": 9}}}
    assert with_decoding(declared, {"top_k": 7}) == {"temperature": 0, "top_k": 7}
