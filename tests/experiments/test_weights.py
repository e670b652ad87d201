"""The weights of the digit demo: small, kept, described completely, and good enough for what a hand draws."""

import itertools
import math

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from experiments import data, models, train, weights

pytestmark = pytest.mark.slow

# Polylines in a box of height 1; a person with a mouse draws no better.
STROKES = {
    0: [[(0.33 + 0.33 * math.cos(t / 4), 0.5 + 0.5 * math.sin(t / 4)) for t in range(26)]],
    1: [[(0.3, 0), (0.3, 1)]],
    2: [[(0.05, 0.25), (0.15, 0.05), (0.35, 0), (0.55, 0.08), (0.6, 0.3), (0.45, 0.6), (0.05, 1), (0.65, 1)]],
    3: [[(0.05, 0), (0.6, 0), (0.3, 0.4), (0.55, 0.5), (0.62, 0.7), (0.5, 0.93), (0.25, 1), (0, 0.9)]],
    4: [[(0.1, 0), (0.05, 0.5), (0.6, 0.5)], [(0.55, 0), (0.5, 1)]],
    5: [[(0.6, 0), (0.1, 0), (0.08, 0.45), (0.4, 0.42), (0.62, 0.6), (0.58, 0.88), (0.3, 1), (0, 0.92)]],
    7: [[(0, 0), (0.65, 0), (0.25, 1)]],
    9: [[(0.6, 0.3), (0.5, 0.08), (0.3, 0), (0.1, 0.1), (0.05, 0.3), (0.2, 0.52), (0.45, 0.5), (0.6, 0.28), (0.55, 1)]],
}


def drawn(strokes, height, radius, canvas):
    """`strokes` with a round pen, `height` pixels tall, on a (canvas, canvas) picture."""
    down, right = torch.meshgrid(torch.arange(canvas) + 0.5, torch.arange(canvas) + 0.5, indexing="ij")
    here = torch.stack([right, down], -1)
    nearest = torch.full((canvas, canvas), math.inf)
    for stroke in strokes:
        points = torch.tensor(stroke) * height + torch.tensor([canvas / 2 - height / 3, canvas / 2 - height / 2])
        for a, b in itertools.pairwise(points):
            along = (((here - a) * (b - a)).sum(-1) / (b - a).square().sum()).clamp(0, 1)
            nearest = torch.minimum(nearest, (here - a - along[..., None] * (b - a)).norm(dim=-1))
    return (radius - nearest + 0.5).clamp(0, 1)


@pytest.fixture(scope="module")
def digits():
    return weights.demo_weights("digits")


@pytest.fixture(scope="module")
def hand():
    """(pictures, labels): eight digits, three sizes, three pens, centred."""
    settings = weights.DIGITS
    made = [
        (drawn(strokes, height, radius, settings.canvas), label)
        for label, strokes in STROKES.items()
        for height in (11, 13, 15)
        for radius in (0.8, 1.2, 1.8)
    ]
    pictures = weights.centred(torch.stack([picture for picture, _ in made]))
    return pictures[:, None], torch.tensor([label for _, label in made])


class FromDescription(nn.Module):
    """A net that knows nothing but the description and the tensors, as the browser does."""

    def __init__(self, tensors, layers):
        super().__init__()
        self.tensors, self.layers = tensors, layers

    def forward(self, x):
        for layer in self.layers:
            x = self.step(layer, x)
        return x

    def step(self, layer, x):
        match layer["kind"]:
            case "flatten":
                return x.flatten(1)
            case "relu":
                return x.clamp_min(0)
            case "global_max_pool":
                return x.flatten(2).max(2).values
            case "linear":
                return x @ self.tensors[layer["weight"]].T + self.tensors[layer["bias"]]
        how = {key: layer[key] for key in ("stride", "padding", "dilation")}
        return F.conv2d(x, self.tensors[layer["weight"]], self.tensors[layer["bias"]], **how)


def net(digits, name):
    tensors, description = digits
    return FromDescription(tensors, description["models"][name]["layers"])


def test_the_weights_of_the_demo_are_small(digits):
    tensors, _ = digits
    assert all(tensor.dtype == torch.float32 for tensor in tensors.values())
    assert sum(tensor.numel() * 4 for tensor in tensors.values()) < 300_000


@pytest.mark.parametrize("name", ["mlp", "cnn"])
def test_the_description_is_enough_to_run_the_net(digits, name):
    """The accuracies that the description states are those of the net rebuilt from it, at every shift."""
    settings, (_, description) = weights.DIGITS, digits
    test = data.split(*data.mnist_digits(), settings.train_examples, settings.seed)
    small = weights.centred(data.rescale(test.x_test, settings.digit))
    for shift, stated in zip(description["shifts"], description["models"][name]["accuracy_by_shift"], strict=True):
        moved = data.shift_every_way(small, settings.canvas, shift)
        assert train.accuracy(net(digits, name), moved, test.y_test) == pytest.approx(stated, abs=0.005)


def test_the_cnn_keeps_a_shifted_digit_and_the_mlp_loses_it(digits):
    accuracy = {name: found["accuracy_by_shift"] for name, found in digits[1]["models"].items()}
    assert min(accuracy["cnn"]) > 0.94
    assert accuracy["mlp"][0] > 0.9
    assert accuracy["mlp"][-1] < 0.3


@pytest.mark.parametrize("name", ["mlp", "cnn"])
def test_the_samples_are_read_rightly_in_the_middle(digits, name):
    tensors, description = digits
    samples = data.place(tensors["samples"], weights.DIGITS.canvas)
    assert net(digits, name)(samples).argmax(1).tolist() == description["samples"]["labels"]


@pytest.mark.parametrize("name", ["mlp", "cnn"])
def test_digits_drawn_with_a_mouse_are_read(digits, hand, name):
    assert train.accuracy(net(digits, name), *hand) > 0.9


def test_drawn_digits_that_are_dragged_stay_with_the_cnn_alone(digits, hand):
    pictures, labels = hand
    moved = data.shift_every_way(pictures[:, 0], weights.DIGITS.canvas, 5)
    assert train.accuracy(net(digits, "cnn"), moved, labels) > 0.9
    assert train.accuracy(net(digits, "mlp"), moved, labels) < 0.5


def test_stored_weights_are_used_again(digits, monkeypatch):
    monkeypatch.setattr(train, "train", None)
    again, description = weights.demo_weights("digits")
    assert description == digits[1]
    assert all(torch.equal(again[name], tensor) for name, tensor in digits[0].items())


def test_an_unknown_demo_is_named():
    with pytest.raises(KeyError, match="no demo weights called 'letters'"):
        weights.demo_weights("letters")


def test_redrawing_never_moves_a_digit_away_from_the_middle():
    images, _ = data.mnist_digits()
    redrawn = weights.redraw(images[:300], 20, torch.Generator().manual_seed(0))
    places = torch.arange(20.0)
    mass = redrawn.sum((1, 2))
    for axis in (1, 2):
        centre = (redrawn.sum(3 - axis) * places).sum(1) / mass
        assert (centre - 9.5).abs().max() < 0.75


def test_the_parameters_the_description_states_are_in_the_tensors(digits):
    tensors, description = digits
    for name, found in description["models"].items():
        stored = sum(tensor.numel() for key, tensor in tensors.items() if key.startswith(f"{name}."))
        assert stored == found["parameters"] == models.count_parameters(rebuilt(name))


def rebuilt(name):
    settings = weights.DIGITS
    if name == "mlp":
        return models.mlp(settings.canvas**2, settings.mlp_hidden)
    return models.cnn_dense(settings.cnn_channels, settings.cnn_hidden)
