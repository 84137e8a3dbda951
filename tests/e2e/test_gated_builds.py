"""The parity gate by real commands: a build is held against its source before it serves, and the ledger says so."""

import json

from scratch import SUPPORT, Scratch


def declare(scratch: Scratch, version: str, quantization: str, max_kl: float) -> None:
    build = {
        "apiVersion": "trueup/v1alpha1",
        "kind": "Build",
        "metadata": {"name": "gated", "version": version, "owner": "ml-platform"},
        "spec": {
            "mode": "gguf",
            "quantization": quantization,
            "parity": {"logits": {"maxKl": max_kl, "minTop1": 0.8, "maxPerplexityRatio": 1.05, "sequences": 8}},
        },
    }
    scratch.write(f"spec/builds/gated-{version}.yaml", json.dumps(build))
    text = scratch.read(SUPPORT)
    named = next(line for line in text.splitlines() if line.strip().startswith("build:"))
    scratch.edit(SUPPORT, (named, f"    build: gated@{version}"))
    scratch.commit(f"Gate the build: {quantization} within {max_kl}")


def test_a_build_serves_when_it_is_the_equal_of_its_source_and_not_otherwise(scratch: Scratch) -> None:
    declare(scratch, "1", "Q8_0", 0.001)
    assert "not yet compared with its source" in scratch.run("plan", "-e", "dev").out
    applied = scratch.apply("dev")
    assert "compared" in applied.err + applied.out
    served = scratch.deployment("dev")["observed_release"]
    assert "Nothing to do." in scratch.apply("dev").err

    declare(scratch, "2", "Q4_0", 0.0001)
    refused = scratch.apply("dev", code=3)
    assert "APP013" in refused.err + refused.out
    assert scratch.deployment("dev")["observed_release"] == served
    plan = scratch.run("plan", "-e", "dev").out
    assert "TU-03" in plan
    assert "parity of Build/gated@2: KL 0.0" in plan

    declare(scratch, "3", "Q4_0", 1.0)
    assert "not yet compared" not in scratch.run("plan", "-e", "dev").out, "it was measured under other bounds"
    scratch.apply("dev")
    assert scratch.deployment("dev")["observed_release"] != served
    scratch.trueup("audit", "verify")
