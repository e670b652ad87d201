"""Time, ends, files and answers of a submission, in every tier."""

import os
import select
import socket
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
import torch

from autograder.execution import Limits, ParentGone, Reason, SandboxProblem, Status, Tier, WarmParent, watch
from autograder.execution.tensors import encode

from .conftest import STANDINS, start

DOUBLE = "def double(x):\n    return 2 * x"


def test_a_cell_that_never_ends_is_interrupted_and_the_notebook_goes_on(parent):
    with parent.submission() as submission:
        result = submission.run_cell("print('before', flush=True)\nwhile True: pass", timeout=0.5)
        assert (result.status, result.outputs[0]["text"]) == (Status.TIMEOUT, "before\n")
        assert submission.run_cell("1").status is Status.OK


def test_a_cell_that_ignores_the_interrupt_is_killed(parent):
    source = "import signal\nsignal.signal(signal.SIGINT, signal.SIG_IGN)\nwhile True: pass"
    with parent.submission() as submission:
        began = time.monotonic()
        assert submission.run_cell(source, timeout=1.5).status is Status.TIMEOUT
        assert time.monotonic() - began < 8
        assert submission.run_cell("1").status is Status.NOT_RUN
        assert submission.close().reason is Reason.CLOSED


def test_a_notebook_has_a_wall_clock_limit(parents):
    limits = Limits(notebook_seconds=0.8, cell_seconds=20, grace_seconds=0.5)
    with (
        WarmParent(limits, answer="answering:answer", import_paths=[STANDINS]) as parent,
        parent.submission() as submission,
    ):
        results = [submission.run_cell("import time; time.sleep(0.3)") for _ in range(6)]
        late = submission.run_cell("1")
    assert results[0].status is Status.OK and late.status is Status.NOT_RUN


def test_a_process_that_ends_itself_is_reported(parent):
    with parent.submission() as submission:
        result = submission.run_cell("import os; os._exit(3)")
        assert result.status is Status.DIED and "exit" in result.detail
        report = submission.close()
        assert (report.reason, report.code) == (Reason.EXIT, 3)


def test_a_crash_is_reported_with_its_signal(parent):
    with parent.submission() as submission:
        assert submission.run_cell("import ctypes; ctypes.string_at(0)").status is Status.DIED
        assert (submission.report.reason, submission.report.code) == (Reason.SIGNAL, -11)


def test_what_a_submission_started_is_dead_when_it_is_closed(parent):
    source = """
import os, time
children = []
for _ in range(3):
    child = os.fork()
    if child == 0:
        os.setsid()
        if os.fork() == 0:
            time.sleep(600)
        os._exit(0)
    os.waitpid(child, 0)
"""
    with parent.submission() as submission:
        assert submission.run_cell(source).status is Status.OK
        assert submission.close().leftovers == 3


def test_the_report_counts_cpu_memory_and_names_its_layers(parent):
    with parent.submission() as submission:
        submission.run_cell("x = bytearray(50_000_000)\nfor _ in range(3_000_000): pass\nimport time; time.sleep(0.3)")
        report = submission.close()
    assert report.tier is parent.tier
    assert report.cpu_seconds > 0.02 and report.wall_seconds > 0.3 and report.peak_bytes > 50_000_000
    assert {"seccomp", "no capabilities"} <= {layer.split(" but")[0] for layer in report.layers}


def test_an_answer_is_what_the_function_returns(parent):
    with parent.submission() as submission:
        submission.run_cell(DOUBLE)
        answer = submission.answer({"name": "double"}, encode({"x": torch.tensor([1.0, 2.0])}))
    assert answer.status is Status.OK and answer.reply == {"name": "double"}
    assert torch.equal(answer.tensors["output"], torch.tensor([2.0, 4.0]))


def test_a_function_that_never_returns_times_out_and_the_next_answers(parent):
    with parent.submission() as submission:
        submission.run_cell("def spin(x):\n    while True: pass\n" + DOUBLE)
        assert submission.answer({"name": "spin"}, encode({"x": torch.ones(1)}), timeout=0.3).status is Status.TIMEOUT
        assert submission.answer({"name": "double"}, encode({"x": torch.ones(1)})).status is Status.OK


