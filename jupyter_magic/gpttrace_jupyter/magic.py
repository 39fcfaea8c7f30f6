"""The magic itself: which of its works a line asks for, and what becomes of the result.

`%%gpttrace` and `%gpttrace` are one function. Expected errors are raised as they are: they render themselves without a traceback.
"""

from __future__ import annotations

from contextlib import suppress
from functools import partial
from importlib import import_module
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

from IPython.core.magic import Magics, line_cell_magic, magics_class, no_var_expand

from gpttrace import sync
from gpttrace.errors import GpttraceError, Unavailable, UsageError
from gpttrace.settings import Settings
from gpttrace_jupyter import work
from gpttrace_jupyter.background import Background
from gpttrace_jupyter.cell import Cell, read_cell
from gpttrace_jupyter.follow import Follower
from gpttrace_jupyter.frames import frame_of, frames_of
from gpttrace_jupyter.handle import Handle
from gpttrace_jupyter.markup import NOTHING, Shown, line, program, sentences
from gpttrace_jupyter.notebook import Notebook
from gpttrace_jupyter.options import AUTOMATIC, Wanted, help_text, read_options
from gpttrace_jupyter.screen import Screen, screen_for
from gpttrace_jupyter.summary import summary

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    import pandas

    from gpttrace.session import Answer
    from gpttrace.trace import Result

_RUNS = 50


@magics_class
class GpttraceMagics(Magics):
    """Ask this machine in plain words, or run a bpftrace program; the result is a DataFrame."""

    def __init__(self, shell: Any) -> None:
        super().__init__(shell)
        self.notebook = Notebook(shell)
        self.background = Background()

    @no_var_expand
    @line_cell_magic
    def gpttrace(self, line: str, cell: str | None = None) -> Any:
        """Ask this machine in plain words, or run a bpftrace program; the value is a pandas DataFrame.

        %%gpttrace [options] with a question or a program in the cell, %gpttrace [options] QUESTION on a line.
        %gpttrace --help lists the options.
        """
        wanted = read_options(line, self.notebook.names)
        value = self._value(wanted, cell)
        if wanted.name is None:
            return value
        self.notebook.names[wanted.name] = value
        return None

    def _value(self, wanted: Wanted, cell: str | None) -> Any:
        if cell is not None and cell.strip() and wanted.do in ("help", "runs", "stop", "show"):
            raise UsageError(
                f"--{wanted.do} takes no cell", hint=f"%gpttrace --{wanted.do} on a line of its own"
            )
        if wanted.do == "help":
            return self.notebook.show(Shown(help_text(), ""))
        if wanted.do == "runs":
            return self._runs()
        if wanted.do == "stop":
            return self.background.stop(wanted.which)
        if wanted.do == "show":
            return self._kept(wanted)
        above = 0 if cell is None else 1
        return self._answered(read_cell(cell or "", wanted, self.notebook.names, above=above), wanted)

    # --- a question or a program

    def _answered(self, cell: Cell, wanted: Wanted) -> Any:
        settings = Settings.load()
        place = work.Place(
            settings=settings,
            host=work.for_host(wanted, settings),
            say=lambda text: self.notebook.show(line(text, dim=True) if not wanted.quiet else NOTHING),
            show=self.notebook.show,
            ask=self.notebook.ask if self.notebook.can_ask else None,
        )
        answer = work.prepare(cell, wanted, place)
        if wanted.do != "run" or wanted.host:
            return self._not_run(answer, cell, wanted, place)
        approved = work.approved(answer, cell, wanted, place)
        screen = screen_for(self.notebook, answer.program or "", quiet=wanted.quiet, behind=wanted.background)
        for each in answer.draft.findings if answer.draft else ():
            screen.note(f"{each.severity}: {each.message}" + (f" ({each.hint})" if each.hint else ""))
        follower = Follower(screen, work.limits_of(answer, wanted).seconds)
        trace = partial(work.run, answer, wanted, place, follower, approved=approved)
        screen.draw(follower.status())  # here, so that the output is this cell's
        if wanted.background:
            handle = Handle(answer, follower, raw=wanted.raw, cell=self.notebook.cell_key(cell.text))
            return self.background.start(handle, partial(_to_the_end, trace, screen))
        return self._ended(sync.call(trace), cell, wanted, place, screen)

    def _ended(self, answer: Answer, cell: Cell, wanted: Wanted, place: work.Place, screen: Screen) -> Any:
        result = answer.result
        assert result is not None
        error = result.error()
        screen.finish(summary(answer) if error is None else program(answer.program or ""))
        work.show_findings(
            [each for each in result.findings if each.severity in work.WORTH], answer, cell, place
        )
        if error is not None:
            raise error
        return self._frame(result, wanted)

    def _not_run(self, answer: Answer, cell: Cell, wanted: Wanted, place: work.Place) -> Any:
        """Show what was written or checked; the value of `-o` is the program, or the report of `--check`."""
        text = answer.program or ""
        if cell.kind == "question":
            place.show(program(text) + sentences(work.explained(answer).explanation or ""))
        if wanted.do == "dry" and not wanted.host:
            return text if wanted.name else None
        report = work.check_only(answer, cell, wanted, place)
        steps = [
            f"{each.level}: {each.how if each.done else f'not done ({each.why})'}" for each in report.steps
        ]
        many = sum(each.severity in work.WORTH for each in report.findings)
        verdict = f"{many} remark{'s' if many != 1 else ''}" if many else "nothing wrong found"
        place.show(line(f"{verdict}; nothing was run") + line("; ".join(steps), dim=True))
        if wanted.name is None:
            return None
        return report if wanted.do == "check" else text

    def _frame(self, result: Result, wanted: Wanted) -> Any:
        if wanted.all:
            return frames_of(result, raw=wanted.raw)
        frame = frame_of(result, raw=wanted.raw)
        if wanted.plot is not None and len(frame):  # why there is nothing was said
            self._plot(frame, None if wanted.plot == AUTOMATIC else wanted.plot)
        return frame

    def _plot(self, frame: Any, kind: str | None) -> None:
        import_module("gpttrace_jupyter.accessor")
        try:
            self.notebook.show_picture(frame.gpttrace.plot(kind))
        except GpttraceError as error:  # the data is there all the same
            hint = f" ({error.hint})" if error.hint else ""
            self.notebook.show(line(f"no picture: {error.message}{hint}"))

    # --- kept runs

    def _kept(self, wanted: Wanted) -> Any:
        from gpttrace import load_run
        from gpttrace.session import Answer

        result = load_run(wanted.which)
        answer = Answer(result.question, result.program, None, result=result, explanation=result.explanation)
        self.notebook.show(summary(answer) if not wanted.quiet else NOTHING)
        return self._frame(result, wanted)

    def _runs(self) -> pandas.DataFrame:
        from gpttrace_jupyter.runs import runs_frame

        return runs_frame(self.background.running(), Settings.load(), _RUNS)


