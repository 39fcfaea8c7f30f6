"""Record: exchanges kept for tests, one JSON line each, in a file that only its owner reads; no key, no headers, no address."""

from __future__ import annotations

import json
import os
import time
from pathlib import Path
from typing import Any

from gpttrace.errors import StoreError
from gpttrace.model.masking import without_key_all
from gpttrace.model.request import Question, message_json, tool_json
from gpttrace.model.values import Reply
from gpttrace.settings import Secret


class Recording:
    """Appends to FOLDER/conversation-<time>-<pid>.jsonl, made when it is first needed; StoreError when that cannot be written."""

    def __init__(self, folder: Path, key: Secret | None) -> None:
        stamp = time.strftime("%Y%m%dT%H%M%S", time.gmtime())
        self.path = folder / f"conversation-{stamp}-{os.getpid()}.jsonl"
        self._key = key

    def prepare(self) -> None:
        """Make the file before anything is paid for."""
        self._append(b"")

    def keep(self, question: Question, model: str, reply: Reply) -> None:
        """Append one exchange."""
        line = json.dumps(without_key_all(exchange_json(question, model, reply), self._key))
        self._append(line.encode() + b"\n")

    def _append(self, data: bytes) -> None:
        try:
            self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_NOFOLLOW | os.O_CLOEXEC
            with open(os.open(self.path, flags, 0o600), "ab") as file:
                file.write(data)
        except OSError as error:
            raise StoreError(
                f"the exchange with the model could not be kept in {self.path}: {error.strerror}",
                hint="set GPTTRACE_RECORD to a folder that you can write, or unset it",
            ) from error


def exchange_json(question: Question, model: str, reply: Reply) -> dict[str, Any]:
    """Return an exchange as a JSON object."""
    return {
        "request": {
            "messages": [message_json(each) for each in question.messages],
            "tools": [tool_json(each) for each in question.tools],
            "schema": dict(question.schema) if question.schema is not None else None,
        },
        "reply": {
            "text": reply.text,
            "calls": [
                {"id": each.id, "name": each.name, "arguments": each.arguments} for each in reply.calls
            ],
            "finish": reply.finish,
            "refused": reply.refused,
        },
        "usage": {
            "input": reply.usage.input,
            "output": reply.usage.output,
            "estimated": reply.usage.estimated,
        },
        "model": model,
    }
