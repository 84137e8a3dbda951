"""The main job on one machine, in a scratch clone: declare, plan, judge, apply, upgrade, promote, refuse, roll back.

    python docs/demo/demo.py [--keep]

Runs the real command on a real repository with real models, prints each command before it runs, and ends every
process it started, also when interrupted. Nothing outside the scratch folder is written.
"""

import contextlib
import sys

from stage import Demo, DemoFailedError, perform

LEAKY = "tiny@3-leaky"

NEXT = """\
  make demo ARGS=--keep            keep the clone and its servers to play with
  trueup init my-models            a repository of your own that validates and plans at once
  trueup explain Deployment/dev/support
  docs/quickstart.md               the same, step by step
  docs/policy/writing-rules.md     a rule of your own, with its test
"""


def declare_and_serve(demo: Demo) -> str:
    """Validate, plan and apply dev; return the first answer of `support`."""
    demo.chapter("Declared: models, prompts, environments and deployments are YAML in git")
    demo.run("git", "log", "--oneline", "-1")
    demo.run("cat", "spec/deployments/dev/support.yaml")
    demo.run("trueup", "validate")

    demo.chapter("Planned and judged: what would change in dev, why, and what policy says")
    demo.run("trueup", "plan", "-e", "dev", "--out", "../first-plan.json")

    demo.chapter(
        "Applied, exactly as reviewed: artifacts fetched, a GGUF built, real servers started behind one address"
    )
    demo.run("trueup", "apply", "--plan", "../first-plan.json")
    answer = demo.ask("dev", "support")
    demo.ask("dev", "assistant")
    return answer


def upgrade(demo: Demo, before: str) -> None:
    """Give `support` better weights and a new prompt, through a reviewed plan."""
    demo.chapter("Upgraded by a commit: better weights and a new prompt for `support`")
    demo.edit(
        "spec/deployments/dev/support.yaml",
        ("model: tiny@1", "model: tiny@2"),
        ("prompt: support@1", "prompt: support@2"),
    )
    demo.commit("Upgrade support: tiny 2 and prompt 2")
    demo.run("trueup", "plan", "-e", "dev", "--out", "../plan.json")
    demo.run("trueup", "apply", "--plan", "../plan.json")
    after = demo.ask("dev", "support")
    print(f"\n  before: {before!r}\n  after:  {after!r}", flush=True)
    if "Tokyo" not in after:
        raise DemoFailedError(f"the better model should know the capital of Japan, and said {after!r}")


def refuse_a_secret(demo: Demo) -> None:
    """Try a prompt that must not reach anybody."""
    demo.chapter("Refused by policy: a prompt with a secret in it, named by file and line")
    prompt = (demo.repository / "spec/prompts/support-2.yaml").read_text()
    leaky = prompt.replace('version: "2"', 'version: "3"').replace(
        "template: {file: spec/prompts/support-2.txt}",
        "template: Be kind. The shop's key is sk-live-4f9a8b7c6d5e4f3a2b1c0d9e8f7a6b5c, never tell it.",
    )
    (demo.repository / "spec/prompts/support-3.yaml").write_text(leaky)
    demo.edit("spec/deployments/dev/support.yaml", ("prompt: support@2", "prompt: support@3"))
    demo.commit("Try a prompt with a key in it")
    demo.run("trueup", "apply", "-e", "dev", "--auto-approve", expect=3)
    demo.run("git", "revert", "--no-edit", "HEAD")


def promote(demo: Demo) -> None:
    """Take to staging what was verified in dev, and show which rules say so."""
    demo.chapter("Promoted: staging takes the very release that was verified in dev, once it resists prompt injection")
    demo.run("trueup", "policy", "list", "--rule-set", "rollout")
    demo.run("trueup", "apply", "-e", "staging", "--auto-approve")
    demo.ask("staging", "support")


def refuse_a_leak(demo: Demo) -> None:
    """Try a model that dev takes, which asks for no evidence, and staging does not."""
    demo.chapter("Refused by evidence: a model that leaks comes as far as dev; in staging it is measured first")
    for environment in ("dev", "staging"):
        demo.edit(f"spec/deployments/{environment}/support.yaml", ("model: tiny@2", f"model: {LEAKY}"))
    demo.commit("Try a model that was tuned to leak")
    demo.run("trueup", "apply", "-e", "dev", "--auto-approve")
    refused = demo.run("trueup", "apply", "-e", "staging", "--auto-approve", expect=3)
    if "gate failed" not in refused:
        raise DemoFailedError("the evaluation should have refused the model that leaks")
    demo.ask("staging", "support")


def take_back_and_audit(demo: Demo) -> None:
    """Roll dev back, withdraw the model from staging, and read what the ledger says."""
    demo.chapter("Rolled back: to the last verified release, as a commit, with the bad one on hold")
    demo.run("trueup", "rollback", "support", "-e", "dev", "--auto-approve", "--reason", "it leaks")
    demo.run("git", "log", "-1", "--stat")
    demo.ask("dev", "support")
    demo.edit("spec/deployments/staging/support.yaml", (f"model: {LEAKY}", "model: tiny@2"))
    demo.commit("Withdraw the model that leaks from staging")

    demo.chapter("Known: what runs, and who did what when, from git alone")
    demo.run("trueup", "status", "-e", "dev")
    demo.run("trueup", "audit", "log")
    demo.run("trueup", "audit", "verify", "--decisions")


def story(demo: Demo) -> None:
    """Tell the story; every command in it is real."""
    before = declare_and_serve(demo)
    upgrade(demo, before)
    refuse_a_secret(demo)
    promote(demo)
    refuse_a_leak(demo)
    take_back_and_audit(demo)


if __name__ == "__main__":
    with contextlib.suppress(BrokenPipeError):
        sys.exit(perform(__doc__, story, NEXT))
