"""A prompt that saves tokens, in a scratch clone: what it does to answers is seen before it serves.

    python docs/demo/demo_behaviour.py [--keep]

Measures the model with its old prompt and with the new one, and shows both beside each other in the terminal and on a
page of HTML. Nothing outside the scratch folder is written.
"""

import contextlib
import sys

from stage import Demo, DemoFailedError, perform

PAGE = "behaviour.html"
PRICES = "  prices: {perMillionInputTokens: 0.2, perMillionOutputTokens: 0.8}\n"
NEXT = f"""\
  python docs/demo/demo_behaviour.py --keep    keep the clone, and {PAGE} in it
  docs/behaviour.md                            how to read it
"""


def serve(demo: Demo) -> None:
    """Serve the better model with the first prompt, measured by the facts it should know."""
    demo.chapter("Served and measured: the model with its first prompt")
    demo.edit("spec/deployments/dev/support.yaml", ("model: tiny@1", "model: tiny@2"))
    demo.edit(
        "spec/environments/dev.yaml",
        ("evaluations: {required: [], run: during}", "evaluations: {required: [facts@1], run: during}"),
        ("  budget:", f"{PRICES}  budget:"),
    )
    demo.run("git", "rm", "--quiet", "spec/deployments/dev/assistant.yaml")
    demo.commit("Measure what dev serves")
    demo.run("trueup", "scan", "-e", "dev")
    demo.run("trueup", "apply", "-e", "dev", "--auto-approve")


def change(demo: Demo) -> None:
    """Declare a prompt that lets the model say less, and measure it beside what serves."""
    demo.chapter("Changed: a prompt that allows nine tokens an answer, to save money")
    prompt = (demo.repository / "spec/prompts/support-1.yaml").read_text()
    demo.write(
        "spec/prompts/support-3.yaml",
        prompt.replace('version: "1"', 'version: "3"').replace("max_tokens: 48", "max_tokens: 9"),
    )
    demo.edit("spec/deployments/dev/support.yaml", ("prompt: support@1", "prompt: support@3"))
    demo.commit("Let support answer in nine tokens")
    demo.run("trueup", "plan", "-e", "dev", "--behaviour")
    demo.run("trueup", "evaluate", "-e", "dev", expect=3)


def look(demo: Demo) -> None:
    """Show what the prompt does."""
    demo.chapter("Seen before it serves: which answers broke, word by word")
    words = ("trueup", "plan", "-e", "dev", "--behaviour", "--examples", "5")
    shown = demo.run(*words, "--output-file", f"html={PAGE}")
    if "from pass to fail" not in shown:
        raise DemoFailedError("the plan should have shown the answers that broke")
    print(f"\n  The page: {demo.repository / PAGE}", flush=True)


def story(demo: Demo) -> None:
    """Tell the story; every command in it is real."""
    serve(demo)
    change(demo)
    look(demo)


if __name__ == "__main__":
    with contextlib.suppress(BrokenPipeError):
        sys.exit(perform(__doc__, story, NEXT))
