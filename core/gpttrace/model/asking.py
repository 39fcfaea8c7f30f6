"""Asking: a question to the endpoint until there is a reply, or a reason why there is none that a user can read.

Tries again what may pass, leaves out what the endpoint does not know, stops at what no try can mend; all of it within the budget.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import anyio

from gpttrace.errors import GpttraceError, NotPermitted, Unavailable
from gpttrace.model.budget import Budget, BudgetSpent
from gpttrace.model.clean import clean
from gpttrace.model.failures import Failure, error_of, no_choice_of_model, no_model
from gpttrace.model.masking import without_key_all
from gpttrace.model.pauses import FIRST, TRIES, next_pause
from gpttrace.model.record import Recording
from gpttrace.model.request import Dialect, Question, body_of
from gpttrace.model.values import Message, Reply, Tool, Usage, estimated_tokens
from gpttrace.settings import ModelSettings

if TYPE_CHECKING:
    from gpttrace.model.wire import Wire

_LIST_SECONDS = 10.0


class Model:
    """One model at one endpoint; close it with `aclose`. `pause` is the first wait, in seconds, before another try."""

    def __init__(self, settings: ModelSettings, budget: Budget, *, pause: float = FIRST) -> None:
        self.settings = settings
        self.budget = budget
        self.name = settings.name
        self._pause = pause
        self._dialect = Dialect()
        self._record = Recording(settings.record, settings.key) if settings.record else None
        self._opened: Wire | None = None

    @property
    def place(self) -> str:
        """The endpoint as it is named to users: without user, password, path and query."""
        host = (
            urlsplit(self.settings.base_url or "").netloc.rpartition("@")[2]
            if self._address_is_sane()
            else ""
        )
        return clean(host) or ("the endpoint" if self.settings.base_url else "OpenAI")

    def _address_is_sane(self) -> bool:
        try:
            return bool(urlsplit(self.settings.base_url or "").netloc)
        except ValueError:
            return False

    async def ask(
        self,
        messages: Sequence[Message],
        *,
        tools: Sequence[Tool] = (),
        schema: Mapping[str, Any] | None = None,
        name: str = "answer",
        most: int = 4096,
    ) -> Reply:
        """Return the model's reply; `most` is its greatest length in tokens, `schema` the JSON schema that its text should fit.

        Raises Unavailable (ContextTooLong, BudgetSpent among them), NotPermitted for a key that is not accepted, StoreError
        when recording was asked for and cannot be done.
        """
        question = Question(tuple(messages), tuple(tools), schema, name, most)
        coming = estimated_tokens(question.characters)
        self.budget.check(coming)
        if self._record is not None:
            self._record.prepare()
        reply: Reply | None = None
        with self.budget.waiting(), anyio.move_on_after(self.budget.left().seconds):
            reply = await self._reply(question, coming)
        if reply is None:
            raise self.budget.out_of_time()
        return self._paid(question, reply)

    def _paid(self, question: Question, reply: Reply) -> Reply:
        self.budget.spend(reply.usage)
        if self._record is not None:
            self._record.keep(question, self.name or "", reply)
        try:
            self.budget.check()
        except BudgetSpent as error:
            error.reply = reply
            raise
        return reply

    async def models(self) -> tuple[str, ...]:
        """Return the names of the models that the endpoint lists; () when it lists none or cannot be asked."""
        from gpttrace.model.stream import completion_of

        answer = await self._wire().get(
            "/models", min(_LIST_SECONDS, self.budget.left().seconds or _LIST_SECONDS)
        )
        listed = answer if isinstance(answer, Failure) else completion_of(answer, self.settings.key)
        if isinstance(listed, Failure):
            if listed.status in (401, 403):
                raise error_of(listed, self.place)
            return ()
        found = listed.get("data")
        names = (
            [each.get("id") for each in found if isinstance(each, dict)] if isinstance(found, list) else []
        )
        kept = [clean(each)[:200] for each in names if isinstance(each, str) and each]
        return tuple(without_key_all(kept, self.settings.key))

    async def aclose(self) -> None:
        """Close the connections; asking again opens new ones."""
        opened, self._opened = self._opened, None
        if opened is not None:
            await opened.aclose()

    async def _reply(self, question: Question, coming: int) -> Reply:
        if self.name is None:
            self.name = await self._only_model()
        tries = 1
        while True:
            body = body_of(self._within(question, coming), self.name, self._dialect)
            got = await self._once(body, question)
            if isinstance(got, Reply):
                self._dialect.keep_guesses()
                return got
            if got.is_context or got.is_model or got.is_filter or got.kind == "too_large":
                break
            if self._dialect.step_down(got, body):
                continue
            if not got.may_pass or tries >= TRIES or not await self._waited(tries, got):
                break
            tries += 1
        self._dialect.forget_guesses()
        if got.is_filter:
            return Reply("", (), "content_filter", Usage(coming, 0, True), got.text)
        raise await self._error(got, tries)

    def _within(self, question: Question, coming: int) -> Question:
        room = max(1, self.budget.left().tokens - coming)
        return replace(question, most=min(question.most, room))

    async def _once(self, body: Mapping[str, Any], question: Question) -> Reply | Failure:
        from gpttrace.model.reading import read_reply
        from gpttrace.model.stream import completion_of

        answer = await self._wire().post("/chat/completions", body, max(0.001, self.budget.left().seconds))
        if isinstance(answer, Failure):
            if answer.kind == "too_large":  # it was made, so it was paid for
                self.budget.spend(Usage(estimated_tokens(question.characters), question.most, True))
            return answer
        completion = completion_of(answer, self.settings.key)
        if isinstance(completion, Failure):
            return completion
        return read_reply(without_key_all(completion, self._long_key()), question.characters)

    def _long_key(self) -> Any:
        # Pieces of a short key may be ordinary words ("localhost"), which the model must be able to say.
        key = self.settings.key
        return key if key is not None and len(key.reveal()) >= 16 else None

    async def _waited(self, tries: int, failure: Failure) -> bool:
        pause = next_pause(tries, failure.headers, self._pause)
        if pause >= self.budget.left().seconds:
            return False
        await anyio.sleep(pause)
        return True

    async def _only_model(self) -> str:
        known = await self.models()
        if len(known) != 1:
            raise no_choice_of_model(self.place, known)
        return known[0]

    async def _error(self, failure: Failure, tries: int) -> GpttraceError:
        known = await self.models() if failure.is_model else ()
        return error_of(failure, self.place, name=self.name or "", known=known, tries=tries)

    def _wire(self) -> Wire:
        if self._opened is None:
            self._opened = _open(self.settings)
        return self._opened


def _open(settings: ModelSettings) -> Wire:
    if not settings.is_set:
        raise no_model()
    if settings.key is not None and not (
        settings.key.reveal().isascii() and settings.key.reveal().isprintable()
    ):
        raise NotPermitted("the key holds characters that no key has", hint="set OPENAI_API_KEY again")
    try:
        from gpttrace.model.wire import Wire
    except ImportError:
        raise Unavailable("the package `openai` is missing", hint="pip install 'gpttrace[model]'") from None
    try:
        return Wire(settings)
    except Exception as error:  # an address that no library takes apart, with who knows what in it
        kind = type(error).__name__
    raise Unavailable(
        f"OPENAI_BASE_URL, or a proxy of the environment, is not an address that can be used ({kind})",
        hint="an address looks like http://localhost:8000/v1",
    )
