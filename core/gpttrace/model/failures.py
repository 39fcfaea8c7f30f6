"""Failures: how a request can go wrong, as values, and the words a user reads about each; never with the key in them."""

from __future__ import annotations

import difflib
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from gpttrace.errors import GpttraceError, NotPermitted, Unavailable
from gpttrace.model.clean import clean
from gpttrace.model.masking import masked
from gpttrace.model.pauses import asked_pause
from gpttrace.settings import Secret

Kind = Literal[
    "status", "connection", "broken", "timeout", "too_large", "not_json", "web_page", "no_choice", "setup"
]
RETRIED = frozenset({408, 409, 425, 429})
UNSUPPORTED = frozenset({400, 404, 422, 501})
_CONTEXT = re.compile(
    r"context_length_exceeded|context[ _]?(length|window|size)|maximum context|prompt is too long|too many (input )?tokens"
    r"|(input|prompt|request)\b.{0,40} (is too long|exceeds?\b.{0,60}(tokens|context))",
    re.IGNORECASE,
)
_MODEL = re.compile(
    r"model_not_found|unknown_model|invalid model( name| id)?\b"
    r"|models?\b.{0,120}(not found|does not exist|doesn't exist|not exist|is unknown|not available|not a valid model|no access)"
    r"|(no such|unknown) model",
    re.IGNORECASE | re.DOTALL,
)
_FILTER = re.compile(r"content_filter|content_policy|content management policy", re.IGNORECASE)
_QUOTA = re.compile(r"insufficient_quota|exceeded your current quota|billing", re.IGNORECASE)
_ADDRESS = "check OPENAI_BASE_URL: it usually ends in /v1"


class ContextTooLong(Unavailable):
    """The model cannot take so long a prompt; a shorter one may do."""


@dataclass(frozen=True, slots=True)
class Failure:
    """One failed try: `text` is what the server or the library said, clean, without the key and cut."""

    kind: Kind
    text: str = ""
    status: int = 0
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)

    @property
    def may_pass(self) -> bool:
        """Tell whether another try may go better."""
        if self.kind in ("connection", "broken", "timeout"):
            return True
        if self.kind != "status" or _QUOTA.search(self.text):
            return False
        return self.status in RETRIED or (self.status >= 500 and self.status != 501)

    @property
    def is_context(self) -> bool:
        """Tell whether the prompt was too long."""
        return self.status in (400, 413, 422) and bool(_CONTEXT.search(self.text))

    @property
    def is_model(self) -> bool:
        """Tell whether the server has no such model."""
        return self.status in (400, 404, 422) and bool(_MODEL.search(self.text))

    @property
    def is_filter(self) -> bool:
        """Tell whether the server would not read the prompt for what it says."""
        return self.status in (400, 403) and bool(_FILTER.search(self.text))


def told(body: bytes, key: Secret | None) -> str:
    """Return what an error body says, in at most 2000 characters: message, code and parameter where it is JSON."""
    text = body[:20_000].decode("utf-8", "replace")
    try:
        words = _words(json.loads(text))
    except (ValueError, RecursionError):
        words = re.sub(
            r"<(script|style)\b.*?(</\1>|$)|<[^>]{0,2000}>", " ", text, flags=re.DOTALL | re.IGNORECASE
        )
    # Clean first: a control character inside the key must not hide it; cut last: a cut must not leave half of it.
    return " ".join(masked(clean(words), key).split())[:2000]


