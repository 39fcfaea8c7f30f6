"""`gpttrace.generate`: the comment on a line is a question, and the program that answers it is written below it.

A lens offers it where a comment stands alone at the top level and nothing is below it to be a program: the file has no probe
yet, or the comment begins with `?` (`// ? which files does bash open`). The code action offers it on every such comment.
"""

from __future__ import annotations

import asyncio
import re
import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from lsprotocol import types as t

from gpttrace.errors import GpttraceError
from gpttrace.language import Program
from gpttrace_lsp.calling import document_of, number_in, options_at, tell, versioned
from gpttrace_lsp.progress import bar

if TYPE_CHECKING:
    from gpttrace.host import Host
    from gpttrace.session import Answer, WhoWrites
    from gpttrace.settings import Settings
    from gpttrace_lsp.document import Document
    from gpttrace_lsp.server import Server

GENERATE = "gpttrace.generate"
_ROUNDS = 3  # a refusal's alternative may be refused as well, by a machine that changed meanwhile
_NO_QUESTION = re.compile(
    r"spdx|copyright|license|licence|author|vim:|-\*-|^!|^todo\b|^fixme\b|^usage\b", re.IGNORECASE
)
_FEWEST_WORDS = 2
_END = re.compile(r"\r\n|\r|\n")


@dataclass(frozen=True, slots=True)
class Question:
    """A comment that may be a question: its words, where it stands, and whether it says so itself with a `?` in front."""

    text: str
    start: int
    end: int
    marked: bool


# ----------------------------------------------------------------------------------------- comments


def questions(tree: Program) -> list[Question]:
    """Return the comments that stand alone at top level and read like questions, joined where one line follows another."""
    text = tree.source.text
    found: list[Question] = []
    for start, end in _blocks(tree):
        words = words_of(text[start:end])
        marked = words.startswith("?")
        words = words.lstrip("? ").strip()
        if len(words.split()) >= _FEWEST_WORDS and not _NO_QUESTION.search(words):
            found.append(Question(words, start, end, marked))
    return found


def question_at(tree: Program, offset: int) -> Question | None:
    """Return the question on the line of a place."""
    line, _ = tree.source.line_column(offset)
    for each in questions(tree):
        first, last = tree.source.line_column(each.start)[0], tree.source.line_column(each.end)[0]
        if first <= line <= last:
            return each
    return None


def offered(tree: Program) -> list[Question]:
    """Return the questions that a lens offers to answer."""
    if not tree.probes:
        return questions(tree)[:1] or []
    return [each for each in questions(tree) if each.marked]


def _blocks(tree: Program) -> list[tuple[int, int]]:
    text = tree.source.text
    found: list[tuple[int, int]] = []
    for comment in tree.comments:
        if any(item.start < comment.start < item.end for item in tree.items) or not _alone(
            text, comment.start
        ):
            continue
        end = comment.start + len(text[comment.start : comment.end].rstrip())  # a `\r` is no word
        if found and comment.text.startswith("//") and _follows(text, found[-1], comment.start):
            found[-1] = found[-1][0], end
        else:
            found.append((comment.start, end))
    return found


def _alone(text: str, start: int) -> bool:
    return not text[max(text.rfind("\n", 0, start), text.rfind("\r", 0, start)) + 1 : start].strip()


def _follows(text: str, before: tuple[int, int], start: int) -> bool:
    between = text[before[1] : start]
    return text.startswith("//", before[0]) and not between.strip() and len(_END.findall(between)) == 1


def words_of(comment: str) -> str:
    """Return the words of a comment, or of several lines of comments, without their marks."""
    lines = []
    for line in _END.split(comment):
        plain = line.strip().removesuffix("*/").strip()
        plain = re.sub(r"^(?://+|/\*+|\*+)", "", plain)
        lines.append(plain.strip())
    return " ".join(line for line in lines if line)


# ------------------------------------------------------------------------------------------ command


def register(server: Server) -> None:
    """Register the command."""

    @server.command(GENERATE)
    async def generate(*arguments: Any) -> dict[str, str] | None:
        document = document_of(server, arguments)
        if document is None:
            return None
        look = await server.look_of(document)
        line = int(number_in(options_at(arguments, 1), "line", 0, 1 << 31) or 0)
        question = question_at(look.tree, look.lines.line_span(line)[0])
        if question is None:
            tell(server, "there is no comment on that line that asks for something")
            return None
        try:
            return await _generated(server, document, question)
        except GpttraceError as error:
            hint = f" ({error.hint})" if error.hint else ""
            tell(server, f"{error.message}{hint}", t.MessageType.Error)
            return None


