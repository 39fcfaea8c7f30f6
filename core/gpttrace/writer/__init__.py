"""Question → program: the offline writer, and the draft that every writer hands over."""

from gpttrace.spec.options import Options
from gpttrace.writer.draft import Draft, Refusal, refusal_error
from gpttrace.writer.offline import write_offline

__all__ = ["Draft", "Options", "Refusal", "refusal_error", "write_offline"]
