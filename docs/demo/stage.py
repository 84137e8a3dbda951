"""What the demos share: a scratch clone, commands shown before they run, and an end that leaves nothing behind."""

import argparse
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
from collections.abc import Callable
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
QUESTIONS = {
    "support": "Which city is the capital of Japan?",
    "assistant": "What is the capital of France?",
}


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
        typed = " ".join(_quoted(_shown(c)) for c in command)
        print(f"\n$ {typed}", flush=True)
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
            raise DemoFailedError(f"`{typed}` ended with {done.returncode}, not {expect}")
        return done.stdout

    def read(self, *command: str, expect: int = 0) -> Any:
        """Run a command that was shown before, and return the JSON that it prints."""
        done = subprocess.run(
            [self.trueup, *command[1:]],
            cwd=self.repository,
            env=self.environment,
            text=True,
            capture_output=True,
            check=False,
        )
        if done.returncode != expect:
            raise DemoFailedError(f"`{' '.join(command)}` ended with {done.returncode}, not {expect}: {done.stderr}")
        return json.loads(done.stdout)

    def write(self, path: str, text: str) -> None:
        """Declare something new."""
        (self.repository / path).write_text(text)

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


def perform(about: str, story: Callable[[Demo], None], next_steps: str) -> int:
    """Tell *story* in a scratch clone and return the exit status; *next_steps* are shown at the end."""
    parser = argparse.ArgumentParser(description=about, formatter_class=argparse.RawDescriptionHelpFormatter)
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
    ending = "Every process of the demo has ended."
    if arguments.keep:
        ending = f"It runs on: cd {demo.repository}; end it with: trueup down --all"
    took = f"Done in {time.monotonic() - began:.0f} s. {ending}"
    print(f"\n{'=' * 100}\n{took}\n\nWhat to try next\n{next_steps}", flush=True)
    return 0


def _clone(demo: Demo) -> None:
    """Clone what is here, uncommitted changes left out, and give it a committer of its own."""
    subprocess.run(["git", "clone", "--quiet", str(ROOT), str(demo.repository)], check=True)
    # Its own main is then what governs: each commit of the story is merged.
    subprocess.run(["git", "-C", str(demo.repository), "remote", "remove", "origin"], check=True)
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


def _shown(word: str) -> str:
    """Leave out where this checkout lies."""
    return word.removeprefix(f"{ROOT}/")


def _quoted(word: str) -> str:
    return f"'{word}'" if " " in word else word
