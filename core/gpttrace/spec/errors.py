"""Calls that fail or succeed: as a condition (`that failed`, `ENOENT`), as rows, or as a column (`the error, if it failed`)."""

from __future__ import annotations

import errno
import os
import re

from gpttrace.spec import vocabulary as words
from gpttrace.spec.asked import EQUALS, Asked, amount_at, text_at
from gpttrace.spec.model import Condition
from gpttrace.spec.sentence import Sentence
from gpttrace.spec.words import stem, stems

ONLY_FAILED, ONLY_ONES_THAT_FAILED = "only calls that failed", "only those that failed"

_CANNOT = [
    tuple(stem(w) for w in p.split())
    for p in (
        "did not succeed",
        "didn't succeed",
        "do not succeed",
        "don't succeed",
        "not succeed",
        "does not work",
        "do not work",
        "did not work",
        "go wrong",
        "goes wrong",
        "went wrong",
        "could not",
        "couldn't",
        "can not",
        "cannot",
        "can't",
        "unable to",
        "without success",
        "without succeeding",
        "negative value",
        "negative result",
        "negative return value",
        "return negative",
        "turned down",
        "turned away",
        "did not accept",
        "does not accept",
        "not accepted",
    )
]
ERRNO_PHRASES = {
    "permission denied": "EACCES", "no such file": "ENOENT", "not found": "ENOENT", "would block": "EAGAIN",
    "no space left on device": "ENOSPC", "no space left": "ENOSPC",
    "full disk": "ENOSPC", "disk is full": "ENOSPC", "interrupted system call": "EINTR", "system call interrupted": "EINTR",
    "too many open files": "EMFILE", "address already in use": "EADDRINUSE",
    "not permitted": "EPERM", "already exists": "EEXIST", "broken pipe": "EPIPE",
    "no such process": "ESRCH", "invalid argument": "EINVAL", "bad file descriptor": "EBADF", "is a directory": "EISDIR",
    "read only file system": "EROFS", "no such device": "ENODEV", "out of memory error": "ENOMEM", "disk full": "ENOSPC",
    "do not exist": "ENOENT", "does not exist": "ENOENT", "don't exist": "ENOENT", "doesn't exist": "ENOENT",
    "are missing": "ENOENT", "aren't there": "ENOENT", "isn't there": "ENOENT", "are not there": "ENOENT",
    "is not there": "ENOENT",
    "timed out": "ETIMEDOUT", "time out": "ETIMEDOUT", "access denied": "EACCES", "connection refused": "ECONNREFUSED",
    "connection being refused": "ECONNREFUSED", "refused connection": "ECONNREFUSED",
    "interrupted by a signal": "EINTR", "interrupted by signals": "EINTR", "try again": "EAGAIN",
}  # fmt: skip
_MESSAGES = {os.strerror(number).lower(): name for number, name in errno.errorcode.items()}
_BY_NAME = {name: getattr(errno, name) for name in dir(errno) if name.startswith("E")}


def error_said(text: str) -> str | None:
    """Return the name of the error that a text in quotes is the message of: `no such file or directory` is ENOENT."""
    return ERRNO_PHRASES.get(text.lower()) or _MESSAGES.get(text.lower())


def is_errno(text: str) -> bool:
    """Tell whether a word is the name of an error, written as the kernel writes it."""
    return text in _BY_NAME


_NOT_ZERO = re.compile(
    r"\b(return(ed)? (code|value|status)|ret|rc) (is |was |were |are )?(not|other than|different from|!=|unequal to) (0|zero)\b"
    r"|\bnon-?zero return (code|value|status)s?\b|\breturn(s|ed|ing)? (a )?non-?zero\b",
    re.IGNORECASE,
)


