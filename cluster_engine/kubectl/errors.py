"""What kubectl says when something goes wrong.

Follows k8s.io/kubectl/pkg/cmd/util/helpers.go and component-base/cli.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from cluster_engine.apimachinery.errors import ApiError
from cluster_engine.apimachinery.meta import Obj

# What is told of a manifest when there is no server to ask for its schema. Follows cmdutil's ValidateBytes.
_NO_SCHEMA = (
    'error: error validating "{source}": error validating data: failed to download openapi: Get '
    '"https://127.0.0.1:6443/openapi/v2?timeout=32s": dial tcp 127.0.0.1:6443: connect: connection refused; if you '
    "choose to ignore these errors, turn validation off with --validate=false"
)


class CommandError(Exception):
    """A fault that kubectl itself finds; printed after `error: `."""

    def __init__(self, message: str, code: int = 1) -> None:
        super().__init__(message)
        self.message = message
        self.code = code


class PrintedError(CommandError):
    """A failure after something was printed: `text` goes to standard output."""

    def __init__(self, text: str, message: str) -> None:
        super().__init__(message)
        self.text = text


class RawError(CommandError):
    """A fault that is printed without `error: `."""


class FlagError(Exception):
    """A fault of the command line: printed as `Error: ...`, before any command has run."""


class RequiredFlagsError(Exception):
    """Required flags that are missing: kubectl 1.32 writes this one to its log."""

    def __init__(self, names: Sequence[str]) -> None:
        quoted = ", ".join(f'"{name}"' for name in names)
        super().__init__(f"required flag(s) {quoted} not set")


class LoggedError(RequiredFlagsError):
    """A failure that kubectl writes to its log instead of telling it."""

    def __init__(self, message: str) -> None:
        Exception.__init__(self, message)


class Aggregate(Exception):
    """Several errors, printed one a line."""

    def __init__(self, errors: Sequence[Exception]) -> None:
        super().__init__("; ".join(plain(error) for error in errors))
        self.errors = list(errors)

    @property
    def message(self) -> str:
        """As Go prints an aggregate: one error as it is, several in brackets."""
        texts = [error.message if isinstance(error, ApiError) else str(error) for error in self.errors]
        return texts[0] if len(texts) == 1 else f"[{', '.join(texts)}]"


class ServerGone(Exception):
    """Nobody answers at the API server's address: whatever the command was about, that is all there is to say."""

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message

    def told(self, words: Sequence[str]) -> str:
        """What the command prints. Who has a manifest to send asks for its schema first."""
        source = _manifest(words)
        return self.message if source is None else _NO_SCHEMA.format(source=source)


def _manifest(words: Sequence[str]) -> str | None:
    """The file that `apply` or `create` was given, or None."""
    if not words or words[0] not in ("apply", "create") or "--validate=false" in words:
        return None
    for index, word in enumerate(words):
        name, _, value = word.partition("=")
        if name in ("-f", "--filename"):
            value = value or (words[index + 1] if index + 1 < len(words) else "")
            return "STDIN" if value == "-" else value
    return None


class ExitCode(Exception):
    """Ends the command with that code and prints nothing."""

    def __init__(self, code: int = 1) -> None:
        super().__init__(f"exit code {code}")
        self.code = code


def usage_error(command_path: str, message: str) -> CommandError:
    """Follows cmdutil.UsageErrorf."""
    return CommandError(f"{message}\nSee '{command_path} -h' for help and examples")


def raise_all(errors: Sequence[Exception]) -> None:
    """Raises nothing, the only error, or all of them together."""
    if len(errors) == 1:
        raise errors[0]
    if errors:
        raise Aggregate(list(errors))


def with_source(verb: str, source: str, error: Exception) -> Exception:
    """The error with the file that it is about. Follows cmdutil.AddSourceToErr."""
    if not source:
        return error
    if isinstance(error, ApiError):
        return ApiError(error.code, error.reason, f'error when {verb} "{source}": {error.message}', error.details)
    return CommandError(f'error when {verb} "{source}": {plain(error)}')


def plain(error: Exception) -> str:
    """The error's own words, with the server's prefix where the server spoke. Follows messageForError."""
    if isinstance(error, ApiError):
        return _server_said(error)
    return str(error)


def _server_said(error: ApiError) -> str:
    if error.reason == "Unauthorized":
        return f"error: You must be logged in to the server ({error.message})"
    if error.reason:
        return f"Error from server ({error.reason}): {error.message}"
    return f"Error from server: {error.message}"


def explain(error: Exception, log_header: Callable[[], str]) -> tuple[str, int]:
    """(what to print to standard error, exit code). `log_header` makes the head of a line of kubectl's log."""
    if isinstance(error, ExitCode):
        return "", error.code
    if isinstance(error, FlagError):
        return f"Error: {error}\n", 1
    if isinstance(error, RequiredFlagsError):
        text = str(error).replace('"', '\\"')
        return f'{log_header()} run.go:72] "command failed" err="{text}"\n', 1
    if isinstance(error, Aggregate):
        if len(error.errors) == 1:
            return explain(error.errors[0], log_header)
        return "".join(f"{plain(each)}\n" for each in error.errors), 1
    if isinstance(error, ApiError):
        text = _invalid(error) if error.reason == "Invalid" else _server_said(error)
        return _line(text), 1
    code = error.code if isinstance(error, CommandError) else 1
    text = str(error)
    if isinstance(error, RawError):
        return _line(text), code
    return _line(text if text.startswith("error: ") else f"error: {text}"), code


def _line(text: str) -> str:
    return text if text.endswith("\n") else text + "\n"


def _invalid(error: ApiError) -> str:
    details: Obj = error.details or {}
    text = "The request is invalid"
    kind, name, causes = details.get("kind", ""), details.get("name", ""), details.get("causes") or []
    if error.details is None:
        return f"{text}: {error.message}" if error.message else text
    if kind or name:
        text = f'The {kind} "{name}" is invalid'
    elif error.message and not causes:
        text = f"{text}: {error.message}"
    words = list(dict.fromkeys(f"{cause.get('field', '')}: {cause.get('message', '')}" for cause in causes))
    if not words:
        return text
    if len(words) == 1:
        return f"{text}: {words[0]}\n"
    return f"{text}: \n" + "".join(f"* {word}\n" for word in words)
