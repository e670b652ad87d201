"""What a check concludes, one fact a test."""

from __future__ import annotations

import random
import sys
import time
import warnings
from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import nn

from autograder.checking.observe import observe
from autograder.checking.records import Call, Case, Property


def expand(x, W):
    return (x[:, :, None] * W[None]).sum(1)


@pytest.mark.parametrize(
    "write",
    [
        expand,
        lambda x, W: torch.einsum("ik,kj->ij", x, W),
        lambda x, W: (W.T @ x.T).T,
        lambda x, W: x.double() @ W.double(),
        lambda x, W: nn.Parameter(x @ W) if not x.requires_grad else x @ W,
        lambda x, W: (x @ W).expand(2, 5, 4)[1],
    ],
    ids=["broadcast", "einsum", "non-contiguous", "float64", "parameter", "view"],
)
def test_any_correct_way_of_writing_passes(exercise, judge, write):
    assert judge(exercise, write).points == 4.0


@pytest.mark.parametrize(
    ("write", "code", "words"),
    [
        (3, "not callable", "cannot be called"),
        (lambda x, W: x[9], "raised", "IndexError"),
        (lambda x, W: (x @ W).detach().numpy(), "type", "NumPy array of shape (5, 4)"),
        (lambda x, W: None, "type", "return"),
        (lambda x, W: (x @ W).T, "shape", "an axis is swapped"),
        (lambda x, W: (x @ W).flatten(), "shape", "split, merged"),
        (lambda x, W: (x @ W).long(), "dtype", "dtype int64; a floating-point dtype, such as float32, is expected"),
        (lambda x, W: (x @ W).log(), "nonfinite", "NaN"),
        (lambda x, W: 3 * (x @ W), "values", "every value is 3 times"),
        (lambda x, W: x @ W + 1, "values", "off by +1"),
        (lambda x, W: (x @ W).detach(), "gradient", "cut off"),
        (lambda x, W: x @ W.detach(), "gradient", "gradient with respect to W: none flows back"),
        (lambda x, W: x @ W.detach(), "gradient", "or the way back was cut"),
        (lambda x, W: (y := (x @ W).exp(), y.add_(1), y.sub_(1).log())[-1], "gradient", "changed in place"),
        (lambda x, W: x.mul_(2) @ W / 2, "modified", "x was changed in place"),
        (lambda x, W: (x @ W).to_sparse(), "type", "sparse"),
        (lambda x, W: torch.empty(5, 4, device="meta"), "type", "meta"),
        (lambda x, W: (x @ W).to("meta"), "type", "meta"),
        (lambda x, W: (x @ W).half(), "values", "It is float16, which keeps about three digits"),
        (lambda x, W: [x @ W], "type", "a list of 1 item;"),
        (lambda x, W: sys.exit(3), "raised", "raised SystemExit: 3 (line"),
    ],
    ids=[
        "not-callable", "raises", "numpy", "none", "transposed", "flat", "integer", "nan", "factor", "offset",
        "detached", "detached-input", "detached-input-why", "overwritten", "doubled-in-place", "sparse", "meta",
        "moved-to-meta", "half", "in-a-list", "exit",
    ],
)  # fmt: skip
def test_a_wrong_answer_scores_nothing_and_says_why(exercise, judge, code_of, write, code, words):
    verdict = judge(exercise, write)
    assert verdict.points == 0.0
    assert code_of(verdict) == code
    assert words in " ".join(f.message for f in verdict.first.findings)


def test_a_finding_says_where_the_worst_value_is(exercise, judge):
    def spoil(x, W):
        y = x @ W
        return torch.cat([y[:2], torch.cat([y[2:3, :3], y[2:3, 3:] + 100], 1), y[3:]])

    message = judge(exercise, spoil).first.findings[0].message
    assert "1 of 20 values differ" in message and "[2, 3]" in message


def test_a_known_mistake_is_named(exercise, judge):
    assert judge(exercise, lambda x, W: (x + x) @ W).mistake.name == "doubled"


def test_an_unknown_mistake_is_not_named(exercise, judge):
    assert judge(exercise, lambda x, W: 3 * (x @ W)).mistake is None


def test_a_stub_is_not_implemented_rather_than_raised(exercise, judge, code_of):
    def product(x, W):
        raise NotImplementedError

    verdict = judge(exercise, product)
    assert code_of(verdict) == "not implemented" and verdict.points == 0.0