async def _to_the_end(trace: Callable[[], Awaitable[Answer]], screen: Screen) -> Answer:
    """Run a trace of the background, and put its summary where it was watched."""
    try:
        answer = await trace()
    except GpttraceError as error:
        screen.finish(line(error.message + (f" ({error.hint})" if error.hint else ""), strong=True))
        raise
    assert answer.result is not None
    failed = answer.result.error()
    screen.finish(summary(answer) if failed is None else line(failed.message, strong=True))
    return answer


_loaded: dict[Any, GpttraceMagics] = {}


def load(shell: Any) -> None:
    """Register the magic, its completions and the accessor of frames; once for each shell."""
    from gpttrace_jupyter import completer

    if shell in _loaded:
        return
    if find_spec("pandas") is None:
        raise Unavailable("pandas is not installed", hint="pip install 'gpttrace[jupyter]'")
    _loaded[shell] = GpttraceMagics(shell)
    shell.register_magics(_loaded[shell])
    completer.install(shell)
    with suppress(ImportError):  # without what draws, frames are frames
        import_module("gpttrace_jupyter.accessor")


def unload(shell: Any) -> None:
    """Undo `load`; what runs in the background is stopped."""
    from gpttrace_jupyter import completer

    magics = _loaded.pop(shell, None)
    if magics is None:
        return
    magics.background.close()
    for kind in ("line", "cell"):
        shell.magics_manager.magics[kind].pop("gpttrace", None)
    completer.remove(shell)
