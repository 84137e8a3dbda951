"""Why an evaluation could not be found out. None of these ever counts as a pass."""

from trueup.core.diagnostics import Code

EMPTY_DATASET = Code(
    "EVAL001",
    "The data set has no examples",
    "Nothing was asked, so nothing is known. An empty result is not a good one.",
    "Point the Dataset at a file with examples, one JSON object a line; check `limit` and `quarantine`.",
)
BAD_ROW = Code(
    "EVAL002",
    "The data set has malformed rows",
    "Each line must be a JSON object with `prompt` or `messages`, and with `expected`. Rows are never skipped, "
    "because what was skipped would count as if it had passed.",
    "Correct the lines that are named and declare the data as a new version.",
)
NO_ANSWER = Code(
    "EVAL003",
    "The server did not answer",
    "The connection to the model server failed or broke, or the answer took too long.",
    "Look at the server with `trueup status`; the next run asks again from the start.",
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

CODES = (EMPTY_DATASET, BAD_ROW, NO_ANSWER, REFUSED, NOT_TEXT, UNSUPPORTED, BAD_PROMPT)
