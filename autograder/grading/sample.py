"""A made-up class: submissions as students might hand them in, for trying the whole way and for measuring it."""

from __future__ import annotations

import ast
import random
import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

import nbformat
from nbformat import NotebookNode

from autograder.authoring.chapter import ROOT, AuthoredExercise, Chapter, load_chapter
from autograder.authoring.percent import BEGIN, END, TEXT_STUB, stub

NAMES = (
    "Amara Okafor", "Mateo Fernández", "Yuki Tanaka", "Priya Raman", "Lukas Schneider", "Fatima Zahra El Idrissi",
    "Chloé Dubois", "Omar Haddad", "Ingrid Nilsen", "Wei Zhang", "Sofia Rossi", "Thabo Nkosi", "Hana Kovářová",
    "Daniel O’Brien", "Leila Rahimi", "Jakub Wiśniewski", "Mei-Ling Chen", "Arjun Mehta", "Elif Yılmaz",
    "Noah Williams", "Valentina Souza", "Minh Nguyen", "Aisha Bello", "Tomás Silva",
)  # fmt: skip
# How often a student hands in what, beside the first two: one has everything right, one has not begun.
KINDS = {"solution": 10, "variant": 5, "mistake": 7, "stub": 3, "syntax error": 1, "exception": 2}
# What befalls some members of a class that is large enough, by number; `copied` hands in what the one before did.
INCIDENTS = {8: "copied", 9: "check deleted", 10: "process ended"}
_RELEASED = datetime(2026, 10, 5, 9, 0)


@dataclass(frozen=True, slots=True)
class Attempt:
    """What a student handed in for one exercise; `version` names the mistake or variant."""

    kind: str
    version: str = ""


@dataclass(frozen=True, slots=True)
class Student:
    """A member of the class, with the attempts by chapter and exercise, and what befell its notebooks if anything."""

    id: str
    first_name: str
    last_name: str
    attempts: Mapping[str, Mapping[str, Attempt]] = field(default_factory=dict)
    incident: str = ""


def make(
    stems: Iterable[str], out_dir: Path, students: int = 12, seed: int = 0, root: Path = ROOT
) -> tuple[Student, ...]:
    """A class of `students`, whose submissions of the released chapters lie in `out_dir/<student>/<stem>/`.

    The same seed gives the same class. Raises FileNotFoundError when a chapter has not been released.
    """
    chapters = {stem: load_chapter(stem, root / "solutions") for stem in stems}
    released = {stem: _released(root, stem) for stem in chapters}
    group: list[Student] = []
    for number, (identity, name) in enumerate(_people(students)):
        luck = random.Random(f"{seed} {identity}")
        attempts = {stem: dict(_attempts(chapter, number, luck)) for stem, chapter in chapters.items()}
        incident = INCIDENTS.get(number, "")
        if incident == "copied":
            attempts = {stem: dict(each) for stem, each in group[-1].attempts.items()}
        for stem, chapter in chapters.items():
            notebook = _fill(released[stem], chapter, attempts[stem], begun=number != 1)
            _befall(notebook, incident)
            _hand_in(notebook, out_dir / identity / stem, stem, luck)
        first, _, last = name.partition(" ")
        group.append(Student(identity, first, last, attempts, incident))
    return tuple(group)


def enroll(students: Iterable[Student], db_url: str, course_id: str) -> None:
    """Enters the class into the gradebook, so that lists and exports have names."""
    from nbgrader.api import Gradebook  # here: making a class does without nbgrader

    with Gradebook(db_url, course_id) as gradebook:
        for student in students:
            gradebook.update_or_create_student(
                student.id,
                first_name=student.first_name,
                last_name=student.last_name,
                email=f"{student.id}@university.example",
            )


def answer(exercise: AuthoredExercise, attempt: Attempt) -> str:
    """Source of the exercise's cell as `attempt` has it."""
    if attempt.kind == "stub":
        return stub(exercise.source)
    if attempt.kind == "exception":
        return stub(exercise.source, "return result")
    if attempt.kind == "mistake":
        return _with_docstring(_without_marks(exercise.mistakes[attempt.version].cell), exercise)
    if attempt.kind == "variant":
        return _with_docstring(_without_marks(exercise.variants[attempt.version].cell), exercise)
    solved = _without_marks(exercise.source)
    return solved if attempt.kind == "solution" else _forget_colon(solved)


def _people(count: int) -> Iterator[tuple[str, str]]:
    """Id and name of each member; a name that comes again has a number in its id."""
    for number in range(count):
        name = NAMES[number % len(NAMES)]
        plain = _plain(name)
        again = number // len(NAMES)
        yield (f"{plain}{again + 1}" if again else plain), name


