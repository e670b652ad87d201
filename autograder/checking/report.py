"""A verdict in words: as text for terminals and logs, as HTML for notebooks and feedback."""

from __future__ import annotations

import html
import re
from dataclasses import dataclass
from typing import Any

import torch

from autograder.checking import trees
from autograder.checking.picture import picture
from autograder.checking.records import Call, Case, CaseVerdict, Finding, Verdict

HIDDEN_WORDS = {
    "not implemented": "it is not implemented yet",
    "missing": "it is not defined",
    "not callable": "it is not what is asked for",
    "state": "the parameters do not have the names and shapes asked for",
    "raised": "it raised an exception",
    "stopped": "it was stopped",
    "type": "an output has the wrong type",
    "structure": "an output has the wrong number of parts",
    "shape": "an output has the wrong shape",
    "dtype": "an output has the wrong dtype",
    "nonfinite": "an output holds NaN or infinite values",
    "values": "values differ from the reference",
    "gradient": "a gradient differs from the reference",
    "property": "a required property does not hold",
    "forbidden": "a forbidden operator was used",
    "modified": "an input was changed in place",
    "cost": "it costs too many operations",
    "time": "it took too long",
}


@dataclass(frozen=True, slots=True)
class Report:
    """Shows a verdict. `cases` are the public cases by name, for their inputs' shapes; hidden ones stay undescribed."""

    verdict: Verdict
    cases: dict[str, Case]
    hints_shown: int = 1

    def __repr__(self) -> str:
        return text(self)

    def _repr_html_(self) -> str:
        return as_html(self)

    @property
    def headline(self) -> str:
        v = self.verdict
        if v.passed:
            return f"{v.exercise}: passed, {_number(v.points)} of {_number(v.max_points)} points"
        first = v.first
        code = first.findings[0].code if first else ""
        if code in ("not implemented", "missing"):
            return f"{v.exercise}: {'not implemented yet' if code == 'not implemented' else 'not defined'}"
        return f"{v.exercise}: not yet right, {_number(v.points)} of {_number(v.max_points)} points"

    @property
    def findings(self) -> list[str]:
        """The sentences on the first failing case: what a student needs now, not everything at once."""
        first = self.verdict.first
        if first is None or first.findings[0].code in ("not implemented", "missing"):
            return [f.message for f in first.findings[:1]] if first and first.findings[0].code == "missing" else []
        return [sentence(f, hidden=first.hidden) for f in first.findings[:3]]

    @property
    def context(self) -> str:
        """Which case is shown, with the shapes of its inputs, and how many cases pass."""
        v, first = self.verdict, self.verdict.first
        if first is None or first.findings[0].code in ("not implemented", "missing", "not callable"):
            return ""
        passed = sum(c.passed for c in v.cases)
        if first.hidden:
            return f"A hidden case ({passed} of {len(v.cases)} cases pass)"
        case = self.cases.get(first.name)
        shapes = f": {describe_inputs(case)}" if case else ""
        return f"Case “{first.name}”{shapes} ({passed} of {len(v.cases)} cases pass)"

    @property
    def picture(self) -> str:
        """The first finding that a picture tells better, as SVG; never of a hidden case. Empty when there is none."""
        first = self.verdict.first
        if first is None or first.hidden:
            return ""
        return next(filter(None, (picture(f.compared, f.where) for f in first.findings[:3])), "")

    @property
    def help(self) -> str:
        """What to call when the verdict is not enough; empty when there is nothing more to say."""
        verdict, first = self.verdict, self.verdict.first
        if first is None or first.hidden or first.findings[0].code in ("not implemented", "missing", "not callable"):
            return ""
        if verdict.mistake is None:
            return f"check.hint({verdict.exercise})"
        return f"check.hint({verdict.exercise})" if len(verdict.mistake.hints) > self.hints_shown else ""

    @property
    def hints(self) -> tuple[str, ...]:
        mistake = self.verdict.mistake
        return mistake.hints[: self.hints_shown] if mistake else ()


def sentence(finding: Finding, *, hidden: bool) -> str:
    """A finding as the student may read it: of a hidden case only the kind, never a number."""
    if hidden:
        words = HIDDEN_WORDS.get(finding.code, "it is not right")
        return f"On a hidden case, {words}."
    return finding.message


def describe_inputs(case: Case) -> str:
    """`x (2, 3), w (3,)`: the names and shapes of the first call's inputs."""
    call = case.calls[0] if case.calls else Call()
    given = call.inputs() if case.init is None else case.init.inputs() | call.inputs()
    return ", ".join(f"{name} {_short(value)}" for name, value in given.items())