def take_errors(sentence: Sentence, asked: Asked) -> None:
    """`that failed`, `errors only`, `with errno 2`, `ENOENT`, `permission denied`, `successful`."""
    if (given := _NOT_ZERO.search(sentence.text)) is not None:
        asked.conditions.append(Condition("ret", "!=", 0))
        sentence.take_inside(*given.span(), "only those that return another value than 0")
    _take_outcome(sentence, asked)
    _take_no_failures(sentence, asked)
    _take_errno(sentence, asked)
    for index, token in enumerate(sentence.tokens):
        named = token.stem in ("error", "errno") and sentence.stem(index + 1) in ("number", "cod")
        grouped = {"by", "per"} & {sentence.stem(i) for i in range(max(index - 5, 0), index)}
        rows = sentence.stem(index - 1) in ("by", "per", "each") or (
            sentence.stem(index - 1) == "and" and grouped
        )
        if named and token.meaning is None and not rows:
            asked.columns.append("errno")
            sentence.take(index, index + 1, "with errno")
    for phrase in _CANNOT:
        if (at := sentence.find_phrase(phrase)) is not None:
            asked.failed = True
            sentence.take(at, at + len(phrase) - 1, "only calls that failed")
    for stems_, failed, meaning in (
        (words.FAILED, True, ONLY_FAILED),
        (words.SUCCEEDED, False, "only calls that succeeded"),
    ):
        while (at := sentence.find(stems_)) is not None and not _are_rows(sentence, at):
            if asked.failed is (not failed) and not asked.ratio:
                asked.problems.append("a call cannot both succeed and fail; ask for one of them")
            if asked.failed and sentence.stem(at - 1) == "with" and sentence.stem(at) in ("error", "errno"):
                asked.columns.append("errno")  # `failed opens with the error`
            asked.failed = failed
            last = at + 1 if sentence.stem(at + 1) == "only" else at
            first = at - 1 if sentence.stem(at - 1) in ("only", "that") else at
            sentence.take(first, last, meaning)
    if (tried := sentence.find(words.ATTEMPTS)) is not None:
        asked.attempts = True
        sentence.take(tried, tried, "whether or not the call succeeds")


# `the error if it failed`, `whether it succeeded`: how each ended, and no condition.
_OUTCOME = re.compile(
    r"(?:\b(?:the|an|any|its) )?\b(?:error|errno|result|outcome|return value)s?(?: (?:code|number))?,? "
    r"(?:if|when|in case) (?:it|they|any|one|there (?:is|was))\b(?: (?:has |have )?fail\w*| (?:was |is )?(?:un)?success\w*| one)?"
    r"|\b(?:whether|if) (?:or not )?(?:it|they|each|the call) (?:has |have |was |were |is |are )?(?:fail|succe|work|complet)\w*"
    r"(?: or (?:not|fail\w*|succe\w*))?"
    r"|\b(?:error|failure)s? (?:are |to be )?included\b|\b(?:including|include) (?:the |all )?(?:error|failure)s?\b"
    r"|\b(?:show|print|list|log|plus|and|with)(?: me)?(?: the| any| their)? (?:error|failure)s? (?:also|too|as well)\b",
    re.IGNORECASE,
)


_NO_FAILURES = re.compile(
    r"\b(?:exclud(?:e|ing)|without|ignor(?:e|ing)|skip(?:ping)?|leav(?:e|ing) out|not counting|no)"
    r"(?: the| those| any| all| ones| calls| \w+s)*(?: (?:that|which))? "
    r"(?:failed|failing|failures?|fail|errors?|errored)(?: ones| calls| attempts)?\b",
    re.IGNORECASE,
)


def _take_no_failures(sentence: Sentence, asked: Asked) -> None:
    """`exclude those that fail`, `without errors`: only calls that succeed."""
    if (found := _NO_FAILURES.search(sentence.text)) is not None:
        asked.failed = False
        sentence.take_inside(*found.span(), "only calls that succeeded")


def _take_outcome(sentence: Sentence, asked: Asked) -> None:
    found = _OUTCOME.search(sentence.text)
    if found is not None and not sentence.text.lower().startswith(found[0].lower()):
        if "includ" in found[0].lower():
            asked.attempts = True
        else:
            asked.columns.append("ret")
        sentence.take_inside(*found.span(), "with the result")


def _are_rows(sentence: Sentence, at: int) -> bool:
    # `by error` tells rows apart, `top processes by failed system calls` does not.
    listed = sentence.stem(at - 1) == "and" and sentence.tokens[at].text.lower() in _ERROR_ROWS
    if listed and {"by", "per"} & {sentence.stem(i) for i in range(max(at - 5, 0), at - 1)}:
        return True  # `by file and error`
    if (
        sentence.stem(at - 1) in ("which", "what")
        and sentence.tokens[at].text.lower() in _ERROR_ROWS
        and at > 1
    ):
        return True  # `which calls fail, and with which error`
    if sentence.stem(at - 1) not in ("by", "per"):
        return False
    return sentence.tokens[at].text.lower() != "failed" or at + 1 == len(sentence.tokens)