async def _generated(server: Server, document: Document, question: Question) -> dict[str, str] | None:
    version = document.version
    host = server.hosting.host
    if host is None:
        raise GpttraceError("nothing is known of this machine, so no program can be written for it")
    asked = question.text
    for _ in range(_ROUNDS):
        answer = await _written(server, asked, host)
        if answer is None:
            return None
        if answer.program is not None:
            return await _applied(server, document, version, question, asked, answer.program)
        chosen = await _another(server, answer)
        if chosen is None:
            return None
        asked = chosen
    return None


async def _written(server: Server, question: str, host: Host) -> Answer | None:
    """Return what the writer makes of a question; None when the person ended it."""
    ended = threading.Event()
    loop = asyncio.get_running_loop()
    async with bar(server, "Writing a program", ended.set) as shown:
        shown.say(question)
        say: Callable[[str], None] = lambda line: _soon(loop, shown.say, line)  # noqa: E731  called in the thread
        settings, writer = server.hosting.settings, server.options.writer
        try:
            return await asyncio.to_thread(write, question, writer, host, settings, say, ended)
        except asyncio.CancelledError:
            ended.set()
            raise


def _soon(loop: asyncio.AbstractEventLoop, call: Callable[[str], None], line: str) -> None:
    if not loop.is_closed():
        loop.call_soon_threadsafe(call, line)


def write(
    question: str,
    writer: WhoWrites,
    host: Host,
    settings: Settings,
    say: Callable[[str], None],
    ended: threading.Event,
) -> Answer | None:
    """Write a program, blocking, until `ended` is set: for a thread, because the offline writer takes a tenth of a second."""
    import anyio

    from gpttrace.session import generate_by

    async def whole() -> Answer | None:
        answer: Answer | None = None
        async with anyio.create_task_group() as group:
            group.start_soon(_cancelled_by, ended, group.cancel_scope)
            answer = await generate_by(writer, question, host=host, settings=settings, progress=say)
            group.cancel_scope.cancel()
        return answer

    try:
        return anyio.run(whole)
    except BaseExceptionGroup as group:
        raise group.exceptions[0] from None


async def _cancelled_by(ended: threading.Event, scope: Any) -> None:
    import anyio

    while not ended.is_set():
        await anyio.sleep(0.1)
    scope.cancel()


async def _another(server: Server, answer: Answer) -> str | None:
    """Say why nothing was written, and return the question that the person takes instead."""
    refused = answer.draft.refused if answer.draft is not None else None
    why = refused.why if refused is not None else "nothing could be written"
    hint = f" ({refused.hint})" if refused is not None and refused.hint else ""
    others = [question for _, question in refused.alternatives] if refused is not None else []
    if not others:
        tell(server, why + hint, t.MessageType.Warning)
        return None
    ask = t.ShowMessageRequestParams(
        t.MessageType.Warning, why + hint, [t.MessageActionItem(each) for each in others[:4]]
    )
    chosen = await server.window_show_message_request_async(ask)
    return chosen.title if chosen is not None and chosen.title in others else None


async def _applied(
    server: Server, document: Document, version: int, question: Question, asked: str, program: str
) -> dict[str, str] | None:
    if server.documents.get(document.uri) is not document or document.version != version:
        tell(
            server,
            "the text was changed meanwhile, so the program was not put in: ask again",
            t.MessageType.Warning,
        )
        return None
    text = below(document.lines.text, question, asked, program)
    place = document.lines.position(question.end)
    edit = versioned(server, document.uri, document.version, [t.TextEdit(t.Range(place, place), text)])
    done = await server.workspace_apply_edit_async(t.ApplyWorkspaceEditParams(edit, "Write this program"))
    if not done.applied:
        tell(server, f"the editor did not take the program: {done.failure_reason or 'it said no'}")
        return None
    return {"program": program}


def below(text: str, question: Question, asked: str, program: str) -> str:
    """Return what is put in behind a comment: the program, on lines of its own, with the line ends of the text."""
    lines = [] if asked == question.text else [f"// {asked}"]
    lines += program.strip("\n").split("\n")
    rest = text[question.end :]
    after = "" if not rest.strip() else "\n"
    if not rest:
        after = "\n"
    begin = "" if text[: question.end].endswith("\n") else "\n"
    whole = begin + "\n".join(lines) + after
    return whole.replace("\n", "\r\n") if "\r\n" in text else whole