def text(report: Report) -> str:
    """The verdict as plain text."""
    verdict = report.verdict
    lines = [f"{'✓' if verdict.passed else '✗'} {report.headline}"]
    if report.context:
        lines.append(f"  {report.context}")
    lines += [f"  - {line}" for line in report.findings]
    if verdict.mistake:
        lines.append(f"  Known mistake: {_readable(verdict.mistake.name)}")
        lines += [f"    {label}: {hint}" for label, hint in labelled(report)]
    if report.help:
        lines.append(f"  {'Another hint:' if verdict.mistake else 'Stuck?'} {report.help}")
    lines += [f"  note: {note}" for note in verdict.notes[:3]]
    return "\n".join(lines)


_COLOURS = {True: "#1a7f37", False: "#cf222e", None: "#9a6700"}


def as_html(report: Report) -> str:
    """The verdict as HTML that reads on light and dark grounds: it takes text and ground colours from the page."""
    verdict = report.verdict
    state = None if report.headline.endswith(("yet", "defined")) else verdict.passed
    colour = _COLOURS[state]
    mark = {True: "✓", False: "✗", None: "○"}[state]
    parts = [
        f'<div style="font-weight:600"><span style="color:{colour}" aria-hidden="true">{mark}</span> '
        f"{_e(report.headline)}</div>"
    ]
    if report.context:
        parts.append(f'<div style="opacity:.8;margin-top:.2em">{_e(report.context)}</div>')
    if report.findings:
        items = "".join(f"<li>{_e(line)}</li>" for line in report.findings)
        parts.append(f'<ul style="margin:.3em 0 .3em 1.2em;padding:0">{items}</ul>{report.picture}')
    if verdict.mistake:
        hints = "".join(f'<div style="margin-top:.25em"><b>{label}.</b> {_e(h)}</div>' for label, h in labelled(report))
        parts.append(
            f'<div style="border-left:3px solid #9a6700;padding-left:.6em;margin-top:.3em">'
            f"<b>Known mistake: {_e(_readable(verdict.mistake.name))}</b>{hints}</div>"
        )
    if report.help:
        asks = "Another hint:" if verdict.mistake else "Stuck?"
        parts.append(f'<div style="opacity:.8;margin-top:.25em">{asks} <code>{_e(report.help)}</code></div>')
    parts += [f'<div style="opacity:.8">note: {_e(note)}</div>' for note in verdict.notes[:3]]
    style = f"border-left:4px solid {colour};padding:.4em .8em;margin:.3em 0;font-family:inherit"
    return f'<div class="verdict" role="status" style="{style}">{"".join(parts)}</div>'


def labelled(report: Report) -> list[tuple[str, str]]:
    """The hints shown, each with which of how many it is."""
    mistake = report.verdict.mistake
    total = len(mistake.hints) if mistake else 0
    return [(f"Hint {number} of {total}", hint) for number, hint in enumerate(report.hints, 1)]


def case_line(case: CaseVerdict) -> str:
    """One case in one line, for logs and tables."""
    name = "hidden case" if case.hidden else case.name
    return f"{'✓' if case.passed else '✗'} {name}" + (
        "" if case.passed else f": {sentence(case.findings[0], hidden=case.hidden)}"
    )


def _short(value: Any) -> str:
    if isinstance(value, torch.Tensor):
        return str(tuple(value.shape)) if value.dim() else f"= {value.item():g}"
    shapes = [_short(v) for _, v in trees.leaves(value, "") if isinstance(v, torch.Tensor)]
    if shapes:
        return f"[{', '.join(shapes[:4])}{', …' if len(shapes) > 4 else ''}]"
    if isinstance(value, torch.Generator):
        return f"with seed {value.initial_seed()}"
    words = repr(value)
    return f"= {words if len(words) < 40 else words[:37] + '…'}"


def _readable(name: str) -> str:
    return name.replace("_", " ")


def _number(points: float) -> str:
    return f"{points:g}"


def _e(words: str) -> str:
    """Escaped, with `code` and *emphasis* as in a docstring."""
    escaped = re.sub(r"`([^`]+)`", r"<code>\1</code>", html.escape(words))
    return re.sub(r"(?<![\w*])\*(\w[^*<]*)\*(?![\w*])", r"<em>\1</em>", escaped)
