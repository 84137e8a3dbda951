"""A comment out of an artifact is posted only when it has nothing but the shapes that trueup writes."""

import pytest

from trueup.cli.views.comment_safety import unsafe

PAGES = ("https://github.com/shop/llm/",)
GOOD = """<!-- trueup:ci:shop:v1 -->
### \u2705 trueup shop: allowed

**1 to update &#40;x&#41;**

- `prod` `!` **EV-01** text @&#8203;name, `@name #1 <b>`: fine

| a | b |
| --- | --- |
| `x\\|@y` | 1 -&gt; 2 <del>a</del><br>b |

<details>
<summary>dev: &#43; create</summary>

````diff
+ @everyone #1 <script> ```
````

</details>

---
Made by [this run](https://github.com/shop/llm/actions/runs/1).
"""


def test_what_trueup_writes_is_fine() -> None:
    assert unsafe(GOOD, PAGES) == []


@pytest.mark.parametrize(
    "line",
    [
        "@everyone",
        "hello @acme/admins",
        "&#64;everyone",
        "&commat;everyone",
        "see #12",
        "see shop/llm#12",
        "&#35;12",
        "GH-12",
        "!12 of GitLab",
        "~label",
        "https://evil.example",
        "www.evil.example",
        "[this run](https://evil.example/x)",
        "[this run](https://github.com/shop/other)",
        "[x](javascript:alert)",
        "[x]: https://evil.example",
        "![i](https://evil.example/i.png)",
        "<script>alert(1)</script>",
        "<img src=x>",
        "text <img src=x> text",
        "<details open>",
        "<summary>`x` @y</summary>",
        "<!-- trueup:ci:other:v1 -->",
        "\\`@everyone`",
        "`not closed @everyone",
        "``` @everyone",
        "~~~",
        "    @everyone in a block of its own",
        " ```",
        "- ```",
        "> [!CAUTION]",
        "/close",
        "::set-output name=x::y",
        "x ##[error]y",
        "x ##vso[task.setvariable]y",
        "bell \x07",
        "\u202egnp.exe",
        "a\x0b@b",
        "</details>",
        "<details>",
        "```",
        "```mermaid",
        "```suggestion",
    ],
)
def test_a_line_of_another_shape_is_refused(line: str) -> None:
    body = GOOD.replace("**1 to update &#40;x&#41;**", line)
    assert body != GOOD
    assert unsafe(body, PAGES) != []


@pytest.mark.parametrize(
    "lines",
    [
        "<details>\n`@everyone`\n\n</details>",
        "<details>\n```\n@everyone\n```\n</details>",
        "<details>\n\n`x`\n</details>\n`@everyone`",
        "a | b\n--- | ---\n`x | @everyone` y",
        "a |\n---\n`@everyone | x`",
        "| a | b |\n| --- | --- |\n`x | @everyone` y",
        "x | `a\n| --- | --- |\n| @everyone` | b |",
        "~~~\n```\n~~~\n@everyone\n```",
        "text\n```\n@everyone\n```",
        "```\n  ```\n@everyone\n```",
        "```\n````\n@everyone\n```",
        "| `a | @everyone` |",
    ],
)
def test_what_two_readers_could_take_differently_is_refused(lines: str) -> None:
    assert unsafe(GOOD.replace("**1 to update &#40;x&#41;**", lines), PAGES) != []


def test_a_link_needs_a_page_that_is_known() -> None:
    assert [p for p in unsafe(GOOD) if "leads to https://github.com/shop/llm/actions/runs/1" in p]
