"""One comment, changed only when it says another thing."""

from forges import FakeForge
from trueup.workflows.commenting import Written, post_comment, said_in

MARKER = "<!-- trueup:ci:shop:v1 -->"
BODY = f"{MARKER}\n### allowed\n\nMade 12:00 UTC.\n"


def forge() -> FakeForge:
    made = FakeForge()
    made.state.add("change")
    return made


def test_the_first_time_it_is_written_and_then_left_alone() -> None:
    there = forge()
    assert post_comment(there, 1, BODY, "Made ").written is Written.CREATED
    assert post_comment(there, 1, BODY.replace("12:00", "13:00"), "Made ").written is Written.UNCHANGED
    assert [n["body"] for n in there.state.notes] == [BODY]


def test_another_thing_to_say_changes_it_in_place() -> None:
    there = forge()
    post_comment(there, 1, BODY, "Made ")
    assert post_comment(there, 1, BODY.replace("allowed", "blocked"), "Made ").written is Written.CHANGED
    assert [n["body"] for n in there.state.notes] == [BODY.replace("allowed", "blocked")]


def test_what_somebody_edited_is_written_again() -> None:
    there = forge()
    post_comment(there, 1, BODY, "Made ")
    there.state.notes[0]["body"] = BODY.replace("allowed", "approved by me")
    assert post_comment(there, 1, BODY, "Made ").written is Written.CHANGED


def test_our_line_in_the_comment_of_another_is_not_ours() -> None:
    there = forge()
    there.state.say(1, BODY, "mallory")
    assert post_comment(there, 1, BODY, "Made ").written is Written.CREATED
    assert len(there.state.notes) == 2


def test_another_comment_of_ours_is_left_alone() -> None:
    there = forge()
    there.state.say(1, "<!-- trueup:ci:other:v1 -->\nx")
    there.state.say(1, "Superseded.")
    assert post_comment(there, 1, BODY, "Made ").written is Written.CREATED


def test_nothing_to_tell_makes_no_comment_and_changes_one_that_is_there() -> None:
    there = forge()
    assert post_comment(there, 1, BODY, "Made ", only_if_there=True).written is Written.NOT_NEEDED
    post_comment(there, 1, BODY, "Made ")
    quiet = BODY.replace("allowed", "unchanged")
    assert post_comment(there, 1, quiet, "Made ", only_if_there=True).written is Written.CHANGED


def test_line_ends_that_a_forge_changes_are_not_another_thing() -> None:
    assert said_in(BODY.replace("\n", "\r\n") + "\n\n", "Made ") == said_in(BODY, "Made ")
    assert said_in(BODY + "x", "Made ") != said_in(BODY, "Made ")