def test_an_answer_that_has_no_bytes_is_an_error(parent):
    with parent.submission() as submission:
        submission.run_cell("import torch\ndef f(x):\n    return {'output': torch.ones(2, device='meta')}")
        assert submission.answer({"name": "f"}, encode({"x": torch.ones(1)})).status is Status.ERROR
        assert submission.run_cell("1").status is Status.OK


def test_an_answer_beyond_the_limit_is_refused_before_it_is_copied(parent):
    source = "def f(x):\n    big = x.new_zeros(100_000)\n    return {str(number): big for number in range(5000)}"
    with parent.submission() as submission:  # 2 GB on the wire, 300 MB of memory
        submission.run_cell(source)
        answer = submission.answer({"name": "f"}, encode({"x": torch.ones(1)}))
        assert answer.status is Status.ERROR and "2000000000 bytes of tensors" in answer.detail
        assert submission.run_cell("1").status is Status.OK


def test_what_a_function_prints_while_it_answers_is_not_handed_back(parent):
    with parent.submission() as submission:
        submission.run_cell("import os\ndef f(x):\n    print('p'); os.system('echo q')\n    return x")
        submission.answer({"name": "f"}, encode({"x": torch.ones(1)}))
        assert submission.run_cell("").outputs == ()


def test_a_broken_pipe_is_an_exception_not_the_end(parent):
    source = "import os\nr, w = os.pipe()\nos.close(r)\nos.write(w, b'x')"
    with parent.submission() as submission:
        assert submission.run_cell(source).outputs[0]["ename"] == "BrokenPipeError"


def test_a_missing_name_does_not_raise(parent):
    with parent.submission() as submission:
        assert submission.answer({"name": "absent"}).reply == {"missing": "absent"}


def test_the_files_of_a_submission_stand_in_its_working_directory(parent, tmp_path):
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "x.csv").write_text("1,2\n")
    (tmp_path / "helper.py").write_text("VALUE = 7\n")
    with parent.submission(tmp_path) as submission:
        result = submission.run_cell("import helper\nopen('data/x.csv').read() + str(helper.VALUE)")
        assert result.outputs[0]["data"]["text/plain"] == r"'1,2\n7'"
        submission.run_cell("open('data/x.csv', 'w').write('changed'); open('new', 'w').write('x')")
    assert (tmp_path / "data" / "x.csv").read_text() == "1,2\n"
    assert sorted(os.listdir(tmp_path)) == ["data", "helper.py"]


def test_links_and_pipes_among_the_files_are_left_out(parent, tmp_path):
    (tmp_path / "link").symlink_to("/etc/passwd")
    (tmp_path / "folder").symlink_to("/etc")
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "plain").write_text("x")
    with parent.submission(tmp_path) as submission:
        assert "['plain']" in str(submission.run_cell("import os; [n for n in os.listdir() if n[0] != '.']").outputs)


def test_too_many_bytes_of_files_are_a_failed_setup(parent, tmp_path):
    with open(tmp_path / "big", "wb") as file:
        file.truncate(40 << 20)
    with parent.submission(tmp_path) as submission:
        assert submission.run_cell("1").status is Status.DIED
        report = submission.close()
    assert report.reason is Reason.SETUP_FAILED and "its files are more than" in report.error


def test_two_submissions_run_at_the_same_time(parent):
    with parent.submission() as one, parent.submission() as two:
        one.run_cell("x = 1")
        two.run_cell("x = 2")
        values = [s.run_cell("x").outputs[0]["data"]["text/plain"] for s in (one, two)]
    assert values == ["1", "2"]


def test_a_killed_parent_is_noticed_and_said(tmp_path):
    with start() as parent:
        assert parent.alive()
        os.kill(parent.pid, 9)
        with pytest.raises(ParentGone, match="start a new one"), parent.submission():
            pass
        assert not parent.alive()


