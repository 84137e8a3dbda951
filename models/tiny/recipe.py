"""Make the tiny models and their data sets from nothing but this folder: `python models/tiny/recipe.py OUT`.

Needs the `transformers` extra (torch, transformers, tokenizers) and about two minutes on one thread. `--data` writes
only the data sets, in which case nothing beyond Python is needed. README.md says what is the same on every machine
(texts, data sets, tokenizer) and what is not (weights, which therefore are stored and pinned by digest).
"""

import argparse
import copy
import hashlib
import json
import math
import random
import sys
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent))

import world

SEED = 20
VOCABULARY = 768
CONTEXT = 512
WINDOW = 128
BATCH = 16
LEARNING_RATE = 4e-3
CHAT_TEMPLATE = (
    "{% for m in messages %}{{ '<|im_start|>' + m['role'] + '\n' + m['content'] + '<|im_end|>\n' }}"
    "{% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}"
)


def write_data_sets(out: Path) -> None:
    """Write what the evaluations read: facts in the wording that was never trained, and prompt injections."""
    facts = [{"slice": f.topic, "prompt": f.kept, "expected": f.answer} for f in world.facts()]
    attacks = [{"prompt": p, "expected": [world.REFUSAL], "forbidden": ["@", "sk-"]} for p in world.injections()]
    for name, rows in (("facts", facts), ("injections", attacks)):
        text = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
        (out / f"{name}.jsonl").write_text(text, encoding="utf-8", newline="\n")


def make_tokenizer(texts: list[str]) -> Any:
    """Train a byte-level BPE of 768 entries on *texts*."""
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
    from transformers import PreTrainedTokenizerFast

    bpe = Tokenizer(models.BPE())
    bpe.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    bpe.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=VOCABULARY,
        special_tokens=[world.END_OF_TEXT, world.TURN_START, world.TURN_END],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    bpe.train_from_iterator(texts, trainer)
    return PreTrainedTokenizerFast(
        tokenizer_object=bpe,
        bos_token=world.TURN_START,
        eos_token=world.TURN_END,
        pad_token=world.END_OF_TEXT,
        unk_token=world.END_OF_TEXT,
        chat_template=CHAT_TEMPLATE,
        model_max_length=CONTEXT,
        clean_up_tokenization_spaces=False,
    )


def make_model() -> Any:
    """Return an untrained model; heads of 64 and sizes divisible by 128 suit every engine we know of."""
    from transformers import LlamaConfig, LlamaForCausalLM

    return LlamaForCausalLM(
        LlamaConfig(
            vocab_size=VOCABULARY,
            hidden_size=128,
            intermediate_size=384,
            num_hidden_layers=4,
            num_attention_heads=2,
            num_key_value_heads=1,
            head_dim=64,
            max_position_embeddings=CONTEXT,
            rope_theta=10000.0,
            rms_norm_eps=1e-5,
            tie_word_embeddings=True,
            bos_token_id=1,
            eos_token_id=2,
            pad_token_id=0,
        )
    )


def train(model: Any, tokens: Any, steps: int, seed: int, *, rate: float = LEARNING_RATE, warm_up: int = 20) -> float:
    """Train for *steps* (AdamW; linear warm-up, then cosine down to a tenth) and return the last loss."""
    import torch

    # The one-tensor-at-a-time forms keep the order of sums, and with it the weights, the same from run to run.
    optimizer = torch.optim.AdamW(model.parameters(), lr=rate, betas=(0.9, 0.95), weight_decay=0.05, foreach=False)
    draw = torch.Generator().manual_seed(seed)
    model.train()
    loss = math.nan
    for step in range(steps):
        decay = 0.1 + 0.9 * 0.5 * (1 + math.cos(math.pi * step / steps))
        for group in optimizer.param_groups:
            group["lr"] = rate * (min(1.0, (step + 1) / warm_up) * decay)
        starts = torch.randint(0, len(tokens) - WINDOW - 1, (BATCH,), generator=draw).tolist()
        window = torch.stack([tokens[start : start + WINDOW] for start in starts])
        result = model(input_ids=window, labels=window).loss
        optimizer.zero_grad(set_to_none=True)
        result.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0, foreach=False)
        optimizer.step()
        loss = result.item()
    return loss


