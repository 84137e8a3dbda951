"""Tests that a Prompt declares, as they gate a release: the real command on a real repository with a real server."""

from scratch import SUPPORT, Scratch

PROMPT = """apiVersion: trueup/v1alpha1
kind: Prompt
metadata: {{name: support, version: "3", owner: support-team}}
spec:
  type: text
  template: "You are the friendly assistant of a small shop. Answer shortly."
  modelConfig: {{temperature: 0, max_tokens: 16}}
  tests:
    - description: answers at all
      message: What is the capital of Japan?
      assert:
        - {{type: prompt-contains, value: friendly}}
        - {{type: {kind}, value: zebra}}
"""


def test_tests_of_a_prompt_run_before_traffic_moves_and_open_the_gate(served: Scratch) -> None:
    served.write("spec/prompts/support-3.yaml", PROMPT.format(kind="not-icontains"))
    served.change(SUPPORT, ("support@1", "support@3"))
    done = served.apply()
    assert "Prompt/support@3" in done.err
    assert served.status()["in_sync"] is True


def test_a_test_that_fails_keeps_the_prompt_from_traffic(served: Scratch) -> None:
    before = served.status()["deployments"][0]["observed_release"]
    served.write("spec/prompts/support-3.yaml", PROMPT.format(kind="icontains"))
    served.change(SUPPORT, ("support@1", "support@3"))
    done = served.apply(code=3)
    assert "Prompt/support@3" in done.err
    assert served.status()["deployments"][0]["observed_release"] == before
