"""The net that attends between tiles: what it is not told, and that the demo's three nets are what is said of them."""

import pytest
import torch
from torch.nn import functional as F

from experiments import data, tiles, train, weights


@pytest.fixture(scope="module")
def three():
    return weights.demo_weights("three")


@pytest.fixture(scope="module")
def test_digits():
    """(pictures in the middle of the canvas, labels) that no net was trained on."""
    settings = weights.DIGITS
    split = data.split(*data.mnist_digits(), settings.train_examples, settings.seed)
    small = weights.centred(data.rescale(split.x_test, settings.digit))
    return data.place(small, settings.canvas), split.y_test


def net_of(three, name):
    """A net in torch, with the weights as a page unpacks them."""
    tensors, settings = three[0], weights.DIGITS
    built = {
        "mlp": lambda: weights.models.mlp(settings.canvas**2, settings.mlp_hidden),
        "cnn": lambda: weights.models.cnn_dense(settings.cnn_channels, settings.cnn_hidden),
        "attention": lambda: tiles.attention_net(tiles.TileSettings()),
    }[name]()
    state = {}
    for key in built.state_dict():
        value, scale = tensors[f"{name}.{key}"].float(), tensors.get(f"{name}.{key}.scale")
        state[key] = value if scale is None else value * scale.reshape(-1, *[1] * (value.ndim - 1))
    built.load_state_dict(state)
    return built.eval()


def test_tiles_are_cut_as_unfold_cuts_them():
    pictures = torch.rand(2, 1, 12, 8, generator=torch.Generator().manual_seed(0))
    expected = F.unfold(pictures, 4, stride=4).transpose(1, 2)
    assert torch.equal(tiles.Tiles(4)(pictures), expected)


def test_shuffled_pictures_have_the_same_tiles():
    pictures = torch.rand(3, 1, 16, 16, generator=torch.Generator().manual_seed(0))
    mixed = tiles.shuffle_tiles(pictures, 4, seed=1)
    assert not torch.equal(mixed, pictures)
    for before, after in zip(tiles.Tiles(4)(pictures), tiles.Tiles(4)(mixed), strict=True):
        assert sorted(before.tolist()) == sorted(after.tolist())


def test_attention_without_places_gives_shuffled_tiles_the_same_answer(three, test_digits):
    pictures = test_digits[0][:50]
    net = net_of(three, "attention")
    with torch.no_grad():
        assert torch.allclose(net(tiles.shuffle_tiles(pictures, 8, seed=3)), net(pictures), atol=1e-4)


@pytest.mark.parametrize("name", ["mlp", "cnn", "attention"])
def test_stored_bytes_give_the_accuracy_that_is_stated(three, test_digits, name):
    pictures, labels = test_digits
    stated = three[1]["models"][name]["accuracy_by_shift"][0]
    assert train.accuracy(net_of(three, name), pictures, labels) == pytest.approx(stated, abs=1e-3)


def test_each_net_keeps_what_it_was_told_does_not_matter(three):
    told = three[1]["models"]
    assert told["cnn"]["accuracy_by_shift"][-1] > 0.9 > 0.5 > told["cnn"]["accuracy_shuffled"]
    assert told["attention"]["accuracy_shuffled"] == told["attention"]["accuracy_by_shift"][0] > 0.9
    assert max(told["mlp"]["accuracy_by_shift"][-1], told["mlp"]["accuracy_shuffled"]) < 0.3


def test_description_names_a_layer_that_it_does_not_know():
    with pytest.raises(TypeError, match=r"layer x\.0 is a Dropout"):
        tiles.describe(torch.nn.Sequential(torch.nn.Dropout()), "x")