def test_an_exception_names_the_line_of_the_student(exercise, judge):
    def product(x, W):
        y = x @ W
        return y[99]

    line = product.__code__.co_firstlineno + 2
    message = judge(exercise, product).first.findings[0].message
    assert f"line {line}" in message and "return y[99]" in message


def test_the_line_of_an_exception_is_the_students_and_not_that_of_a_library(exercise, judge):
    def product(x, W):
        return np.linalg.inv(np.zeros((2, 2)))

    message = judge(exercise, product).first.findings[0].message
    assert f"line {product.__code__.co_firstlineno + 1}: `return np.linalg.inv" in message


def test_an_exception_without_words_leaves_no_gap(exercise, judge):
    def product(x, W):
        raise AssertionError

    message = judge(exercise, product).first.findings[0].message
    assert "product raised AssertionError (line" in message


def test_who_goes_through_numpy_is_told_to_stay_in_torch(exercise, judge):
    message = judge(exercise, lambda x, W: x.numpy() @ W.numpy()).first.findings[0].message
    assert "requires grad" in message and "Keep to torch operations on the inputs" in message


def conv(x, W):
    raise NotImplementedError


def test_a_stub_that_the_function_calls_is_named(exercise, judge, code_of):
    def product(x, W):
        return conv(x, W) + 1

    verdict = judge(exercise, product)
    assert code_of(verdict) == "raised" and "product calls conv, which is not implemented yet" in repr(verdict)


class NobodyAnswers(NotImplementedError):
    """What a kernel raises at `input()` where nobody can answer."""


def test_only_the_stubs_own_error_means_that_nothing_is_written(exercise, judge, code_of):
    def asks(x, W):
        raise NobodyAnswers("input() was called")

    assert code_of(judge(exercise, asks)) == "raised"
    assert "softmax" in judge(exercise, lambda x, W: torch.softmax(x.long(), 0)).first.findings[0].message


def test_a_whole_number_is_a_number_where_a_scalar_is_due(make_exercise, judge):
    exercise = make_exercise(lambda x: x.sum(), Case("zeros", (Call((torch.zeros(3),), names=("x",)),)))
    assert judge(exercise, lambda x: 0).passed and judge(exercise, lambda x: 0.0).passed
    assert "output is 1; 0 is expected" in judge(exercise, lambda x: 1).first.findings[0].message
    assert not judge(exercise, lambda x: False).passed


def test_a_change_of_an_input_is_found(case, make_exercise, judge, code_of):
    exercise = make_exercise(lambda x, W: x @ W, replace(case, gradients=()))

    def centred_in_place(x, W):
        y = x @ W
        x -= x.mean()
        return y

    verdict = judge(exercise, centred_in_place)
    assert code_of(verdict) == "modified" and "x was changed" in verdict.first.findings[0].message
    assert "x.clone()" in verdict.first.findings[0].message


def test_a_dictionary_that_was_changed_is_not_told_to_clone(make_exercise, judge):
    exercise = make_exercise(len, Case("a table", (Call(args=({"a": 1, "b": 2},), names=("reads",)),)))
    verdict = judge(exercise, lambda reads: [reads.popitem(), len(reads) + 1][1])
    message = verdict.first.findings[0].message
    assert "reads was changed in place" in message and "deepcopy" in message and "clone" not in message


@pytest.mark.parametrize(
    "write",
    [
        lambda x, W: torch.matmul(x, W),
        lambda x, W: x @ W,
        lambda x, W: getattr(torch, "mat" + "mul")(x, W),
        lambda x, W: nn.functional.linear(x, W.T),
    ],
    ids=["function", "operator", "getattr", "linear"],
)
def test_a_forbidden_operator_is_found_however_it_is_spelled(case, make_exercise, judge, code_of, write):
    exercise = make_exercise(expand, case, forbid=("mm", "matmul", "addmm"), forbid_reason="Write the sum.")
    verdict = judge(exercise, write)
    assert code_of(verdict) == "forbidden" and "Write the sum." in verdict.first.findings[0].message


