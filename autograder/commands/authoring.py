"""What an author does with chapters: make their notebooks and references, measure their checks, begin a new one."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

from autograder.commands import ROOT, Commands, add, new_file, progress


def add_commands(commands: Commands) -> None:
    """Adds the commands of this module."""
    new = add(
        commands, "new-chapter", "begin a chapter with a small one that works",
        "It has an exercise with cases, mistakes and variants, a page with a demo, and a place in the book. Change it "
        "piece by piece into yours; CONTRIBUTING.md says how.",
        ["autograder new-chapter ch10_smoothing", 'autograder new-chapter ch11_graphs --title "Graphs: told of edges"'],
        ["it is there", "", "it could not be made, or is there already"],
    )  # fmt: skip
    new.add_argument("stem", metavar="STEM", help="its name everywhere, such as ch10_smoothing; ch00 to ch09 are taken")
    new.add_argument("--title", default="", help="heading of its page")
    new.set_defaults(run=_new_chapter)
    build = add(
        commands, "build", "make the students' notebooks in exercises/ from solutions/",
        "nbgrader takes the solutions out. The notebooks are committed together with their sources.",
        ["autograder build ch03_convolution", "autograder build --check"],
        ["made, or all up to date", "with --check: some are out of date", "a file of solutions/ has an error"],
    )  # fmt: skip
    chapters(build)
    build.add_argument("--check", action="store_true", help="change nothing; exit 1 when a notebook is out of date")
    build.set_defaults(run=_build)
    freeze = add(
        commands, "freeze", "make the public reference tensors from solutions/",
        "Runs every solution in float64 on every case, and every mistake as a student would run it.",
        ["autograder freeze ch03_convolution"], ["made", "", "a file of solutions/ has an error"],
    )  # fmt: skip
    chapters(freeze)
    freeze.set_defaults(run=_freeze)
    audit = add(
        commands, "audit", "measure how many wrong solutions the checks reject",
        "Every mistake must be rejected and named, every variant accepted, and 95 of 100 random changes noticed.",
        ["autograder audit ch03_convolution", "autograder audit --json audit.json"],
        ["nothing is wanting", "something is; the last lines say what", "a file of solutions/ has an error"],
    )  # fmt: skip
    chapters(audit)
    audit.add_argument("--json", type=new_file, metavar="FILE", help="write the figures here as well")
    audit.set_defaults(run=_audit)


def chapters(command: argparse.ArgumentParser) -> None:
    """Lets a command take chapters."""
    command.add_argument("chapters", nargs="*", metavar="CHAPTER", help="stems such as ch03_convolution; all if none")


def stems(arguments: argparse.Namespace) -> list[str]:
    """The chapters that were named, or all. Raises AuthoringError for one that does not exist."""
    from autograder.authoring.chapter import SOLUTIONS, chapter_stems
    from autograder.authoring.percent import AuthoringError

    known = chapter_stems()
    for stem in arguments.chapters:
        if stem not in known:
            raise AuthoringError(
                SOLUTIONS / stem, 1, "there is no such chapter", f"The chapters are {', '.join(known)}"
            )
    return list(arguments.chapters) or known


def _new_chapter(arguments: argparse.Namespace) -> int:
    from autograder.authoring.begin import begin

    made = begin(arguments.stem, arguments.title, ROOT)
    chapter = argparse.Namespace(chapters=[arguments.stem], check=False)
    for path in made:
        print(f"made {path.relative_to(ROOT)}")
    code = _build(chapter) or _freeze(chapter)
    print(f"\nNext:\n  autograder audit {arguments.stem}\n  make book\n  make lab")
    return code


def _build(arguments: argparse.Namespace) -> int:
    import tempfile

    wanted, stale = stems(arguments), []
    with tempfile.TemporaryDirectory() as checked, progress("building", len(wanted)) as done:
        for stem in wanted:
            path = _built(stem, Path(checked) if arguments.check else None)
            committed = ROOT / "exercises" / stem / path.name
            if not arguments.check:
                print(f"made {path.relative_to(ROOT)}")
            elif not committed.is_file() or committed.read_bytes() != path.read_bytes():
                stale.append(committed.relative_to(ROOT))
            done(stem)
    for name in stale:
        print(f"{name} is out of date. Run: python -m autograder build", file=sys.stderr)
    return 1 if stale else 0


def _built(stem: str, out: Path | None) -> Path:
    from autograder.authoring.chapter import load_chapter
    from autograder.grading.release import build

    points = {name: exercise.points for name, exercise in load_chapter(stem).exercises.items()}
    return build([stem], {stem: points}, ROOT, out)[0]


def _freeze(arguments: argparse.Namespace) -> int:
    from autograder.authoring.chapter import load_chapter
    from autograder.authoring.freeze import freeze_public
    from autograder.checking.references import public_path, save_reference

    wanted = stems(arguments)
    with progress("freezing", len(wanted)) as done:
        for stem in wanted:
            path = public_path(stem)
            save_reference(freeze_public(load_chapter(stem)), path)
            print(f"made {path.relative_to(ROOT)} ({path.stat().st_size / 1024:.0f} kB)")
            done(stem)
    return 0


def _audit(arguments: argparse.Namespace) -> int:
    from dataclasses import asdict

    from rich.console import Console

    from autograder.authoring.audit import audit_chapter
    from autograder.authoring.audit_table import as_table, complaints

    console, found, figures, wanted = Console(), [], {}, stems(arguments)
    with progress("auditing", len(wanted)) as done:
        for stem in wanted:
            audits = audit_chapter(stem)
            console.print(as_table(stem, audits))
            found += complaints(stem, audits)
            figures[stem] = [asdict(a) for a in audits]
            done(stem)
    for line in found:
        console.print(line, markup=False, highlight=False)
    if arguments.json:
        arguments.json.write_text(json.dumps(figures, indent=1))
    return 1 if found else 0
