"""Pieces of the loop that can be left out, to measure what each of them brings; the policy is none of them."""

from __future__ import annotations

from typing import Literal, get_args

Piece = Literal["retrieval", "check", "load", "meaning", "comprehension"]
PIECES: tuple[Piece, ...] = get_args(Piece)