def test_a_forbidden_numpy_function_is_found_through_an_alias(make_exercise, judge, code_of):
    from numpy import convolve as quiet

    case = Case("c", (Call((torch.arange(5.0), torch.tensor([1.0, 2.0, 4.0])), names=("x", "w")),))
    exercise = make_exercise(lambda x, w: x.unfold(0, 3, 1) @ w, case, forbid=("numpy.convolve",))
    cheat = judge(exercise, lambda x, w: torch.from_numpy(quiet(x.numpy(), w.flip(0).numpy(), "valid")))
    assert code_of(cheat) == "forbidden"


def test_a_watched_call_leaves_the_profile_function_as_it_was(case):
    before = sys.getprofile()
    observe(expand, case, forbid=("numpy.convolve",))
    assert sys.getprofile() is before


@pytest.mark.parametrize("answer", [7, 7.0, torch.tensor(7), np.int64(7)], ids=["int", "float", "tensor", "numpy"])
def test_a_number_may_be_written_in_any_way(make_exercise, judge, answer):
    exercise = make_exercise(lambda: 7, Case("answer", (Call(),)))
    assert judge(exercise, lambda: answer).passed


@pytest.mark.parametrize("answer", [8, 7.5, "7", None, True, torch.tensor([7])])
def test_another_number_does_not_pass(make_exercise, judge, answer):
    exercise = make_exercise(lambda: 7, Case("answer", (Call(),)))
    assert not judge(exercise, lambda: answer).passed


@pytest.mark.parametrize("answer", [float("nan"), float("inf")])
def test_a_number_that_is_not_finite_is_named(make_exercise, judge, code_of, answer):
    exercise = make_exercise(lambda: 7.5, Case("answer", (Call(),)))
    assert code_of(judge(exercise, lambda: answer)) == "nonfinite"


def test_where_infinity_is_expected_no_finite_number_passes(make_exercise, judge, code_of):
    exercise = make_exercise(lambda: float("inf"), Case("never", (Call(),)))
    assert judge(exercise, lambda: float("inf")).passed
    assert code_of(judge(exercise, lambda: 4000.0)) == "values"


def test_nested_outputs_are_compared_leaf_by_leaf(make_exercise, judge):
    case = Case("nested", (Call((torch.arange(6.0),), names=("x",)),))
    exercise = make_exercise(lambda x: {"a": (x, x + 1), "n": 3}, case)
    assert judge(exercise, lambda x: {"n": 3, "a": [x, x + 1]}).passed
    wrong = judge(exercise, lambda x: {"n": 3, "a": (x, x + 2)})
    assert "output['a'][1]" in wrong.first.findings[0].message
    assert "keys missing: n" in judge(exercise, lambda x: {"a": (x, x + 1)}).first.findings[0].message


def test_a_generator_may_stand_for_a_list(make_exercise, judge):
    case = Case("batches", (Call((torch.arange(6.0),), names=("x",)),))
    exercise = make_exercise(lambda x: [x[:3], x[3:]], case)
    assert judge(exercise, lambda x: (x[i : i + 3] for i in (0, 3))).passed


class Scale(nn.Module):
    def __init__(self, n):
        super().__init__()
        self.gain = nn.Parameter(torch.ones(n))

    def forward(self, x):
        return x * self.gain if self.training else -x * self.gain


class Shared(nn.Module):
    def __init__(self, n):
        super().__init__()
        self.scale = nn.Parameter(torch.ones(n))

    def forward(self, x):
        return x * self.scale


def module_case() -> Case:
    x = torch.arange(6.0).reshape(2, 3)
    calls = (Call((x,), train=True, names=("x",)), Call((x,), train=False, names=("x",)))
    state = {"gain": torch.tensor([2.0, 3.0, 5.0])}
    return Case("module", calls, init=Call((3,), names=("n",)), state=state, gradients=("parameters",))


def test_a_module_is_built_loaded_and_called_in_both_modes(make_exercise, judge):
    exercise = make_exercise(Scale, module_case(), kind="module")
    assert judge(exercise, Scale).passed

    class NeverEvaluates(Scale):
        def forward(self, x):
            return x * self.gain

    verdict = judge(exercise, NeverEvaluates)
    assert "output of call 2" in verdict.first.findings[0].message


def test_parameters_of_other_names_are_listed(make_exercise, judge, code_of):
    verdict = judge(make_exercise(Scale, module_case(), kind="module"), Shared)
    message = verdict.first.findings[0].message
    assert code_of(verdict) == "state" and "gain is missing" in message and "scale is not expected" in message


