"""Question → program: the offline writer, the writer that asks a model, and the draft that both hand over.

`write_with_model` is imported when it is first used: most questions need no model.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from gpttrace.lazily import lazily
from gpttrace.spec.options import Options
from gpttrace.writer.draft import Draft, Judged, Refusal, refusal_error
from gpttrace.writer.offline import write_offline

if TYPE_CHECKING:
    from gpttrace.writer.model import write_with_model

__all__ = ["Draft", "Judged", "Options", "Refusal", "refusal_error", "write_offline", "write_with_model"]

__getattr__ = lazily(__name__, {"write_with_model": "model"})