_ERROR_ROWS = ("error", "errors", "errno")


_END_OF_FILE = re.compile(
    r"\b(?:hit|hits|hitting|reach|reaches|reached|reaching|at) (?:the )?"
    r"(?:end of (?:the |a )?file|EOF)\b",
    re.IGNORECASE,
)


def _take_errno(sentence: Sentence, asked: Asked) -> None:
    if (end := _END_OF_FILE.search(sentence.text)) is not None:
        asked.errno = 0  # a read that returns nothing
        sentence.take_inside(*end.span(), "only reads that return 0")
        return None
    for index, token in enumerate(sentence.tokens):
        # `erofs` in small letters is the file system.
        if (token.meaning is None and token.text in _BY_NAME) or (
            token.text.upper() in _BY_NAME and _is_error(sentence, index)
        ):
            return _set_errno(sentence, asked, index, index, _BY_NAME[token.text.upper()])
        if token.meaning is None and token.stem in ("errno", "error"):
            at = index + (2 if sentence.stem(index + 1) in (*EQUALS, "cod", "number") else 1)
            amount = amount_at(sentence, at)
            if amount is not None and amount.kind == "":
                return _set_errno(sentence, asked, index, at, int(amount.value))
    for index, token in enumerate(sentence.tokens):
        said = error_said(token.text) if token.kind == "quoted" and token.meaning is None else None
        if said is not None:
            return _set_errno(sentence, asked, index, index, _BY_NAME[said])
    for phrase, name in ERRNO_PHRASES.items():
        found = sentence.find_phrase(tuple(stem(word) for word in phrase.split()))
        if found is not None:
            words_ = phrase.split()
            if "connection" in words_:  # what is refused still names the event
                found += words_.index("refused")
                words_ = words_[:1]
            return _set_errno(sentence, asked, found, found + len(words_) - 1, _BY_NAME[name])
    return None


def _is_error(sentence: Sentence, index: int) -> bool:
    near = (index - 1, index - 2, index + 1)
    return sentence.is_free(index) and any(sentence.stem(i) in words.FAILED | {"errno", "with"} for i in near)


# What people say of an error beside its name, and that alone would not be clear: `was not allowed to open (EACCES)`.
_SAID_TOO = {
    "EACCES": ("not allowed", "no permission", "forbidden"),
    "EPERM": ("not allowed", "no permission", "forbidden"),
    "EINTR": ("interrupted",),
    "ENOENT": ("missing", "nonexistent"),
    "ENOMEM": ("out of memory", "no memory"),
    "EAGAIN": ("busy", "unavailable"),
    "EEXIST": ("existing",),
    "ENOSYS": (
        "not implemented",
        "unimplemented",
        "not supported",
        "not have",
        "aren't implemented",
        "isn't implemented",
    ),
}
_GETTING = stems("get gets got receive receives received hit hits see sees return returns returned run into")


def _set_errno(sentence: Sentence, asked: Asked, first: int, last: int, code: int) -> None:
    asked.errno = code
    last += sentence.is_free(last + 1) and text_at(sentence, last + 1) == str(code)  # `EMFILE (24)`
    sentence.take(first, last, f"only calls that failed with {errno.errorcode.get(code, code)}")
    again = [phrase for phrase, name in ERRNO_PHRASES.items() if _BY_NAME[name] == code]
    for phrase in (
        *again,
        *_SAID_TOO.get(errno.errorcode.get(code, ""), ()),
    ):  # `no space left: who gets ENOSPC`
        words_ = tuple(stem(word) for word in phrase.split())
        if (at := sentence.find_phrase(words_)) is not None:
            sentence.take(at, at + len(words_) - 1, "")
    if sentence.stem(first - 1) in _GETTING and sentence.is_free(first - 1):
        sentence.take(first - 1, first - 1, "")  # `who receives ENOMEM`
