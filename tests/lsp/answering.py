"""A wire with a person and an editor at it: what the server asks of them is answered as the test says, and remembered."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from tests.lsp.wire import Message, Wire

Answer = Callable[[Any], Any]


class Answering(Wire):
    """`answers` gives for a method what is answered to its parameters; other requests are answered with null."""

    def __init__(self, *options: str, **given: Any) -> None:
        self.answers: dict[str, Answer] = {"window/showDocument": lambda params: {"success": True}}
        self.asked: list[tuple[str, Any]] = []
        super().__init__(*options, **given)

    def write(self, message: Message) -> None:
        """Send a message; an answer is the test's where it has one."""
        last = self.seen[-1] if self.seen else {}
        is_answer = "method" in last and "id" in last and "result" in message and message["id"] == last["id"]
        if is_answer and last["method"] in self.answers:
            self.asked.append((last["method"], last["params"]))
            message = {**message, "result": self.answers[last["method"]](last["params"])}
        super().write(message)

    def edit_as(self, texts: dict[str, str], versions: dict[str, int]) -> None:
        """Apply the edits that the server asks for to texts, as an editor does, and tell it of the change."""
        self.answers["workspace/applyEdit"] = lambda params: self._edited(params, texts, versions)

    def _edited(self, params: Any, texts: dict[str, str], versions: dict[str, int]) -> Mapping[str, Any]:
        for change in params["edit"]["documentChanges"]:
            uri = change["textDocument"]["uri"]
            if change["textDocument"]["version"] != versions[uri]:
                return {"applied": False, "failureReason": "it is another version now"}
            for edit in reversed(change["edits"]):
                texts[uri] = edited(texts[uri], edit)
            versions[uri] += 1
            self.change(uri, versions[uri], {"text": texts[uri]})
        return {"applied": True}


def edited(text: str, edit: Any) -> str:
    """Return a text of plain letters after one edit of the protocol."""
    lines = text.splitlines(keepends=True) or [""]
    if lines[-1].endswith("\n"):
        lines.append("")

    def at(place: Mapping[str, int]) -> int:
        return sum(len(line) for line in lines[: place["line"]]) + place["character"]

    new = str(edit["newText"])
    return text[: at(edit["range"]["start"])] + new + text[at(edit["range"]["end"]) :]
