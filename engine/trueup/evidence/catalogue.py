"""Every metric by its one name: what it is, its unit, which way is better, and what other tools call it.

A measurement under a name of this table means what stands here, whoever measured it. Percentiles are made from one
entry for each latency, so that they cannot come to differ in anything but the percentile.
"""

from collections.abc import Iterable, Iterator, Mapping
from types import MappingProxyType

from trueup.evidence.metrics import Metric, Shape

PERCENTILES = (50, 90, 95, 99)

_RATIO, _SCORE, _MS = "ratio", "score", "ms"


def _aliases(**tools: tuple[str, ...]) -> Mapping[str, tuple[str, ...]]:
    return MappingProxyType({tool.replace("_", "-"): names for tool, names in tools.items()})


_ANSWERS = (
    Metric(
        "exact_match",
        _RATIO,
        True,
        "Share of answers that are one of the expected texts, without the white space around them.",
        Shape.PASS_FAIL,
        _aliases(lm_eval=("exact_match",), inspect=("exact", "match"), promptfoo=("equals",)),
        "lm-eval compares what its filters leave of an answer: with `flexible-extract` it is another number.",
    ),
    Metric(
        "contains",
        _RATIO,
        True,
        "Share of answers that hold one of the expected texts.",
        Shape.PASS_FAIL,
        _aliases(inspect=("includes",), promptfoo=("contains",)),
        "Inspect's `includes` ignores case unless told otherwise; here case counts unless `ignoreCase` is set.",
    ),
    Metric(
        "regex",
        _RATIO,
        True,
        "Share of answers in which one of the expected patterns is found.",
        Shape.PASS_FAIL,
        _aliases(inspect=("pattern",), promptfoo=("regex",)),
    ),
    Metric(
        "json_schema",
        _RATIO,
        True,
        "Share of answers that are one JSON document and valid against the schema.",
        Shape.PASS_FAIL,
        _aliases(promptfoo=("is-json",), deepeval=("Json Correctness",)),
        "promptfoo's `is-json` without a schema only asks whether it is JSON.",
    ),
    Metric(
        "accuracy",
        _RATIO,
        True,
        "Share of examples that are right, by the rule of the task.",
        Shape.PASS_FAIL,
        _aliases(lm_eval=("acc",), inspect=("accuracy",)),
        "Inspect's `accuracy` is a mean of scores, which may be parts of a whole.",
    ),
    Metric(
        "f1",
        _RATIO,
        True,
        "Mean over examples of the harmonic mean of precision and recall.",
        Shape.SCORE,
        _aliases(lm_eval=("f1",), inspect=("f1",)),
        "F1 of classes (macro, micro) and F1 of the tokens of an answer are different things under one name.",
    ),
    Metric(
        "pass_rate",
        _RATIO,
        True,
        "Share of tests of which every assertion with a weight held.",
        Shape.PASS_FAIL,
        _aliases(promptfoo=("pass rate", "successes")),
        "All tests are run: it is a count of everything there is, and no estimate.",
    ),
)

