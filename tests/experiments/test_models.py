"""The small models: what they compute, how they are counted and matched, and the training loop."""

import pytest
import torch
from torch import nn

from experiments import models, train


def test_the_dense_cnn_is_the_strided_one_at_every_pixel():
    strided, dense = models.cnn_strided((3, 5), 7), models.cnn_dense((3, 5), 7)
    dense.load_state_dict(strided.state_dict())
    x = torch.randn(2, 1, 20, 24)
    torch.testing.assert_close(dense[:4](x)[..., ::4, ::4], strided[:4](x))


def test_global_max_pooling_does_not_care_where():
    net = models.cnn_dense((3, 5), 7)
    x = torch.zeros(1, 1, 30, 30)
    x[..., 10:14, 10:14] = torch.rand(4, 4)
    torch.testing.assert_close(net(x.roll((3, -2), (2, 3))), net(x))


@pytest.mark.parametrize(
    ("net", "expected"),
    [
        pytest.param(models.mlp(12, 5), 12 * 5 + 5 + 5 * 10 + 10, id="mlp"),
        pytest.param(models.cnn_flat(9, (2, 3)), 25 * 2 + 2 + 25 * 6 + 3 + 27 * 10 + 10, id="flat"),
        pytest.param(models.cnn_strided((2, 3), 0), 25 * 2 + 2 + 25 * 6 + 3 + 3 * 10 + 10, id="no-head"),
    ],
)
def test_parameters_are_counted_with_their_biases(net, expected):
    assert models.count_parameters(net) == expected


@pytest.mark.parametrize("budget", [30, 500, 1234])
def test_matching_width_is_the_best_of_all_widths(budget):
    def build(width):
        return nn.Linear(7, width)

    best = min(range(1, 300), key=lambda width: abs(8 * width - budget))
    assert abs(8 * models.matching_width(build, budget) - budget) == abs(8 * best - budget)


def test_a_layer_without_a_description_is_named():
    with pytest.raises(TypeError, match=r"net\.0 is a Tanh"):
        models.describe(nn.Sequential(nn.Tanh()), "net")


def test_minibatches_show_every_example_once_an_epoch():
    batches = list(train.minibatches(10, 4, 6, torch.Generator().manual_seed(0)))
    assert [len(batch) for batch in batches] == [4, 4, 2, 4, 4, 2]
    for epoch in (batches[:3], batches[3:]):
        assert sorted(torch.cat(epoch).tolist()) == list(range(10))


def test_training_learns_what_is_linearly_separable():
    generator = torch.Generator().manual_seed(0)
    x = torch.randn(400, 6, generator=generator)
    y = (x[:, 0] > 0).long()
    with train.seeded(0) as generator:
        net = models.mlp(6, 8, classes=2)
        train.train(net, x, y, steps=300, batch=50, rate=0.02, generator=generator)
    assert train.accuracy(net, x, y) > 0.97


def test_accuracy_counts_every_example_once():
    x = torch.eye(3)[torch.tensor([0, 1, 2, 2, 1])]
    assert train.accuracy(nn.Identity(), x, torch.tensor([0, 1, 2, 0, 0]), batch=2) == pytest.approx(3 / 5)


def test_seeded_is_repeatable_and_leaves_the_global_generator_alone():
    before = torch.random.get_rng_state()
    drawn = []
    for _ in range(2):
        with train.seeded(4) as generator:
            drawn.append((torch.rand(1).item(), torch.rand(1, generator=generator).item()))
    assert drawn[0] == drawn[1]
    assert torch.equal(torch.random.get_rng_state(), before)
