"""Options of a rendered Job."""

import argparse

import pytest

from trueup.cli.build_jobs import add_job_arguments, named_job_options


@pytest.mark.parametrize(
    ("words", "named"),
    [
        ([], ()),
        (["--render-job"], ()),
        (["--claim", "store"], ("--claim",)),
        (["--scratch-class", "fast", "--trueup-image=x@sha256:1"], ("--trueup-image", "--scratch-class")),
        (["--namespace", "n", "--queue", "q", "--pull-secret", "s"], ("--namespace", "--queue", "--pull-secret")),
    ],
)
def test_the_options_of_a_job_that_are_given_are_named(words: list[str], named: tuple[str, ...]) -> None:
    parser = argparse.ArgumentParser()
    add_job_arguments(parser)
    assert named_job_options(parser.parse_args(words)) == named


def test_every_option_of_a_job_is_known() -> None:
    parser = argparse.ArgumentParser()
    add_job_arguments(parser)
    options = [o for a in parser._actions for o in a.option_strings if o not in ("-h", "--help", "--render-job")]
    assert named_job_options(parser.parse_args([w for o in options for w in (o, "x")])) == tuple(options)