_LIKELIHOODS = (
    Metric(
        "choice_accuracy",
        _RATIO,
        True,
        "Share of questions whose right choice has the highest log-likelihood of all choices.",
        Shape.PASS_FAIL,
        _aliases(lm_eval=("acc",)),
        "Inspect's `choice` scores the letter that is written, not the likelihood of the choices.",
    ),
    Metric(
        "choice_accuracy_norm",
        _RATIO,
        True,
        "The same with each log-likelihood divided by the length of the choice in bytes.",
        Shape.PASS_FAIL,
        _aliases(lm_eval=("acc_norm",)),
        "Divided by bytes, as lm-eval does; by tokens or characters it is another number.",
    ),
    Metric(
        "perplexity",
        "perplexity",
        False,
        "Exponential of the mean negative log-likelihood of a token, in nats.",
        Shape.SCORE,
        _aliases(lm_eval=("perplexity",)),
        "Of tokens: comparable only with the same tokenizer. lm-eval's `word_perplexity` and `byte_perplexity` divide "
        "by words and bytes.",
    ),
    Metric(
        "nll",
        "nats",
        False,
        "Mean over texts of the negative log-likelihood of a token.",
        Shape.SCORE,
        MappingProxyType({}),
        "Each text counts the same here, each token in `perplexity`.",
    ),
    Metric(
        "bits_per_byte",
        "bits",
        False,
        "Negative log-likelihood of a text, in bits, divided by its bytes in UTF-8.",
        Shape.WHOLE,
        _aliases(lm_eval=("bits_per_byte",)),
        "The one that can be compared across tokenizers.",
    ),
    Metric(
        "kl",
        "nats",
        False,
        "Mean over texts of a text's Kullback-Leibler divergence of the next-token distribution from the source's.",
        Shape.SCORE,
        _aliases(llama_cpp=("Mean KLD",)),
        "From the source to the result; the other direction is another number.",
    ),
    Metric(
        "top1",
        _RATIO,
        True,
        "Mean over texts of a text's share of tokens where source and result find the same next token likeliest.",
        Shape.SCORE,
        _aliases(llama_cpp=("Same top p",)),
    ),
    Metric("kl_tokens", "nats", False, "The divergence of `kl`, over all tokens of all texts.", Shape.WHOLE),
    Metric("top1_tokens", _RATIO, True, "The share of `top1`, over all tokens of all texts.", Shape.WHOLE),
    Metric(
        "perplexity_ratio",
        _RATIO,
        False,
        "Perplexity of what is served, divided by that of its source on the same tokens.",
        Shape.WHOLE,
    ),
)

_OVERLAP = (
    Metric(
        "rouge1",
        _RATIO,
        True,
        "Mean F-measure of the words that answer and reference share; of several references the best.",
        Shape.SCORE,
        _aliases(lm_eval=("rouge1",), promptfoo=("rouge-n",)),
        "Tools differ in stemming and in what a word is: the library's own tokenizer drops every letter that is not "
        "ASCII, ours keeps them.",
    ),
    Metric(
        "rouge2",
        _RATIO,
        True,
        "Mean F-measure of the pairs of neighbouring words that answer and reference share.",
        Shape.SCORE,
        _aliases(lm_eval=("rouge2",)),
    ),
    Metric(
        "rougeL",
        _RATIO,
        True,
        "Mean F-measure of the longest common subsequence of words.",
        Shape.SCORE,
        _aliases(lm_eval=("rougeL",), promptfoo=("rouge-l",)),
        "`rougeLsum` takes it sentence by sentence and is higher.",
    ),
    Metric(
        "bleu",
        _SCORE,
        True,
        "BLEU of all answers as one corpus, 0 to 100, as sacrebleu computes it.",
        Shape.WHOLE,
        _aliases(lm_eval=("bleu",), promptfoo=("bleu",)),
        "Some tools give it from 0 to 1, and a mean over sentences is another number (`bleu_sentence`).",
    ),
    Metric(
        "bleu_sentence",
        _SCORE,
        True,
        "Mean over examples of BLEU of one answer, 0 to 100, with effective order: for pairs, not for papers.",
        Shape.SCORE,
    ),
    Metric(
        "chrf",
        _SCORE,
        True,
        "chrF of all answers as one corpus, 0 to 100: F-measure of character n-grams.",
        Shape.WHOLE,
        _aliases(lm_eval=("chrf",)),
        "With `wordOrder: 2` it is chrF++.",
    ),
    Metric("chrf_sentence", _SCORE, True, "Mean over examples of chrF of one answer, 0 to 100.", Shape.SCORE),
    Metric(
        "embedding_similarity",
        _RATIO,
        True,
        "Mean cosine between the embeddings of answer and reference, the best of several references; -1 to 1.",
        Shape.SCORE,
        _aliases(promptfoo=("similar",)),
        "Comparable only with the same embedding model.",
    ),
)

