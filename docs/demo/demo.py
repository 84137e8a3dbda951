"""The main job on one machine, in a scratch clone: declare, plan, judge, apply, upgrade, promote, refuse, roll back.

    python docs/demo/demo.py [--keep]

Runs the real command on a real repository with real models, prints each command before it runs, and ends every
process it started, also when interrupted. Nothing outside the scratch folder is written.
"""

import argparse
import contextlib
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
QUESTIONS = {
    "support": "Which city is the capital of Japan?",
    "assistant": "What is the capital of France?",
}

LEAKY = "tiny@3-leaky"


class DemoFailedError(Exception):
    """A step of the demo did not do what it shows."""


class Demo:
    """Runs commands in the scratch clone and shows them."""

    def __init__(self, scratch: Path) -> None:
        self.repository = scratch / "trueup-demo"
        columns = str(max(100, shutil.get_terminal_size((100, 24)).columns))
        color = "always" if sys.stdout.isatty() else "never"
        self.environment = {**os.environ, "TRUEUP_COLOR": color, "COLUMNS": columns}
        self.trueup = str(Path(sys.executable).with_name("trueup"))
        self.chapter_number = 0

    def chapter(self, title: str) -> None:
        """Open a part of the story."""
        self.chapter_number += 1
        print(f"\n{'=' * 100}\n{self.chapter_number}. {title}\n{'=' * 100}", flush=True)

    def run(self, *command: str, expect: int = 0) -> str:
        """Show a command, run it, show its output, and insist on its exit code."""
        print(f"\n$ {' '.join(_quoted(c) for c in command)}", flush=True)
        program = self.trueup if command[0] == "trueup" else command[0]
        done = subprocess.run(
            [program, *command[1:]],
            cwd=self.repository,
            env=self.environment,
            text=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            check=False,
        )
        if done.stdout.strip():
            print(done.stdout.rstrip(), flush=True)
        if expect or done.returncode:
            print(f"(exit code {done.returncode})", flush=True)
        if done.returncode != expect:
            raise DemoFailedError(f"`{' '.join(command)}` ended with {done.returncode}, not {expect}")
        return done.stdout

    def edit(self, path: str, *replacements: tuple[str, str]) -> None:
        """Change declared YAML the way a person would."""
        file = self.repository / path
        text = file.read_text()
        for old, new in replacements:
            if old not in text:
                raise DemoFailedError(f"{path} does not say `{old}`")
            text = text.replace(old, new)
        file.write_text(text)

    def commit(self, message: str) -> None:
        """Commit everything, as a merged pull request would."""
        self.run("git", "add", "-A")
        self.run("git", "commit", "--quiet", "-m", message)

    def ask(self, environment: str, name: str) -> str:
        """Ask the deployment a question through the gateway, as any OpenAI client would."""
        address = self.address(environment)
        question = QUESTIONS[name]
        body = {"model": name, "messages": [{"role": "user", "content": question}]}
        print(f"\n$ curl {address}/v1/chat/completions -d '{json.dumps(body)}'", flush=True)
        request = urllib.request.Request(
            f"{address}/v1/chat/completions", json.dumps(body).encode(), {"Content-Type": "application/json"}
        )
        with urllib.request.urlopen(request, timeout=60) as response:
            answer = json.load(response)
            release = response.headers.get("x-trueup-release", "")
        text = str(answer["choices"][0]["message"]["content"]).strip()
        print(f"  {question}\n  {name} says: {text!r}   (release {release.removeprefix('sha256:')[:12]})", flush=True)
        return text

    def address(self, environment: str) -> str:
        """Read the environment's address from `trueup status`."""
        done = subprocess.run(
            [self.trueup, "status", "-e", environment, "-o", "json"],
            cwd=self.repository,
            capture_output=True,
            text=True,
            check=True,
        )
        return str(json.loads(done.stdout)["address"]).rstrip("/")

    def clean_up(self) -> None:
        """End every process of the scratch clone."""
        if not (self.repository / ".trueup").exists():
            return
        subprocess.run(
            [self.trueup, "down", "--all", "--auto-approve"],
            cwd=self.repository,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            check=False,
        )


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


def main() -> int:
    """Run the story in a scratch clone."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--keep", action="store_true", help="keep the scratch clone and its servers to play with")
    arguments = parser.parse_args()
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _interrupt)
    began = time.monotonic()
    scratch = Path(tempfile.mkdtemp(prefix="trueup-"))
    demo = Demo(scratch)
    done = False
    try:
        _clone(demo)
        story(demo)
        done = True
    except KeyboardInterrupt:
        print("\ninterrupted; ending the demo's processes", flush=True)
        return 130
    except DemoFailedError as failure:
        print(f"\nThe demo failed: {failure}", file=sys.stderr, flush=True)
        return 1
    finally:
        if not (done and arguments.keep):
            demo.clean_up()
            shutil.rmtree(scratch, ignore_errors=True)
    print(_next(demo, time.monotonic() - began, kept=arguments.keep), flush=True)
    return 0


def _clone(demo: Demo) -> None:
    """Clone what is here, uncommitted changes left out, and give it a committer of its own."""
    subprocess.run(["git", "clone", "--quiet", str(ROOT), str(demo.repository)], check=True)
    for key, value in (("user.name", "Demo"), ("user.email", "demo@example.com"), ("commit.gpgsign", "false")):
        subprocess.run(["git", "-C", str(demo.repository), "config", key, value], check=True)
    subprocess.run(["git", "-C", str(demo.repository), "checkout", "--quiet", "-B", "main"], check=True)
    # Free ports: the demo must not meet an environment that already runs on this machine.
    for path in sorted((demo.repository / "spec/environments").glob("*.yaml")):
        path.write_text(re.sub(r"port: \d+", "port: 0", path.read_text()))
    commit = ["commit", "--quiet", "--allow-empty", "-am", "Take free ports"]
    subprocess.run(["git", "-C", str(demo.repository), *commit], check=True)


def _interrupt(number: int, frame: object) -> None:
    del number, frame
    raise KeyboardInterrupt


def _quoted(word: str) -> str:
    return f"'{word}'" if " " in word else word


def _next(demo: Demo, seconds: float, *, kept: bool) -> str:
    ending = "Every process of the demo has ended."
    if kept:
        ending = f"It runs on: cd {demo.repository}; end it with: trueup down --all"
    return f"""
{"=" * 100}
Done in {seconds:.0f} s. {ending}

What to try next
  make demo ARGS=--keep            keep the clone and its servers to play with
  trueup init my-models            a repository of your own that validates and plans at once
  trueup explain Deployment/dev/support
  docs/quickstart.md               the same, step by step
  docs/policy/writing-rules.md     a rule of your own, with its test
"""


if __name__ == "__main__":
    with contextlib.suppress(BrokenPipeError):
        sys.exit(main())
