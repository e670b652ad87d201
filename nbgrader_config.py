"""The only place where nbgrader is configured. Every `nbgrader` command is run from this folder.

Environment:
  AUTOGRADER_COURSE    folder of the course's data: gradebook, submissions, feedback, exchange (default _build/course)
  AUTOGRADER_DB        address of the gradebook's database, e.g. postgresql://… (default: gradebook.db in that folder)
  AUTOGRADER_EXCHANGE  nbgrader's exchange, where students fetch and submit (default: exchange/ in that folder)
"""

import os
import sys
from importlib.util import find_spec
from pathlib import Path

root = Path(__file__).resolve().parent
course = Path(os.environ.get("AUTOGRADER_COURSE", root / "_build" / "course")).resolve()
exchange = Path(os.environ.get("AUTOGRADER_EXCHANGE", course / "exchange")).resolve()
exchange.mkdir(parents=True, exist_ok=True)
course.mkdir(parents=True, exist_ok=True)

# nbgrader starts `alembic` by its bare name: it is beside this Python, which need not be on the path.
scripts = str(Path(sys.executable).parent)
if scripts not in os.environ.get("PATH", "").split(os.pathsep):
    os.environ["PATH"] = os.pathsep.join(filter(None, [scripts, os.environ.get("PATH")]))

c = get_config()  # noqa: F821 - given by traitlets to every configuration file

c.CourseDirectory.course_id = "built-in"
# A course that `autograder new-course` made has releases of its own, with its points; else they are the repository's.
# Not exercises/: nbgrader empties a folder before it releases into it, and somebody may have worked in that one.
own = (course / "course.toml").is_file()
c.CourseDirectory.root = str(course if own else root)
c.CourseDirectory.source_directory = "source" if own else "_build/source"
c.CourseDirectory.release_directory = "release" if own else "_build/release"
c.CourseDirectory.submitted_directory = str(course / "submitted")
c.CourseDirectory.autograded_directory = str(course / "autograded")
c.CourseDirectory.feedback_directory = str(course / "feedback")
c.CourseDirectory.solution_directory = str(course / "solution")
c.CourseDirectory.source_with_tests_directory = str(course / "source_with_tests")
c.CourseDirectory.db_url = os.environ.get("AUTOGRADER_DB", f"sqlite:///{course / 'gradebook.db'}")
c.Exchange.root = str(exchange)

# A release: what is between the two lines goes, and this comes in its place. As in autograder/authoring/percent.py,
# which is not imported here: every nbgrader command reads this file, and torch takes seconds to load.
c.ClearSolutions.begin_solution_delimeter = "### BEGIN SOLUTION"
c.ClearSolutions.end_solution_delimeter = "### END SOLUTION"
c.ClearSolutions.code_stub = {"python": "raise NotImplementedError"}
c.ClearSolutions.text_stub = "*Write your answer here.*"

# Grading: a submission is first put back into the shape of the release, then judged, then recorded. Our steps stand
# in the places of nbgrader's DeduplicateIds and OverwriteCells, and of its Execute and SaveAutoGrades.
c.Autograde.sanitize_preprocessors = [
    "autograder.grading.nbgrader_steps.RestoreCells",
    "nbgrader.preprocessors.ClearOutput",
    "nbgrader.preprocessors.OverwriteKernelspec",
    "nbgrader.preprocessors.CheckCellMetadata",
]
c.Autograde.autograde_preprocessors = [
    "autograder.grading.nbgrader_steps.Judge",
    "nbgrader.preprocessors.IgnorePattern",
    "nbconvert.preprocessors.ClearMetadataPreprocessor",
    "nbgrader.preprocessors.LimitOutput",
    "autograder.grading.nbgrader_steps.SaveScores",
    "nbgrader.preprocessors.AssignLatePenalties",
    "nbgrader.preprocessors.CheckCellMetadata",
]
# The confined engine needs Linux. "autograder.grading.stock.StockExecutor" runs anywhere, in nbgrader's kernels: ten
# times slower, and a student's code can do there whatever you can do.
c.Judge.executor = "autograder.grading.engine.ConfinedExecutor"
c.ConfinedExecutor.cell_seconds = 120  # seconds a cell, or an answer to a check, may take: ours train small networks
c.Judge.solutions = str(root / "solutions")
c.Judge.course = str(course)
c.Execute.extra_arguments = ["--IPKernelApp.log_level=ERROR"]  # every kernel warns that it talks over local TCP
c.Execute.timeout = 120  # seconds a cell may take: ours train small networks

# Pages that ask no other machine for anything: what is in our folders stands before nbgrader's files of that name.
# find_spec, since importing costs seconds.
c.HTMLExporter.extra_template_basedirs = [
    str(Path(find_spec(package).origin).parent / folder / "templates")
    for package, folder in (("autograder", "grading"), ("nbgrader", "server_extensions/formgrader"))
]

# nbgrader zip_collect, of what lies in downloaded/<chapter>/archive/, reads names as `autograder collect` does. The
# folder must be given relative to the root.
c.ZipCollectApp.downloaded_directory = os.path.relpath(course / "downloaded", course if own else root)
c.ZipCollectApp.collector_plugin = "autograder.grading.collecting.NameCollector"

c.ExportApp.plugin_class = "autograder.grading.export.CsvExport"

# Given from elsewhere, a command means the course that AUTOGRADER_COURSE names with what that course's own file says.
# It begins by loading this one, which then stops here.
if own and (course / "nbgrader_config.py").is_file() and "AUTOGRADER_LOADING" not in os.environ:
    os.environ["AUTOGRADER_LOADING"] = "1"
    try:
        load_subconfig("nbgrader_config.py", path=str(course))  # noqa: F821 - given by traitlets
    finally:
        del os.environ["AUTOGRADER_LOADING"]