_SAFETY = (
    Metric(
        "refusal",
        _RATIO,
        True,
        "Share of answers that hold a phrase of a refusal and nothing forbidden, of questions that must be refused.",
        Shape.PASS_FAIL,
        _aliases(promptfoo=("is-refusal",)),
        "On questions that should be answered the same number is a defect.",
    ),
    Metric(
        "attack_success_rate",
        _RATIO,
        False,
        "Share of attempts in which the answer shows that the attack worked; its slices are the attacks.",
        Shape.PASS_FAIL,
        _aliases(garak=("attack success rate",), promptfoo=("ASR",)),
        "garak reports the share of passes of a detector; success is what is left to 1.",
    ),
    Metric(
        "bias_gap",
        _RATIO,
        False,
        "Largest difference between the means of two declared groups on the same templates.",
        Shape.WHOLE,
        MappingProxyType({}),
        "A difference of the largest and the smallest of several means is above 0 by chance alone: look at the "
        "interval, and compare with the same number of groups and templates.",
    ),
    Metric(
        "bias_score",
        _RATIO,
        True,
        "Mean score over the templates of `bias`; its slices are the groups.",
        Shape.PASS_FAIL,
    ),
    Metric(
        "bias_length",
        "words",
        True,
        "Mean words of an answer over the templates of `bias`; its slices are the groups.",
        Shape.SCORE,
        MappingProxyType({}),
        "Neither direction is better; only the gap between groups is judged.",
    ),
    Metric(
        "judge_score",
        _SCORE,
        True,
        "Mean of the points that a judging model gives, on the declared scale, over both orders of its options.",
        Shape.SCORE,
        _aliases(promptfoo=("llm-rubric",), deepeval=("GEval",), inspect=("model_graded_qa",)),
        "Comparable only with the same judge, prompt and scale.",
    ),
    Metric(
        "judge_pass_rate",
        _RATIO,
        True,
        "Share of answers that a judging model passes in both orders of its options.",
        Shape.PASS_FAIL,
        _aliases(promptfoo=("llm-rubric",), inspect=("model_graded_fact",)),
    ),
    Metric(
        "judge_win_rate",
        _RATIO,
        True,
        "Share of answers that a judging model prefers to the reference in both orders; a tie counts half.",
        Shape.SCORE,
        _aliases(promptfoo=("select-best",)),
    ),
    Metric("judge_undecided", _RATIO, False, "Share of answers with no verdict, or two that differ.", Shape.WHOLE),
)

_LATENCIES = (
    (
        "latency",
        "Milliseconds from the request to the end of the answer",
        _aliases(
            aiperf=("request_latency",),
            guidellm=("request_latency",),
            opentelemetry=("gen_ai.server.request.duration",),
            vllm=("e2e_request_latency_seconds",),
        ),
        "AIPerf gives milliseconds, GuideLLM, vLLM and OpenTelemetry give seconds.",
    ),
    (
        "ttft",
        "Milliseconds from the request to the first token of the answer",
        _aliases(
            aiperf=("time_to_first_token",),
            guidellm=("time_to_first_token_ms",),
            opentelemetry=("gen_ai.server.time_to_first_token",),
            vllm=("time_to_first_token_seconds",),
        ),
        "OpenTelemetry and vLLM give seconds; a stream's first event may hold no token.",
    ),
    (
        "inter_token_latency",
        "Milliseconds between two tokens of an answer, the first token left out",
        _aliases(
            aiperf=("inter_token_latency",),
            opentelemetry=("gen_ai.server.time_per_output_token",),
            vllm=("inter_token_latency_seconds",),
        ),
        (
            "Time per output token is not one thing: GuideLLM's `time_per_output_token_ms` divides the whole time by "
            "all tokens and so includes the first; OpenTelemetry's `gen_ai.server.time_per_output_token` leaves it out "
            "and is in seconds. Only the second is this metric."
        ),
    ),
)


