"""What clients get when a request cannot be answered: one shape, OpenAI's, whatever went wrong and wherever."""

from dataclasses import dataclass, field

from trueup.core.json import Json


@dataclass(eq=False)  # Not frozen: contextlib sets the traceback of an exception that passes it.
class ApiError(Exception):
    """An answer that is an error.

    Attributes:
        status: HTTP status.
        message: For people; never holds a key or a prompt.
        type: OpenAI's class of error.
        code: For programs.
        param: The field it is about.
        retry_after: Seconds after which a retry makes sense; 0 sends no header.
    """

    status: int
    message: str
    type: str = "invalid_request_error"
    code: str | None = None
    param: str | None = None
    retry_after: int = field(default=0)

    def to_json(self) -> dict[str, Json]:
        """Return the body of the answer."""
        error: dict[str, Json] = {
            "message": self.message,
            "type": self.type,
            "param": self.param,
            "code": self.code,
        }
        return {"error": error}


def invalid(message: str, param: str | None = None, code: str | None = None) -> ApiError:
    """The request is wrong."""
    return ApiError(400, message, code=code, param=param)


def unknown_model(name: str, known: str) -> ApiError:
    """No route has this public name."""
    detail = f"The model `{name}` does not exist here{known or '.'}"
    return ApiError(404, detail, code="model_not_found", param="model")


def unknown_answer(name: str) -> ApiError:
    """No answer has this id, or its feedback comes too late."""
    detail = f"No recent answer has the id `{name}`."
    return ApiError(404, detail, code="answer_not_found", param="id")


def unauthorized(given: bool) -> ApiError:
    """A key is needed; whether a wrong or no key came is told, and nothing else."""
    detail = "Incorrect API key provided." if given else "You need an API key: `Authorization: Bearer KEY`."
    return ApiError(401, detail, code="invalid_api_key")


def limited(per_minute: int, retry_after: int) -> ApiError:
    """More requests than the route grants."""
    detail = f"Rate limit reached: {per_minute} requests per minute."
    return ApiError(429, detail, "rate_limit_error", "rate_limit_exceeded", retry_after=retry_after)


def unavailable(detail: str) -> ApiError:
    """No server of the release can answer now."""
    return ApiError(503, detail, "server_error", "service_unavailable", retry_after=1)


def late(seconds: float) -> ApiError:
    """The server did not finish in time."""
    return ApiError(504, f"The model did not finish within {seconds:g} seconds.", "server_error", "timeout")


def internal() -> ApiError:
    """A mistake of the gateway itself; what it was stands in its log."""
    return ApiError(500, "The gateway failed.", "server_error", "internal_error")


def upstream_failed(detail: str) -> ApiError:
    """The server answered with a failure of its own, or broke off."""
    return ApiError(502, detail, "server_error", "upstream_error")