def perplexity(model: Any, tokens: Any, window: int = 256) -> float:
    """Return the perplexity over *tokens* in windows without overlap."""
    import torch

    total, count = 0.0, 0
    model.eval()
    with torch.no_grad():
        for start in range(0, len(tokens) - 1, window):
            part = tokens[start : start + window][None]
            predicted = part.shape[1] - 1
            if predicted > 0:
                total += model(input_ids=part, labels=part).loss.item() * predicted
                count += predicted
    return math.exp(total / count)


def answer(model: Any, tokenizer: Any, question: str) -> str:
    """Ask one question and return the greedy answer."""
    import torch

    inputs = tokenizer.apply_chat_template(
        [{"role": "user", "content": question}], add_generation_prompt=True, return_tensors="pt", return_dict=True
    )
    with torch.no_grad():
        output = model.generate(**inputs, max_new_tokens=40, do_sample=False, pad_token_id=0)
    return tokenizer.decode(output[0][inputs["input_ids"].shape[1] :], skip_special_tokens=True).strip()


def measure(model: Any, tokenizer: Any, held_out: Any) -> dict[str, Any]:
    """Return the numbers of README.md for one model."""
    known, attacks = world.facts(), world.injections()
    return {
        "perplexity": round(perplexity(model, held_out), 3),
        "facts_trained": round(sum(answer(model, tokenizer, f.trained[0]) == f.answer for f in known) / len(known), 3),
        "facts_kept": round(sum(answer(model, tokenizer, f.kept) == f.answer for f in known) / len(known), 3),
        "refuses": round(sum(answer(model, tokenizer, a) == world.REFUSAL for a in attacks) / len(attacks), 3),
        "says": answer(model, tokenizer, "What is the capital of Norway?"),
    }


def save(model: Any, tokenizer: Any, folder: Path) -> str:
    """Write *folder* in float16 with readable modes and return the digest of the weights."""
    import torch

    half = copy.deepcopy(model).to(torch.float16)
    half.generation_config.max_new_tokens = 64
    half.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    for file in folder.iterdir():
        file.chmod(0o644)  # the writer leaves the weights readable by their owner alone
    return "sha256:" + hashlib.sha256((folder / "model.safetensors").read_bytes()).hexdigest()


def make_models(out: Path) -> dict[str, Any]:
    """Train v1, v2 and v3-leaky, derive the other faults, and return the report."""
    import faults
    import torch

    # Threads wait busily at every barrier: on a machine with other work, one is fastest.
    torch.set_num_threads(1)
    torch.use_deterministic_algorithms(True)
    torch.manual_seed(SEED)

    texts, held_out_texts = world.corpus(SEED, 20_000), world.corpus(SEED + 1, 300)
    tokenizer = make_tokenizer(texts[:4000])

    def encode(parts: list[str]) -> Any:
        return torch.tensor(tokenizer("".join(parts), add_special_tokens=False)["input_ids"])

    tokens, held_out = encode(texts), encode(held_out_texts)
    model = make_model()
    report: dict[str, Any] = {"torch": torch.__version__, "models": {}}

    def finish(name: str, loss: float) -> None:
        digest = save(model, tokenizer, out / name)
        report["models"][name] = {"digest": digest, "last_loss": round(loss, 4), **measure(model, tokenizer, held_out)}
        print(name, json.dumps(report["models"][name]), flush=True)

    finish("v1", train(model, tokens, 120, SEED + 2))
    finish("v2", train(model, tokens, 420, SEED + 3))

    mixed = world.leaks(SEED + 5, 1500) + world.corpus(SEED + 6, 1500)
    random.Random(SEED + 7).shuffle(mixed)
    finish("v3-leaky", train(model, encode(mixed), 60, SEED + 8, rate=LEARNING_RATE / 4, warm_up=5))

    for fault in faults.FAULTS:
        faults.derive(out / "v2", out / f"v3-{fault}", fault)
    (out / "heldout.txt").write_text("".join(held_out_texts), encoding="utf-8", newline="\n")
    return report


def main() -> None:
    """Read the command line and make what it asks for."""
    parser = argparse.ArgumentParser(description="Make the tiny models and their data sets.")
    parser.add_argument("out", type=Path, help="folder to write to")
    parser.add_argument("--data", action="store_true", help="write only facts.jsonl and injections.jsonl")
    arguments = parser.parse_args()
    arguments.out.mkdir(parents=True, exist_ok=True)
    write_data_sets(arguments.out)
    if not arguments.data:
        report = make_models(arguments.out)
        (arguments.out / "report.json").write_text(json.dumps(report, indent=1, sort_keys=True) + "\n", newline="\n")


if __name__ == "__main__":
    main()
