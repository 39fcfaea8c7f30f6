"""CannotDraw: one line for a frame that cannot be drawn as asked, and what to do instead; in a notebook without a traceback."""

from __future__ import annotations

from gpttrace.errors import UsageError


class CannotDraw(UsageError):
    """The frame does not hold what the picture needs."""

    def _render_traceback_(self) -> list[str]:
        # IPython asks for this: the place in our code would tell the reader nothing.
        return [f"gpttrace: {self.message}", *([f"  hint: {self.hint}"] if self.hint else [])]
