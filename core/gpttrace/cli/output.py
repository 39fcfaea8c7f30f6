"""Writing a program or tables to the file that `-o` names, whole or not at all.

The place is tried before anything runs, so that a mistake costs no trace; the file appears under its name only when it is
complete. More than one table for a CSV or Parquet file become files beside each other: `out.@bytes.csv`.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

from gpttrace.errors import StoreError, UsageError
from gpttrace.trace.table import Table

PROGRAM_SUFFIX = ".bt"
RESULT_SUFFIXES = (".csv", ".json", ".parquet")


def check_place(path: str, allowed: tuple[str, ...]) -> Path:
    """Return the path when its ending is one of `allowed` and its folder can be written; UsageError otherwise."""
    target = Path(path)
    if target.suffix not in allowed:
        raise UsageError(
            f"-o {path}: the ending says what is written", hint=f"end it in one of: {' '.join(allowed)}"
        )
    if target.is_dir():
        raise UsageError(f"-o {path}: that is a folder", hint="give a file name")
    folder = target.parent
    if not folder.is_dir():
        raise UsageError(f"-o {path}: there is no folder {folder}", hint=f"make it: mkdir -p {folder}")
    if not os.access(folder, os.W_OK):
        raise UsageError(
            f"-o {path}: the folder {folder} cannot be written", hint="give a folder of your own"
        )
    return target


def write_program(target: Path, text: str) -> None:
    """Write program text."""
    _write_whole(target, lambda draft: draft.write_text(text, encoding="utf-8"))


def write_result(target: Path, tables: list[Table], whole: dict[str, Any]) -> list[Path]:
    """Write the tables (`.csv`, `.parquet`) or the whole answer (`.json`) and return the files written."""
    if target.suffix == ".json":
        _write_whole(
            target,
            lambda draft: draft.write_text(json.dumps(whole, ensure_ascii=False) + "\n", encoding="utf-8"),
        )
        return [target]
    files = []
    for place, table in _places(target, tables):
        _write_whole(place, _table_writer(target.suffix, table))
        files.append(place)
    return files


def _places(target: Path, tables: list[Table]) -> list[tuple[Path, Table]]:
    if len(tables) == 1:
        return [(target, tables[0])]
    return [
        (target.with_name(f"{target.stem}.{_file_part(table.name)}{target.suffix}"), table)
        for table in tables
    ]


def _file_part(name: str) -> str:
    return re.sub(r"[^\w@.-]+", "-", name) or "table"


def _table_writer(suffix: str, table: Table) -> Callable[[Path], object]:
    if suffix == ".csv":
        return lambda draft: draft.write_text(table.to_csv(), encoding="utf-8")
    return lambda draft: _write_parquet(table, draft)


def _write_parquet(table: Table, draft: Path) -> None:
    import pyarrow.parquet

    pyarrow.parquet.write_table(table.to_arrow(), draft)


def _write_whole(target: Path, write: Callable[[Path], object]) -> None:
    draft = target.with_name(f".{target.name}.{os.getpid()}.part")
    try:
        write(draft)
        draft.replace(target)
    except OSError as error:
        draft.unlink(missing_ok=True)
        raise StoreError(
            f"{target} could not be written: {error.strerror or error}",
            hint="the result is kept: gpttrace runs, then gpttrace runs show RUN -o OTHER_FILE",
        ) from error
