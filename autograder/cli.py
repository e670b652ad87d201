"""The command line. Every command imports what it needs when it runs, so that `--help` is immediate."""

from __future__ import annotations

import argparse
import gc
import json
import os
import sys
from collections.abc import Sequence
from pathlib import Path

ROOT = Path(__file__).parents[1]


def main(argv: Sequence[str] | None = None) -> int:
    """The exit code: 0 done, 1 something was found wanting, 2 the command could not be carried out."""
    arguments = _parser().parse_args(argv)
    # nbgrader starts `alembic` by its bare name: it is beside this Python, which need not be on the path
    os.environ["PATH"] = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", os.defpath)])
    try:
        return int(arguments.run(arguments))
    except KeyboardInterrupt:
        print("\nStopped. What was finished is kept.", file=sys.stderr)
        return 130
    except Exception as error:
        if type(error).__name__ not in _EXPECTED:
            raise
        print(f"autograder: {error}", file=sys.stderr)
        return 2


# Errors whose message says what happened and what to do; by name, so that nothing is imported for them.
_EXPECTED = {"AuthoringError", "ReferenceProblem", "KeyProblem", "ReleaseProblem", "GradingProblem", "SandboxProblem"}


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="autograder", description="Author, check and grade the exercises of the course."
    )
    commands = parser.add_subparsers(title="commands", required=True, metavar="COMMAND")
    _authoring_commands(commands)
    _grading_commands(commands)
    return parser


