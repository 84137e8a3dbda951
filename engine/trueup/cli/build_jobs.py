"""`trueup build REF --render-job`: its arguments, and what it does."""

import argparse

from trueup.cli.console import Console
from trueup.cli.exit_codes import ExitCode
from trueup.cli.reports import report_invalid


def add_job_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of `--render-job`."""
    parser.add_argument(
        "--render-job", action="store_true", help="print the build as a Kubernetes Job, for mode `engine`"
    )
    parser.add_argument("--claim", metavar="NAME", default="", help="of a Job: the claim that holds the store")
    parser.add_argument("--trueup-image", metavar="IMAGE", default="", help="of a Job: an image with trueup, by digest")
    parser.add_argument("--namespace", metavar="NAME", default="", help="of a Job: its namespace")
    parser.add_argument("--queue", metavar="NAME", default="", help="of a Job: its queue of Kueue")
    parser.add_argument("--pull-secret", metavar="NAME", default="", help="of a Job: the Secret for its registry")
    parser.add_argument("--scratch-class", metavar="NAME", default="", help="of a Job: StorageClass of its scratch")


def named_job_options(arguments: argparse.Namespace) -> tuple[str, ...]:
    """Return the options of a Job that *arguments* have a value for, as they are spelled on the command line."""
    return tuple(f"--{name.replace('_', '-')}" for name in _JOB_OPTIONS if getattr(arguments, name))


_JOB_OPTIONS = ("claim", "trueup_image", "namespace", "queue", "pull_secret", "scratch_class")


def render_job(arguments: argparse.Namespace, console: Console) -> ExitCode:
    """Print the Job of the Build that *arguments* name."""
    from pathlib import Path

    from trueup.adapters.builders.tensorrt import probe
    from trueup.builds.job import JobOptions
    from trueup.cli.views.build_job import render
    from trueup.cli.wiring import open_workspace
    from trueup.workflows.build_job import BuildJobRequest, build_job
    from trueup.workflows.loading import Invalid

    options = JobOptions(
        claim=arguments.claim,
        image=arguments.trueup_image,
        namespace=arguments.namespace,
        queue=arguments.queue,
        pull_secret=arguments.pull_secret,
        scratch_class=arguments.scratch_class,
    )
    request = BuildJobRequest(arguments.build, options, arguments.model, arguments.revision)
    text = Path(probe.__file__).read_text(encoding="utf-8")
    job = build_job(open_workspace(console), request, text)
    if isinstance(job, Invalid):
        return report_invalid(job, console)
    for finding in job.findings:
        console.note(f"{finding.level.value} {finding.code.id}: {finding.detail}")
    console.publish(lambda output, _style: render(job.objects, output))
    return ExitCode.DONE