@pytest.mark.parametrize(
    ("target", "words"),
    [(Scale(3), "not one of its objects"), (lambda n: Scale(n), "a class is expected: it is a function")],
    ids=["object", "function"],
)
def test_a_module_exercise_asks_for_the_class(make_exercise, judge, code_of, target, words):
    verdict = judge(make_exercise(Scale, module_case(), kind="module"), target)
    assert code_of(verdict) == "not callable" and words in verdict.first.findings[0].message


def test_a_module_that_never_became_one_is_told_which_line_is_missing(make_exercise, judge, code_of):
    class Scale(nn.Module):
        def __init__(self, n):
            self.n = n

    verdict = judge(make_exercise(Shared, replace(module_case(), state=None), kind="module"), Scale)
    assert code_of(verdict) == "not callable" and "does not call super().__init__()" in repr(verdict)


def test_a_module_may_break_in_every_place(make_exercise, judge, code_of):
    class Stuck(Scale):
        train = None

    verdict = judge(make_exercise(Scale, module_case(), kind="module"), Stuck)
    assert code_of(verdict) == "raised" and "'NoneType' object is not callable" in repr(verdict)


def test_a_property_recognises_a_random_mistake_by_its_number(make_exercise, judge):
    generator = torch.Generator().manual_seed(1)
    case = Case(
        "spread",
        (Call((400, generator), names=("n", "generator")),),
        values=False,
        properties=(Property("std", {"low": 1.9, "high": 2.1}),),
    )
    right = lambda n, generator: 2 * torch.randn(n, n, generator=generator)  # noqa: E731
    halved = lambda n, generator: torch.randn(n, n, generator=generator)  # noqa: E731
    exercise = make_exercise(right, case, mistakes={"halved": halved})
    assert judge(exercise, lambda n, generator: torch.empty(n, n).normal_(0, 2, generator=generator)).passed
    wrong = judge(exercise, lambda n, generator: torch.empty(n, n).normal_(0, 1, generator=generator))
    assert wrong.mistake.name == "halved" and "standard deviation" in wrong.first.findings[0].message


def test_too_many_flops_are_counted_and_refused(case, make_exercise, judge, code_of):
    cheap = replace(case, gradients=(), flops=1.5)
    exercise = make_exercise(lambda x, W: x @ W, cheap)
    assert judge(exercise, lambda x, W: torch.einsum("ik,kj->ij", x, W)).passed
    assert code_of(judge(exercise, lambda x, W: (x @ torch.eye(3)) @ W)) == "cost"


def test_a_mistake_is_named_whatever_way_of_writing_it_costs(case, make_exercise, judge):
    cheap = replace(case, gradients=(), flops=1.5)
    exercise = make_exercise(lambda x, W: x @ W, cheap, mistakes={"negated": lambda x, W: -(x @ W)})
    by_products = judge(exercise, lambda x, W: -(x[:, :, None] * W).sum(1))
    assert by_products.mistake is not None and by_products.mistake.name == "negated"


def test_a_time_budget_is_kept(case, make_exercise, judge, code_of):
    exercise = make_exercise(lambda x, W: x @ W, replace(case, seconds=0.05))

    def slow(x, W):
        start = time.thread_time()
        while time.thread_time() < start + 0.1:
            pass
        return x @ W

    assert code_of(judge(exercise, slow)) == "time"


def test_a_time_budget_is_not_spent_by_a_machine_that_is_busy_with_something_else(case, make_exercise, judge):
    def kept_waiting(x, W):
        time.sleep(0.1)
        return x @ W

    assert judge(make_exercise(lambda x, W: x @ W, replace(case, seconds=0.05)), kept_waiting).passed


def test_partial_points_are_the_share_of_cases_passed(case, make_exercise, judge):
    other = Case("wide", (Call((torch.ones(1, 3), torch.arange(15.0).reshape(3, 5)), names=("x", "W")),))
    exercise = make_exercise(lambda x, W: x @ W, case, other, partial=True)
    verdict = judge(exercise, lambda x, W: x @ W if len(W[0]) == 4 else W)
    assert verdict.points == 2.0 and not verdict.passed


def test_warnings_and_stderr_become_notes(case, make_exercise, judge, capsys):
    import warnings

    def noisy(x, W):
        warnings.warn("old habit", DeprecationWarning, stacklevel=1)
        print("to stderr", file=sys.stderr)
        return x @ W

    verdict = judge(make_exercise(lambda x, W: x @ W, case), noisy)
    assert verdict.passed
    assert capsys.readouterr().err == ""
    assert any("old habit" in n for n in verdict.notes) and any("to stderr" in n for n in verdict.notes)


