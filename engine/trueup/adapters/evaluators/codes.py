"""Why an evaluation could not be found out. None of these ever counts as a pass."""

from trueup.core.diagnostics import Code

EMPTY_DATASET = Code(
    "EVAL001",
    "The data set has no examples",
    "Nothing was asked, so nothing is known. An empty result is not a good one.",
    "Point the Dataset at a file with examples, one JSON object a line; check `limit`, `numFewshot` and `quarantine`.",
)
BAD_ROW = Code(
    "EVAL002",
    "The data set has malformed rows",
    "Each line must be a JSON object with what its tasks need: a question, and mostly what is expected. Rows are never "
    "skipped, because what was skipped would count as if it had passed.",
    "Correct the lines that are named and declare the data as a new version.",
)
NO_ANSWER = Code(
    "EVAL003",
    "The server did not answer",
    "The connection to the model server failed or broke, or the answer took too long, and asking again did not help.",
    "Look at the server with `trueup status`; the next run asks only what was not answered.",
)
REFUSED = Code(
    "EVAL004",
    "The server answered with an error",
    "The server refused a request of the evaluation, so the measurement would be about something else.",
    "The answer's text says why; often the prompt is longer than the context (`contextPerSlot`).",
)
NOT_TEXT = Code(
    "EVAL005",
    "The answer is not text",
    "The server's answer is no chat completion with text: broken JSON, no choices, or a call of a tool.",
    "Check that the runtime is an OpenAI-compatible chat server and that the prompt offers no tools.",
)
UNSUPPORTED = Code(
    "EVAL006",
    "The evaluation asks for what its tool cannot do",
    "A task, metric or option that the evaluator does not know would be left out in silence, and the gate would judge "
    "less than was declared.",
    "Use what the detail lists, or another `suite.tool`.",
)
BAD_PROMPT = Code(
    "EVAL007",
    "The prompt cannot be filled in",
    "The release's prompt has variables that the data set gives no values for, or its template is broken.",
    "Give the values as `variables` in each row, or a default in the Prompt.",
)
NO_EXTRA = Code(
    "EVAL008",
    "A library of this task is not installed",
    "Tasks that compare texts use libraries that the core of trueup does without.",
    "Install the extra that the hint names, in the environment that trueup runs in.",
)
NO_VERDICT = Code(
    "EVAL009",
    "The judge gave too few verdicts",
    "More than a tenth of the answers got no verdict from the judging model, even when it was asked again. What is "
    "left would be a choice of the judge's, and no measurement.",
    "Use a judge that follows instructions, or ask for `pass-fail`, which is easier than a scale.",
)
NO_JUDGE = Code(
    "EVAL010",
    "Nobody is there to judge",
    "A task or an assertion asks a model to judge answers, and none is declared.",
    "Declare `judge: {model: name@version}` in the Evaluation.",
)

CODES = (
    EMPTY_DATASET,
    BAD_ROW,
    NO_ANSWER,
    REFUSED,
    NOT_TEXT,
    UNSUPPORTED,
    BAD_PROMPT,
    NO_EXTRA,
    NO_VERDICT,
    NO_JUDGE,
)