def _authoring_commands(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    build = commands.add_parser("build", help="make the students' notebooks in exercises/ from solutions/")
    _chapters(build)
    build.add_argument("--check", action="store_true", help="change nothing; exit 1 when a notebook is out of date")
    build.set_defaults(run=_build)
    freeze = commands.add_parser("freeze", help="make the public reference tensors from solutions/")
    _chapters(freeze)
    freeze.set_defaults(run=_freeze)
    audit = commands.add_parser("audit", help="measure how many wrong solutions the checks reject")
    _chapters(audit)
    audit.add_argument("--json", type=Path, metavar="FILE", help="write the figures here as well")
    audit.set_defaults(run=_audit)


def _grading_commands(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    sample = commands.add_parser("sample-class", help="make a class of sample submissions to try grading on")
    _chapters(sample)
    sample.add_argument("--out", type=Path, required=True, metavar="DIR", help="folder for the submissions")
    sample.add_argument("--students", type=int, default=12, metavar="N", help="how many students (12)")
    sample.add_argument("--seed", type=int, default=0, help="which class (0)")
    sample.add_argument(
        "--db", metavar="URL", help="enter the students into this gradebook, e.g. sqlite:///gradebook.db"
    )
    sample.set_defaults(run=_sample_class)
    grade = commands.add_parser("grade", help="grade the submissions of an assignment into nbgrader's gradebook")
    grade.add_argument("assignment", metavar="ASSIGNMENT", help="such as ch03_convolution")
    grade.add_argument("--students", nargs="+", default=[], metavar="ID", help="only these; all if not given")
    grade.add_argument("--jobs", type=_count, default=0, metavar="N", help="submissions at a time (one a processor)")
    grade.add_argument("--scheduler", default="", metavar="ADDRESS", help="a Dask scheduler, tcp://host:port")
    grade.add_argument("--no-sandbox", action="store_true", help="run submissions unconfined; trust every one of them")
    grade.add_argument("--force", action="store_true", help="grade again what is graded")
    grade.add_argument("--json", type=Path, metavar="FILE", help="write what became of every submission here as well")
    grade.set_defaults(run=_grade)
    doctor = commands.add_parser("doctor", help="say how well submissions can be confined on this machine")
    doctor.add_argument("--json", action="store_true", help="print the findings as JSON")
    doctor.set_defaults(run=_doctor)


def _count(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError("expected a number of at least 1")
    return number


def _chapters(command: argparse.ArgumentParser) -> None:
    command.add_argument("chapters", nargs="*", metavar="CHAPTER", help="stems such as ch03_convolution; all if none")


def _stems(arguments: argparse.Namespace) -> list[str]:
    from autograder.authoring.chapter import SOLUTIONS, chapter_stems
    from autograder.authoring.percent import AuthoringError

    known = chapter_stems()
    for stem in arguments.chapters:
        if stem not in known:
            raise AuthoringError(
                SOLUTIONS / stem, 1, "there is no such chapter", f"The chapters are {', '.join(known)}"
            )
    return list(arguments.chapters) or known


def _build(arguments: argparse.Namespace) -> int:
    from autograder.authoring.chapter import load_chapter
    from autograder.grading.release import build

    stems = _stems(arguments)
    points = {stem: {name: e.points for name, e in load_chapter(stem).exercises.items()} for stem in stems}
    if not arguments.check:
        for path in build(stems, points, ROOT):
            print(f"made {path.relative_to(ROOT)}")
        return 0
    return _check_built(stems, points)


def _check_built(stems: list[str], points: dict[str, dict[str, float]]) -> int:
    import tempfile

    from autograder.grading.release import build

    stale = []
    with tempfile.TemporaryDirectory() as out:
        for path in build(stems, points, ROOT, Path(out)):
            committed = ROOT / "exercises" / path.relative_to(out)
            if not committed.is_file() or committed.read_bytes() != path.read_bytes():
                stale.append(committed.relative_to(ROOT))
    for name in stale:
        print(f"{name} is out of date. Run: python -m autograder build", file=sys.stderr)
    return 1 if stale else 0


def _freeze(arguments: argparse.Namespace) -> int:
    from autograder.authoring.chapter import load_chapter
    from autograder.authoring.freeze import freeze_public
    from autograder.checking.references import public_path, save_reference

    for stem in _stems(arguments):
        path = public_path(stem)
        save_reference(freeze_public(load_chapter(stem)), path)
        print(f"made {path.relative_to(ROOT)} ({path.stat().st_size / 1024:.0f} kB)")
    return 0


def _audit(arguments: argparse.Namespace) -> int:
    from dataclasses import asdict

    from rich.console import Console

    from autograder.authoring.audit import audit_chapter
    from autograder.authoring.audit_table import as_table, complaints

    console, found, figures = Console(), [], {}
    for stem in _stems(arguments):
        with console.status(f"auditing {stem}"):
            audits = audit_chapter(stem)
        console.print(as_table(stem, audits))
        found += complaints(stem, audits)
        figures[stem] = [asdict(a) for a in audits]
    for line in found:
        console.print(line, markup=False, highlight=False)
    if arguments.json:
        arguments.json.write_text(json.dumps(figures, indent=1))
    return 1 if found else 0


def _sample_class(arguments: argparse.Namespace) -> int:
    from autograder.grading.sample import enroll, make

    stems = _stems(arguments)
    students = make(stems, arguments.out, students=arguments.students, seed=arguments.seed)
    if arguments.db:
        enroll(students, arguments.db, "built-in")
    print(f"made {len(students) * len(stems)} submissions of {len(students)} students in {arguments.out}")
    return 0


def _grade(arguments: argparse.Namespace) -> int:
    if sys.platform == "win32":
        print("autograder: Windows can neither fork nor confine; grade on Linux, for example in WSL", file=sys.stderr)
        return 2
    # jsonschema compiles a grammar of internationalised addresses, for over a second, unless that package is missing.
    sys.modules.setdefault("rfc3987_syntax", None)  # type: ignore[arg-type]
    gc.disable()  # what is imported stays: looking through it for garbage, now and later, costs a quarter of the start
    from rich.console import Console

    from autograder.grading.command import Order, grade

    gc.freeze()
    gc.enable()
    here = Path.cwd()
    root = here if (here / "nbgrader_config.py").is_file() else ROOT  # as nbgrader's own commands look for it
    fields = {name: value for name, value in vars(arguments).items() if name != "run"}
    return grade(root, Order(**{**fields, "students": tuple(arguments.students)}), Console(soft_wrap=False))


def _doctor(arguments: argparse.Namespace) -> int:
    from autograder.execution.doctor import main as examine

    return examine(["--json"] if arguments.json else [])


if __name__ == "__main__":
    sys.exit(main())
