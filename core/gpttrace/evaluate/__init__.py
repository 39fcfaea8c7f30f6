"""How good a writer is: questions with answers that a machine can check, and the table of what came of them."""

from gpttrace.evaluate.questions import Question, load_questions, question_sets
from gpttrace.evaluate.score import Mark, Score, evaluate

__all__ = ["Mark", "Question", "Score", "evaluate", "load_questions", "question_sets"]