def test_the_student_gets_copies(case):
    kept = []
    observe(lambda x, W: kept.append(x) or x @ W, replace(case, gradients=()))
    kept[0].zero_()
    assert bool((case.calls[0].args[0] != 0).any())


def test_a_training_task_asks_for_an_accuracy_and_not_for_values(make_exercise, judge, code_of):
    generator = torch.Generator().manual_seed(3)
    x = torch.randn(200, 2, generator=generator)
    labels = (x.sum(1) > 0).long()
    asked = Property("accuracy", {"labels": labels, "at_least": 0.9})
    case = Case("two classes", (Call((x,), names=("x",)),), values=False, properties=(asked,), seconds=20.0)
    exercise = make_exercise(lambda x: (x.sum(1) > 0).long(), case)
    assert judge(exercise, lambda x: torch.stack([-x.sum(1), x.sum(1)], 1)).passed
    half = judge(exercise, lambda x: (x[:, 0] > 9).long())
    assert code_of(half) == "property" and "the accuracy is" in half.first.findings[0].message


def test_an_equivariance_is_asked_of_two_calls(make_exercise, judge, code_of):
    x = torch.arange(12.0).reshape(3, 4).sin()
    calls = (Call((x,), names=("x",)), Call((x.roll(1, 1),), names=("x",)))
    asked = Property("equivariant", {"dims": [1], "shifts": [1], "atol": 1e-6})
    exercise = make_exercise(lambda x: x.cumsum(0), Case("shift", calls, values=False, properties=(asked,)))
    assert judge(exercise, lambda x: x**2).passed
    assert code_of(judge(exercise, lambda x: x.cumsum(1))) == "property"


@pytest.mark.parametrize(
    ("give", "words"),
    [(lambda x: None, "None (is a `return` missing?)"), (lambda x: x.numpy(), "a NumPy array of shape (3,)")],
    ids=["none", "numpy"],
)
def test_an_output_that_no_property_can_measure_is_named_once(make_exercise, judge, give, words):
    properties = tuple(Property(kind, {"low": 0, "high": 9}) for kind in ("mean", "std"))
    case = Case("free", (Call((torch.arange(3.0),), names=("x",)),) * 2, values=False, properties=properties)
    (found,) = judge(make_exercise(lambda x: x + 1, case), give).first.findings
    assert found.code == "type" and words in found.message


def test_zero_as_a_whole_number_is_a_number(make_exercise, judge):
    case = Case("sum", (Call((torch.zeros(3),), names=("x",)),))
    exercise = make_exercise(lambda x: x.sum(), case)
    assert judge(exercise, lambda x: 0).points == 4.0
    assert judge(exercise, lambda x: False).points == judge(exercise, lambda x: 1).points == 0.0


def test_a_warning_is_noted_without_the_place_in_torch(case):
    def warn(x, W):
        warnings.warn("Do not do this. (Triggered internally at /there/it.cpp:7.)", stacklevel=1)
        return x @ W

    assert observe(warn, case).notes == ("UserWarning: Do not do this.",)


def drawn():
    return random.random(), np.random.rand(), np.random.randn(), torch.rand(1).item()


@pytest.mark.parametrize("before", [0, 1, 2], ids=["none", "half-a-pair", "a-pair"])
@pytest.mark.parametrize("generator", [np.random.MT19937, np.random.PCG64], ids=["mt19937", "pcg64"])
def test_a_check_leaves_every_generator_where_it_was(before, generator):
    kept, pythons, torchs = np.random.get_bit_generator(), random.getstate(), torch.get_rng_state()
    try:
        streams = []
        for checked in (False, True):
            random.seed(5), torch.manual_seed(5), np.random.set_bit_generator(generator(5))
            [np.random.randn() for _ in range(before)]  # normal numbers are made in pairs, one of which waits
            if checked:
                first, second = (observe(drawn, Case("draws", calls=(Call(),))).calls[0].output for _ in range(2))
                assert first == second
            streams.append([drawn() for _ in range(3)])
        assert streams[0] == streams[1]
    finally:
        np.random.set_bit_generator(kept), random.setstate(pythons), torch.set_rng_state(torchs)