def test_a_parent_whose_answer_nobody_has_read_yet_is_alive(monkeypatch):
    """Another thread that asks in this moment must not take the answer for the end of the parent."""
    with start() as parent, ThreadPoolExecutor(1) as threads:
        asked = []
        receive = parent._receive

        def late(seconds):
            assert select.select([parent._socket], [], [], 10)[0]
            asked.append(threads.submit(parent.alive))
            time.sleep(0.2)
            return receive(seconds)

        monkeypatch.setattr(parent, "_receive", late)
        with parent.submission() as submission:
            assert submission.run_cell("1").status is Status.OK
        assert asked[0].result(10)


def test_a_parent_whose_answer_is_never_read_ends_without_a_word(capfd):
    with start() as parent:
        control, data = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET), socket.socketpair()
        with control[0], control[1], data[0], data[1]:
            order = parent._order(f"{parent._base}/none", os.getuid(), None)
            socket.send_fds(parent._socket, [order.to_bytes()], [control[1].fileno(), data[1].fileno()])
            assert select.select([parent._socket], [], [], 10)[0]
    assert "Traceback" not in capfd.readouterr().err


def test_no_confinement_is_refused_with_what_that_means():
    with pytest.raises(SandboxProblem, match=r"(?s)runs as you do.*--no-sandbox"):
        WarmParent(tier=Tier.NONE, answer="answering:answer", import_paths=[STANDINS])


def test_an_answering_function_that_is_missing_is_named():
    with pytest.raises(SandboxProblem, match="No module named 'nowhere'"):
        WarmParent(answer="nowhere:answer")


def test_the_default_answering_function_is_the_checkers(parents):
    from autograder.checking import wire
    from autograder.checking.records import Call, Case

    case = Case("doubles", calls=(Call((torch.ones(2),)),))
    spec, tensors = wire.encode_case(case)
    with WarmParent() as parent, parent.submission() as submission:
        submission.run_cell(DOUBLE)
        answer = submission.answer({"exercise": "double", "kind": "function", "case": spec}, encode(tensors))
    observation = wire.decode_observation(answer.reply, answer.tensors)
    assert torch.equal(observation.calls[0].output, torch.full((2,), 2.0))


@pytest.mark.parametrize("tier", [Tier.NAMESPACES, Tier.PLAIN], ids=str)
def test_a_killed_grader_leaves_no_process_and_no_file(tier, tmp_path):
    code = f"""
import sys, time
sys.path.insert(0, {str(STANDINS.parents[2])!r})
from autograder.execution import Tier, WarmParent
parent = WarmParent(answer="answering:answer", import_paths=[{str(STANDINS)!r}], tier=Tier({str(tier)!r}))
with parent.submission() as submission:
    submission.run_cell("import os, time\\nif os.fork() == 0: time.sleep(100)")
    print(parent.pid, flush=True)
    time.sleep(100)
"""
    environment = {**os.environ, "TMPDIR": str(tmp_path)}
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True, env=environment) as grader:
        warm = int(grader.stdout.readline())
        family = [warm, *watch.descendants(warm)]
        grader.kill()
    deadline = time.monotonic() + 20
    while (os.listdir(tmp_path) or _living(family)) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert (os.listdir(tmp_path), _living(family), len(family) > 3) == ([], [], True)


def _living(processes):
    return [process for process in processes if os.path.exists(f"/proc/{process}")]


def test_what_a_notebook_shows_in_all_is_limited():
    with WarmParent(Limits(shown_bytes=5000)) as parent, parent.submission() as submission:
        assert submission.run_cell("print('x' * 3000)").outputs[0]["text"] == "x" * 3000 + "\n"
        assert submission.run_cell("y = 1").outputs == ()
        over = submission.run_cell("print('x' * 3000)")
        assert over.status is Status.OK and over.outputs[0]["text"].startswith("[outputs dropped")
        assert len(over.outputs) == 1 and len(over.outputs[0]["text"]) < 100
        failed = submission.run_cell("print('x'); assert y == 2")
        assert failed.status is Status.ERROR and failed.outputs[0]["text"].startswith("[outputs dropped")
