"""Findings as SARIF 2.1.0 (OASIS), which code hosts show beside the lines of a change."""

from __future__ import annotations

from collections.abc import Iterable
from importlib.metadata import version
from typing import Any

from gpttrace.check.codes import Code, all_codes
from gpttrace.check.report import Report
from gpttrace.language import Finding, Program

_LEVELS = {"error": "error", "warning": "warning", "information": "note", "hint": "note"}


def to_sarif(reports: Iterable[tuple[str, Report]]) -> dict[str, Any]:
    """Return one SARIF log for checked files, each as (path, report)."""
    codes = all_codes()
    results: list[dict[str, Any]] = []
    used: dict[str, Code | None] = {}
    for path, report in reports:
        for finding in report.findings:
            used.setdefault(finding.code, codes.get(finding.code))
            results.append(_result(finding, report.program, path))
    return {
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [
            {
                "tool": {
                    "driver": {
                        "name": "gpttrace",
                        "semanticVersion": version("gpttrace"),
                        "rules": [_rule(name, code) for name, code in sorted(used.items())],
                    }
                },
                "columnKind": "unicodeCodePoints",
                "results": results,
            }
        ],
    }


def _rule(name: str, code: Code | None) -> dict[str, Any]:
    if code is None:
        return {"id": name}
    return {
        "id": name,
        "shortDescription": {"text": code.title},
        "fullDescription": {"text": code.why},
        "defaultConfiguration": {"level": _LEVELS[code.severity]},
    }


def _result(finding: Finding, tree: Program, path: str) -> dict[str, Any]:
    hint = f" ({finding.hint})" if finding.hint else ""
    whole: dict[str, Any] = {
        "ruleId": finding.code,
        "level": _LEVELS[finding.severity],
        "message": {"text": finding.message + hint},
        "locations": [_location(tree, path, finding.start, finding.end)],
        "properties": {"source": finding.source},
    }
    if finding.related:
        whole["relatedLocations"] = [
            _location(tree, path, each.start, each.end) | {"message": {"text": each.message}}
            for each in finding.related
        ]
    return whole


def _location(tree: Program, path: str, start: int, end: int) -> dict[str, Any]:
    (line, column), (last, stop) = tree.source.line_column(start), tree.source.line_column(end)
    region = {"startLine": line, "startColumn": column, "endLine": last, "endColumn": stop}
    return {"physicalLocation": {"artifactLocation": {"uri": path}, "region": region}}
