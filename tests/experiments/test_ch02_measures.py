"""What the measurements of chapter 2 rest on, against numpy, scikit-learn and counting."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from sklearn.linear_model import Ridge

import experiments
from experiments import ch02_capacity, ch02_noise, record


@pytest.fixture
def problem():
    """(features (batch, feature), labels (batch,)), for a number of features."""
    generator = torch.Generator().manual_seed(0)

    def make(count):
        labels = torch.randint(10, (40,), generator=generator)
        return torch.randn(40, count, generator=generator, dtype=torch.float64), labels

    return make


@pytest.mark.parametrize("count", [15, 40, 90], ids=["fewer", "as-many", "more"])
def test_without_a_penalty_weights_are_those_of_the_pseudo_inverse(problem, count):
    phi, labels = problem(count)
    (weight,) = ch02_capacity.solutions(phi, labels, (0.0,))
    expected = np.linalg.pinv(phi.numpy()) @ np.eye(10)[labels.numpy()]
    np.testing.assert_allclose(weight, expected, rtol=1e-8, atol=1e-8)


def test_with_a_penalty_weights_are_those_of_scikit_learn(problem):
    phi, labels = problem(15)
    (weight,) = ch02_capacity.solutions(phi, labels, (0.3,))
    alpha = 0.3 * float((torch.linalg.svdvals(phi) ** 2).mean())
    fitted = Ridge(alpha=alpha, fit_intercept=False).fit(phi.numpy(), np.eye(10)[labels.numpy()])
    np.testing.assert_allclose(weight, fitted.coef_.T, atol=1e-10)


def test_the_right_share_of_labels_is_moved_and_each_to_another_class():
    y = torch.randint(10, (20_000,), generator=torch.Generator().manual_seed(1))
    moved = ch02_capacity.flip(y, 0.3, torch.Generator().manual_seed(2))
    changed = moved != y
    assert changed.double().mean().item() == pytest.approx(0.3, abs=0.02)
    steps = ((moved - y) % 10)[changed].bincount(minlength=10)
    assert steps[0] == 0 and steps[1:].min() > 0.9 * changed.sum() / 9


def test_the_penalty_makes_the_weights_of_the_net_smaller():
    x = torch.rand(60, 8, 8, generator=torch.Generator().manual_seed(0))
    y = torch.arange(60) % 10
    norms = []
    for penalty in (0.0, 1.0):
        torch.manual_seed(0)
        model = ch02_noise.net(ch02_noise.QUICK, 0.0)
        settings = replace(ch02_noise.QUICK, epochs=5)
        for _ in ch02_noise.epochs(model, x, y, penalty, settings, torch.Generator().manual_seed(0)):
            pass
        norms.append(sum(p.detach().square().sum().item() for p in model.parameters() if p.dim() == 2))
    assert norms[1] < norms[0]


def test_the_best_epoch_is_the_first_with_the_lowest_loss():
    assert ch02_noise.best_epoch([3.0, 1.0, 2.0, 1.0]) == 1


def test_a_verdict_says_when_the_peak_stays_with_the_penalty():
    result = experiments.load("ch02_capacity")
    result["numbers"][ch02_capacity.RIDGE]["test_error"]["mean"][9] = 0.5
    assert "a rise of" in ch02_capacity.summary(result)["verdict"]


def test_a_verdict_says_when_stopping_early_gains_nothing():
    result = experiments.load("ch02_noise")
    free, stopped = (result["numbers"][method]["60"]["unseen"] for method in ("free", "stopped"))
    steps = (0.01, -0.01, 0.02, -0.02)
    stopped["by_seed"] = [row[-1] + step for row, step in zip(free["by_seed"], steps, strict=True)]
    assert "Stopping early brings back no more than the seeds differ" in ch02_noise.summary(result)["verdict"]


def test_measurements_of_chapters_come_after_the_claims():
    names = record.names()
    assert names[:3] == ["k1", "k2", "k3"]
    assert names.index("ch02_capacity") > max(i for i, name in enumerate(names) if name.startswith("k"))
