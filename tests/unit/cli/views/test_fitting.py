"""Cutting markdown to a number of bytes."""

import pytest

from trueup.cli.views.fitting import Block, Group, block, fit, size_of

LIST = Block(("", "**Title:**", ""), tuple(f"- item {n:03}" for n in range(100)))
FENCE = Block(
    ("<details>", "", "```diff"), tuple(f"+ line {n:03}" for n in range(100)), ("```", "</details>"), "@@ {} @@"
)


def size(lines: list[str]) -> int:
    return sum(map(size_of, lines))


def test_what_fits_is_whole() -> None:
    fitted = fit([Group([LIST, FENCE])], 10_000)
    assert fitted.lines == [*LIST.head, *LIST.items, *FENCE.head, *FENCE.items, *FENCE.tail]
    assert (fitted.cut, fitted.room <= 10_000 - size(fitted.lines)) == (0, True)


@pytest.mark.parametrize("room", range(0, 3_000, 37))
@pytest.mark.parametrize("fair", [True, False])
def test_what_is_cut_stays_within_the_room_and_closes_what_it_opens(room: int, fair: bool) -> None:
    fitted = fit([Group([LIST, FENCE, FENCE], fair)], room)
    assert size(fitted.lines) <= room
    assert fitted.lines.count("```diff") == fitted.lines.count("```") == fitted.lines.count("</details>")


def test_what_is_left_out_is_counted() -> None:
    fitted = fit([Group([LIST])], 300)
    shown = [line for line in fitted.lines if line.startswith("- item")]
    assert fitted.lines[-1] == f"- and {100 - len(shown)} more"
    assert fitted.cut == 1


def test_nothing_follows_a_block_that_was_cut() -> None:
    small = Block(("small",))
    fitted = fit([Group([LIST, small, small])], 300)
    assert "small" not in fitted.lines
    assert fitted.cut == 3


def test_in_turn_a_long_list_leaves_room_for_others() -> None:
    other = Block(("**Other:**",), ("- one", "- two"))
    fitted = fit([Group([LIST, other], fair=True)], 400)
    assert {"- one", "- two", "- item 000"} <= set(fitted.lines)


def test_the_first_group_goes_first() -> None:
    fitted = fit([Group([LIST]), Group([Block(("later",))])], size([*LIST.head, *LIST.items]) + 30)
    assert "- item 099" in fitted.lines
    assert fitted.cut == 1


def test_items_above_the_most_are_counted_with_those_that_do_not_fit() -> None:
    made = block(["head"], LIST.items, 10, more="+ {}")
    assert made.shown(4) == ["head", *LIST.items[:4], "+ 96"]
    assert made.shown(10)[-1] == "+ 90"


def test_bytes_are_counted_and_not_characters() -> None:
    assert size_of("\u00e9\u20ac") == 6