def _plain(name: str) -> str:
    """`hana.kovarova` of Hana Kovářová: what an account is called."""
    spelt = name.translate(str.maketrans("ıłø", "ilo", "’'"))
    ascii_only = unicodedata.normalize("NFKD", spelt).encode("ascii", "ignore").decode()
    return ".".join(ascii_only.lower().split())


def _attempts(chapter: Chapter, number: int, luck: random.Random) -> Iterator[tuple[str, Attempt]]:
    """What student `number` hands in, by exercise."""
    for name, exercise in chapter.exercises.items():
        kind = luck.choices(list(KINDS), list(KINDS.values()))[0]
        kind = {0: "solution", 1: "stub"}.get(number, kind)
        versions = sorted({"mistake": exercise.mistakes, "variant": exercise.variants}.get(kind, ()))
        if kind in ("mistake", "variant") and not versions:
            kind = "solution"
        yield name, Attempt(kind, luck.choice(versions) if versions else "")


def _fill(released: NotebookNode, chapter: Chapter, attempts: Mapping[str, Attempt], begun: bool) -> NotebookNode:
    """The released notebook with the attempts in their cells, and written answers written where it was begun at all."""
    notebook = nbformat.from_dict(released)
    for cell in notebook.cells:
        about = cell.metadata.get("nbgrader", {})
        name = about.get("grade_id")
        if name in attempts:
            cell.source = answer(chapter.exercises[name], attempts[name])
        elif begun and about.get("solution") and about.get("grade"):
            cell.source = cell.source.replace(
                TEXT_STUB, "The same weights look at every place, so a shift stays a shift."
            )
    return notebook


def _befall(notebook: NotebookNode, incident: str) -> None:
    """Does to a notebook what the incident says."""
    about = [(cell, cell.metadata.get("nbgrader", {})) for cell in notebook.cells]
    checks = [cell for cell, said in about if said.get("grade") and said.get("locked")]
    answers = [cell for cell, said in about if said.get("solution") and cell.cell_type == "code"]
    if incident == "check deleted":
        notebook.cells.remove(checks[0])
    elif incident == "process ended":
        answers[-1].source += "\n\nimport os\nos._exit(1)"
    elif incident == "copied":
        for cell in answers:
            cell.source = renamed(cell.source)


def renamed(source: str) -> str:
    """The source with other names for its local variables and none of its comments, as one hides where it is from."""
    try:
        tree = ast.parse(source)
    except SyntaxError:
        return source
    functions = [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)]
    names = [node for function in functions for node in ast.walk(function) if isinstance(node, ast.Name)]
    given = {node.arg for node in ast.walk(tree) if isinstance(node, ast.arg)}
    local = {node.id for node in names if isinstance(node.ctx, ast.Store)} - given
    for node in set(names):
        node.id = f"my_{node.id}" if node.id in local else node.id
    return ast.unparse(tree)


def _released(root: Path, stem: str) -> NotebookNode:
    path = root / "exercises" / stem / f"{stem}.ipynb"
    if not path.is_file():
        raise FileNotFoundError(f"{path}: {stem} has not been released. Run: python -m autograder build")
    return nbformat.read(path, as_version=4)


def _hand_in(notebook: NotebookNode, folder: Path, stem: str, luck: random.Random) -> None:
    """Writes a submission with the time at which it was handed in, as nbgrader's exchange does."""
    folder.mkdir(parents=True, exist_ok=True)
    nbformat.write(notebook, folder / f"{stem}.ipynb")
    time = _RELEASED + timedelta(days=7, seconds=-int(luck.expovariate(1 / 90_000)))
    (folder / "timestamp.txt").write_text(f"{max(time, _RELEASED):%Y-%m-%d %H:%M:%S} UTC")


def _without_marks(source: str) -> str:
    return "\n".join(line for line in source.split("\n") if line.strip() not in (BEGIN, END))


def _with_docstring(source: str, exercise: AuthoredExercise) -> str:
    """The source with the exercise's docstring: students leave it, and a mistake's own is the hint."""
    given = _definition(stub(exercise.source), exercise.name).body[0]
    tree = ast.parse(source)
    body = _definition(tree, exercise.name).body
    if ast.get_docstring(_definition(tree, exercise.name)) is not None:
        del body[0]
    body.insert(0, given)
    return ast.unparse(tree)


def _definition(source: str | ast.Module, name: str) -> ast.FunctionDef | ast.ClassDef:
    """The last definition of `name`."""
    tree = ast.parse(source) if isinstance(source, str) else source
    found = [node for node in tree.body if isinstance(node, ast.FunctionDef | ast.ClassDef) and node.name == name]
    return found[-1]


def _forget_colon(source: str) -> str:
    """The source without the colon that ends its last line with one: no longer Python."""
    lines = source.split("\n")
    last = max(index for index, line in enumerate(lines) if line.rstrip().endswith(":"))
    lines[last] = lines[last].rstrip().removesuffix(":")
    return "\n".join(lines)