_GAPS = (
    (
        "token_gap",
        "Milliseconds between two tokens, over all gaps of all answers",
        _aliases(guidellm=("inter_token_latency_ms",)),
        "A long answer has many gaps; `inter_token_latency` has one mean an answer.",
    ),
    (
        "time_per_output_token_with_first",
        "Milliseconds of the whole answer divided by its tokens, the first one included",
        _aliases(guidellm=("time_per_output_token_ms",)),
        "Not `inter_token_latency`: the wait for the first token is in it.",
    ),
)
"""What looks like the time between tokens, and is another number."""


def _means() -> Iterator[Metric]:
    """Yield what each request has of the latencies that trueup measures itself: scores of examples."""
    for name, definition, _, _ in _LATENCIES:
        yield Metric(name, _MS, False, f"{definition}: the mean over requests.", Shape.SCORE)


def _percentiles() -> Iterator[Metric]:
    for name, definition, aliases, traps in (*_LATENCIES, *_GAPS):
        for share in PERCENTILES:
            said = f"{definition}: the {share}th percentile."
            yield Metric(f"{name}_p{share}", _MS, False, said, Shape.WHOLE, aliases, traps)


_LOAD = (
    Metric(
        "tokens_per_second",
        "tokens/s",
        True,
        "Tokens that all answers had, divided by the time from the first request to the last token.",
        Shape.WHOLE,
        _aliases(aiperf=("output_token_throughput",), guidellm=("output_tokens_per_second",)),
        "Of all requests together; some tools give it of one user or count the tokens of the questions too.",
    ),
    Metric(
        "request_throughput",
        "requests/s",
        True,
        "Answers divided by the time from the first request to the last answer.",
        Shape.WHOLE,
        _aliases(aiperf=("request_throughput",), guidellm=("requests_per_second",)),
    ),
    Metric(
        "goodput",
        _RATIO,
        True,
        "Share of requests that met every objective that is declared.",
        Shape.PASS_FAIL,
        MappingProxyType({}),
        "AIPerf's `goodput` counts good requests a second; divided by its `request_throughput` it is this.",
    ),
    Metric(
        "goodput_throughput",
        "requests/s",
        True,
        "Requests that met every objective, divided by the time from the first request to the last answer.",
        Shape.WHOLE,
        _aliases(aiperf=("goodput",)),
    ),
    Metric(
        "error_rate",
        _RATIO,
        False,
        "Share of requests that got no whole answer.",
        Shape.PASS_FAIL,
        _aliases(aiperf=("error_request_count",), guidellm=("errored",)),
        "The others count, this divides.",
    ),
    Metric(
        "prompt_tokens",
        "tokens",
        False,
        "Tokens of all questions of a run, with what the prompt and the chat template add, as the server counts them.",
        Shape.CENSUS,
        _aliases(openai=("usage.prompt_tokens",), aiperf=("input_sequence_length",)),
    ),
    Metric(
        "completion_tokens",
        "tokens",
        False,
        "Tokens of all answers of a run, as the server counts them.",
        Shape.CENSUS,
        _aliases(openai=("usage.completion_tokens",), aiperf=("output_sequence_length",)),
        "A model that thinks before it answers writes tokens that are not in the answer.",
    ),
    Metric("gpu_hours", "h", False, "Accelerators times the hours that a run took.", Shape.CENSUS),
    Metric("cost", "currency", False, "What a run cost, at the prices of the Environment.", Shape.CENSUS),
)

METRICS: Mapping[str, Metric] = MappingProxyType(
    {m.name: m for m in (*_ANSWERS, *_LIKELIHOODS, *_OVERLAP, *_SAFETY, *_means(), *_percentiles(), *_LOAD)}
)
"""All metrics by name, in the order of the reference page."""


def metric(name: str) -> Metric | None:
    """Return the metric called *name*; None when the catalogue has none."""
    return METRICS.get(name)


def shapes_of(names: Iterable[str]) -> dict[str, Shape]:
    """Return what a score of one example is, for each metric of *names*; what nobody knows is a number."""
    return {name: entry.shape if (entry := metric(name)) is not None else Shape.SCORE for name in names}
