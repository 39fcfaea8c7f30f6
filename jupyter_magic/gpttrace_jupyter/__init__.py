"""`%%gpttrace` in a notebook: a question or a bpftrace program in a cell, its result as a pandas DataFrame.

`%load_ext gpttrace_jupyter` (or `%load_ext gpttrace`) brings the magic; `frame_of` and `frames_of` turn a kept run into frames.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from gpttrace.lazily import lazily

if TYPE_CHECKING:
    from gpttrace_jupyter.frames import Frames, frame_of, frames_of
    from gpttrace_jupyter.handle import Handle

__all__ = ["Frames", "Handle", "frame_of", "frames_of", "load_ipython_extension", "unload_ipython_extension"]

__getattr__ = lazily(
    __name__, {"Frames": "frames", "Handle": "handle", "frame_of": "frames", "frames_of": "frames"}
)


def load_ipython_extension(shell: Any) -> None:
    """Add the magic, its completions and the accessor of frames to an IPython."""
    from gpttrace_jupyter.magic import load

    load(shell)


def unload_ipython_extension(shell: Any) -> None:
    """Take them away again; traces of the background are stopped."""
    from gpttrace_jupyter.magic import unload

    unload(shell)
