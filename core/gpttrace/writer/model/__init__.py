"""The writer that asks a model: prompt with this host's facts → program and spec → checks, meaning, a blind reading → repair.

At most five rounds, then the best candidate with an honest verdict. Nothing is run here, whatever a model says.
"""

from gpttrace.writer.model.pieces import PIECES, Piece
from gpttrace.writer.model.rounds import MOST_ROUNDS, write_with_model

__all__ = ["MOST_ROUNDS", "PIECES", "Piece", "write_with_model"]
