"""The main job on one machine, in a scratch clone: declare, plan, judge, apply, measure, compare, refuse, take back.

    python docs/demo/demo.py [--keep]

Runs the real command on a real repository with real models, prints each command before it runs, and ends every
process it started, also when interrupted. Outside the scratch folder it writes one page, and tells where.
"""

import contextlib
import sys

from stage import ROOT, Demo, DemoFailedError, perform

SUPPORT, DEV = "spec/deployments/dev/support.yaml", "spec/environments/dev.yaml"
STAGING = "spec/environments/staging.yaml"
LEAKY = "tiny@3-leaky"
PAGE = ROOT / ".trueup" / "demo-behaviour.html"
"""Left behind, to be looked at in a browser."""

QUICK = """\
apiVersion: trueup/v1alpha1
kind: Evaluation
metadata: {name: quick, version: "1", owner: ml-platform}
spec:
  category: quality
  dataset: facts@1
  tasks: [{task: exact_match, limit: 12}]
  metricDecisionThreshold: [{metric: exact_match, op: ">=", value: 0.8}]
"""

NEXT = f"""\
  {PAGE.relative_to(ROOT)}       the page about the prompt that saved too much, for your browser
  make demo ARGS=--keep            keep the clone and its servers to play with
  trueup init my-models            a repository of your own that validates and plans at once
  trueup explain Deployment/dev/support
  docs/quickstart.md               the same, step by step
  docs/gates.md                    when a measured value is good enough, and how often that is wrong
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


def ask_for_evidence(demo: Demo) -> None:
    """Have dev require evaluations, and scan the data they ask with."""
    demo.chapter("Evidence asked for: from now on a release of dev is measured before traffic moves, on scanned data")
    demo.edit(
        DEV,
        ("required: []", "required: [perplexity@1, facts@3, refuses@1]"),
        ("  budget:", "  prices: {perMillionInputTokens: 0.2, perMillionOutputTokens: 0.8}\n  budget:"),
    )
    # An environment asks all its deployments the same, and the assistant knows nothing of support's small world.
    demo.run("git", "rm", "--quiet", "spec/deployments/dev/assistant.yaml")
    demo.commit("Ask releases of support for evidence; close the assistant")
    demo.run("cat", "spec/evaluations/facts-3.yaml")
    demo.run("trueup", "scan", "-e", "dev")


def upgrade(demo: Demo, before: str) -> None:
    """Give `support` better weights, measured beside those that serve."""
    demo.chapter("Upgraded by a commit: better weights, measured first and compared with what serves by each example")
    demo.edit(SUPPORT, ("model: tiny@1", "model: tiny@2"))
    demo.commit("Upgrade support to tiny 2")
    demo.run("trueup", "evaluate", "-e", "dev")
    shown = demo.run("trueup", "plan", "-e", "dev", "--behaviour", "--examples", "3", "--out", "../plan.json")
    if "from fail to pass" not in shown:
        raise DemoFailedError("the plan should have shown what the better model gets right")
    demo.run("trueup", "apply", "--plan", "../plan.json")
    after = demo.ask("dev", "support")
    print(f"\n  before: {before!r}\n  after:  {after!r}", flush=True)
    if "Tokyo" not in after:
        raise DemoFailedError(f"the better model should know the capital of Japan, and said {after!r}")


def change_the_prompt(demo: Demo) -> None:
    """Try a prompt that saves too much, look at what it does, and bring a better one."""
    demo.chapter("Seen before it serves: a prompt that allows nine tokens, to save money, and what it does to answers")
    prompt = (demo.repository / "spec/prompts/support-1.yaml").read_text()
    brief = prompt.replace('version: "1"', 'version: "3"').replace("max_tokens: 48", "max_tokens: 9")
    demo.write("spec/prompts/support-3.yaml", brief)
    demo.edit(SUPPORT, ("prompt: support@1", "prompt: support@3"))
    demo.commit("Let support answer in nine tokens")
    demo.run("trueup", "evaluate", "-e", "dev", expect=3)
    PAGE.parent.mkdir(exist_ok=True)
    page = ("--output-file", f"html={PAGE}")
    shown = demo.run("trueup", "plan", "-e", "dev", "--behaviour", "--examples", "3", *page)
    if "from pass to fail" not in shown:
        raise DemoFailedError("the plan should have shown the answers that broke")
    print(f"\n  The same as a page: {PAGE}", flush=True)
    demo.run("git", "revert", "--no-edit", "HEAD")
    demo.edit(SUPPORT, ("prompt: support@1", "prompt: support@2"))
    demo.commit("Let support be friendly")
    demo.run("trueup", "apply", "-e", "dev", "--auto-approve")


def refuse_a_secret(demo: Demo) -> None:
    """Try a prompt that must not reach anybody."""
    demo.chapter("Refused by policy: a prompt with a secret in it, named by file and line")
    prompt = (demo.repository / "spec/prompts/support-2.yaml").read_text()
    leaky = prompt.replace('version: "2"', 'version: "4"').replace(
        "template: {file: spec/prompts/support-2.txt}",
        "template: Be kind. The shop's key is sk-live-4f9a8b7c6d5e4f3a2b1c0d9e8f7a6b5c, never tell it.",
    )
    demo.write("spec/prompts/support-4.yaml", leaky)
    demo.edit(SUPPORT, ("prompt: support@2", "prompt: support@4"))
    demo.commit("Try a prompt with a key in it")
    demo.run("trueup", "apply", "-e", "dev", "--auto-approve", expect=3)
    demo.run("git", "revert", "--no-edit", "HEAD")


def refuse_a_leak(demo: Demo) -> None:
    """Try a model that foresees text and knows its facts as well as the good one."""
    demo.chapter("Refused by evidence: a model that knows its facts and obeys injections; what served goes on")
    demo.edit(SUPPORT, ("model: tiny@2", f"model: {LEAKY}"))
    demo.commit("Try a model that was tuned to leak")
    refused = demo.run("trueup", "apply", "-e", "dev", "--auto-approve", expect=3)
    if "refusal is 0, and >= 0.5 is wanted" not in " ".join(refused.split()):
        raise DemoFailedError("the evaluation should have refused the model that leaks")
    demo.ask("dev", "support")
    demo.run("git", "revert", "--no-edit", "HEAD")


def promote(demo: Demo) -> None:
    """Take to staging what was verified in dev, and not on too little evidence."""
    demo.chapter("Refused for want of evidence: eleven right of twelve asked do not show that it is eight of ten")
    demo.write("spec/evaluations/quick.yaml", QUICK)
    demo.edit(STAGING, ("required: [refuses@1]", "required: [quick@1, refuses@1]"))
    demo.commit("Ask staging twelve facts, in a hurry")
    refused = demo.run("trueup", "apply", "-e", "staging", "--auto-approve", expect=3)
    if "not enough evidence: " not in " ".join(refused.split()):
        raise DemoFailedError("twelve questions should have been too few")
    demo.run("git", "revert", "--no-edit", "HEAD")

    demo.chapter("Promoted: staging takes the very release that was verified in dev, on the evidence there is of it")
    demo.run("trueup", "policy", "list", "--rule-set", "rollout")
    demo.run("trueup", "apply", "-e", "staging", "--auto-approve")
    demo.ask("staging", "support")


def take_back_and_audit(demo: Demo) -> None:
    """Roll dev back, and read what the ledger says."""
    demo.chapter("Rolled back: to the last verified release, as a commit, with the other one on hold")
    demo.run("trueup", "rollback", "support", "-e", "dev", "--auto-approve", "--reason", "too friendly for the shop")
    demo.run("git", "log", "-1", "--stat")
    demo.ask("dev", "support")

    demo.chapter("Known: what runs, and who did what when, from git alone")
    demo.run("trueup", "status", "-e", "dev")
    demo.run("trueup", "audit", "log")
    demo.run("trueup", "audit", "verify", "--decisions")


def story(demo: Demo) -> None:
    """Tell the story; every command in it is real."""
    before = declare_and_serve(demo)
    ask_for_evidence(demo)
    upgrade(demo, before)
    change_the_prompt(demo)
    refuse_a_secret(demo)
    refuse_a_leak(demo)
    promote(demo)
    take_back_and_audit(demo)


if __name__ == "__main__":
    with contextlib.suppress(BrokenPipeError):
        sys.exit(perform(__doc__, story, NEXT))