def _words(value: Any) -> str:
    if isinstance(value, dict) and isinstance(value.get("error"), dict | str):
        value = value["error"]
    if isinstance(value, dict) and isinstance(value.get("message"), str):
        more = [str(value[name]) for name in ("code", "param", "type") if value.get(name)]
        return f"{value['message']} ({', '.join(more)})" if more else str(value["message"])
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def error_of(
    failure: Failure, place: str, *, name: str = "", known: Sequence[str] = (), tries: int = 1
) -> GpttraceError:
    """Return the error for a failure that nothing more is done about; `known` are the models that the endpoint lists."""
    if failure.kind == "status":
        return _status_error(failure, place, name, known, tries)
    said = f": {failure.text[:300]}" if failure.text else ""
    after = f" ({tries} tries)" if tries > 1 else ""
    match failure.kind:
        case "setup":
            return Unavailable(
                failure.text or "the model cannot be asked", hint=failure.headers.get("hint") or _ADDRESS
            )
        case "web_page":
            return Unavailable(f"{place} answered with a web page, not as a model would{said}", hint=_ADDRESS)
        case "not_json":
            return Unavailable(f"{place} answered with something that is not JSON{said}", hint=_ADDRESS)
        case "no_choice":
            return Unavailable(
                f"{place} gave no answer{said}", hint="ask again, or choose another model with GPTTRACE_MODEL"
            )
        case "too_large":
            return Unavailable(
                f"{place} sent more than 10 MB; the answer was cut off",
                hint="ask again, or choose another model",
            )
        case "broken":
            return Unavailable(f"{place} broke its answer off{after}{said}", hint="ask again")
        case _:
            return Unavailable(
                f"{place} cannot be reached{after}{said}", hint="is the endpoint running? " + _ADDRESS
            )


def _status_error(failure: Failure, place: str, name: str, known: Sequence[str], tries: int) -> GpttraceError:
    said = f": {failure.text[:300]}" if failure.text else ""
    wait = asked_pause(failure.headers) or 0.0
    if failure.is_context:
        return ContextTooLong(
            f"the prompt is longer than {name or 'the model'} can take{said}",
            hint="ask something shorter, or choose a model with a longer context with GPTTRACE_MODEL",
        )
    if failure.is_model:
        return _unknown_model(place, name, known, said)
    if failure.status in (401, 403):
        what = "does not accept the key" if failure.status == 401 else "does not let this key do that"
        return NotPermitted(f"{place} {what}{said}", hint="set OPENAI_API_KEY to a key of this endpoint")
    if 300 <= failure.status < 400:
        return Unavailable(f"{place} sends the request elsewhere ({failure.status}){said}", hint=_ADDRESS)
    if failure.status == 404:
        return Unavailable(f"{place} has nothing at this address (404){said}", hint=_ADDRESS)
    after = f", {tries} tries" if tries > 1 else ""
    if wait >= 1:
        after += f", it asks to wait {wait:,.0f} s"
    hint = (
        "wait a little and ask again"
        if failure.may_pass
        else "see what the endpoint says, or choose another model"
    )
    return Unavailable(f"{place} did not answer ({failure.status}{after}){said}", hint=hint)


def _unknown_model(place: str, name: str, known: Sequence[str], said: str) -> Unavailable:
    near = (
        difflib.get_close_matches(name, known, 3, 0.4)
        or [each for each in known if name and name in each][:3]
    )
    listed = near or list(known[:8])
    hint = (
        f"set GPTTRACE_MODEL to one of its models: {', '.join(listed)}"
        if listed
        else "set GPTTRACE_MODEL to a model that it has"
    )
    return Unavailable(f"{place} does not know the model {name}{said}", hint=hint)


def no_model() -> Unavailable:
    """Return the error for a model that is meant and not set."""
    return Unavailable(
        "no model is set", hint="set OPENAI_API_KEY, or OPENAI_BASE_URL for an endpoint of your own"
    )


def no_choice_of_model(place: str, known: Sequence[str]) -> Unavailable:
    """Return the error for an endpoint that does not say by itself which model to take."""
    if not known:
        return Unavailable(
            f"no model is named, and {place} does not list any", hint="set GPTTRACE_MODEL to the model's name"
        )
    more = f" … ({len(known)} in all)" if len(known) > 8 else ""
    return Unavailable(
        f"no model is named, and {place} has {len(known)}",
        hint=f"set GPTTRACE_MODEL to one of: {', '.join(known[:8])}{more}",
    )
