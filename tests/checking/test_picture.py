"""Pictures of differences: what they show, what they say in words, and what they never show."""

from __future__ import annotations

import base64
import io
import re
import time
import xml.etree.ElementTree as ET
from dataclasses import replace

import numpy as np
import pytest
import torch
from PIL import Image

from autograder.checking.compare import Tolerance, differences
from autograder.checking.diagnose import diagnose
from autograder.checking.observe import observe
from autograder.checking.picture import picture
from autograder.checking.records import Call, Case
from autograder.checking.report import Report

SVG = "{http://www.w3.org/2000/svg}"


def drawn(got: torch.Tensor, expected: torch.Tensor) -> str:
    """The picture of the first finding."""
    finding = differences(got, expected, Tolerance(1e-4, 1e-5))[0]
    return picture(finding.compared, finding.where)


def svg(got: torch.Tensor, expected: torch.Tensor) -> ET.Element:
    return ET.fromstring(drawn(got, expected).split("<div")[0])


def pixels(image: ET.Element) -> np.ndarray:
    """(row, column, red green blue alpha) of an image, read by a decoder that is not ours."""
    data = base64.b64decode(image.attrib["href"].partition(",")[2])
    return np.asarray(Image.open(io.BytesIO(data)).convert("RGBA"))


def test_a_matrix_is_shown_as_got_expected_and_difference():
    got = torch.zeros(3, 4)
    got[1, 2] = 2.0
    panels = [pixels(image) for image in svg(got, torch.zeros(3, 4)).iter(f"{SVG}image")]
    opaque = [(panel[..., 3] > 0).nonzero() for panel in panels]
    assert [panel.shape for panel in panels] == [(3, 4, 4)] * 3
    assert [[*zip(*np.array(where).tolist(), strict=True)] for where in opaque] == [[(1, 2)], [], [(1, 2)]]


def test_the_sign_is_the_colour():
    expected = torch.ones(2, 3)
    high, low = (pixels([*svg(expected + step, expected).iter(f"{SVG}image")][2]) for step in (1, -1))
    assert high[0, 0, 0] > high[0, 0, 2] and low[0, 0, 0] < low[0, 0, 2]


def test_the_worst_value_is_framed_and_named():
    expected = torch.zeros(4, 6)
    got = expected.clone()
    got[3, 5], got[0, 0] = 9.0, 1.0
    found = svg(got, expected)
    frames = [rect for rect in found.iter(f"{SVG}rect") if rect.attrib.get("class") == "worst"]
    image = next(found.iter(f"{SVG}image"))
    right = float(image.attrib["x"]) + float(image.attrib["width"])
    assert len(frames) == 3
    assert float(frames[0].attrib["x"]) + float(frames[0].attrib["width"]) == pytest.approx(right, abs=0.01)
    assert "the worst value, in row 3, column 5" in found.attrib["aria-label"]
    assert "2 of 24 values differ" in found.attrib["aria-label"]


def test_of_more_axes_the_slice_with_the_worst_value_is_shown():
    got = torch.zeros(2, 3, 4, 5)
    got[1, 2, 0, 3] = 1.0
    assert "output[1, 2, :, :]" in svg(got, torch.zeros(2, 3, 4, 5)).attrib["aria-label"]


def test_of_a_large_matrix_the_part_around_the_worst_value_is_shown():
    got = torch.zeros(500, 300)
    got[480, 150] = 1.0
    found = svg(got, torch.zeros(500, 300))
    assert pixels(next(found.iter(f"{SVG}image"))).shape == (48, 48, 4)
    assert "rows 452 to 499, columns 126 to 173" in found.attrib["aria-label"]


def test_a_value_that_is_not_finite_has_a_colour_of_its_own():
    got = torch.zeros(2, 3)
    got[1, 1] = float("nan")
    found = svg(got, torch.zeros(2, 3))
    assert pixels(next(found.iter(f"{SVG}image")))[1, 1].tolist() == [132, 94, 247, 255]
    assert "violet not finite" in found.attrib["aria-label"]


def test_a_sequence_is_shown_as_two_curves():
    found = svg(torch.tensor([0.0, 1.0, 2.0, 9.0, 4.0]), torch.arange(5.0))
    lines = [line.attrib["points"] for line in found.iter(f"{SVG}polyline")]
    assert [len(points.split()) for points in lines] == [5, 5] and lines[0] != lines[1]
    assert "the worst value, at 3" in found.attrib["aria-label"]
    assert len([*found.iter(f"{SVG}circle")]) == 1


def test_a_curve_is_broken_where_it_is_not_finite():
    got = torch.arange(6.0)
    got[2] = float("inf")
    assert len([*svg(got, torch.arange(6.0)).iter(f"{SVG}polyline")]) == 3


@pytest.mark.parametrize("shape", [(), (3,), (2, 2), (1, 3)], ids=str)
def test_few_numbers_are_told_in_words_alone(shape):
    assert drawn(torch.ones(shape), torch.zeros(shape)) == ""


def test_another_shape_has_no_picture():
    assert drawn(torch.ones(4, 5), torch.ones(5, 4)) == ""


def test_no_picture_asks_a_server():
    addresses = re.findall(r'(?:href|src)="([^"]*)"', drawn(torch.ones(4, 5), torch.zeros(4, 5)))
    assert addresses and all(address.startswith("data:image/png;base64,") for address in addresses)


def test_a_picture_costs_a_fraction_of_the_tenth_of_a_second_that_a_check_has():
    finding = differences(torch.randn(1, 2, 512, 512), torch.zeros(1, 2, 512, 512), Tolerance(1e-4, 1e-5))[0]
    start = time.process_time()
    picture(finding.compared, "output")
    assert time.process_time() - start < 0.05


def times(x: torch.Tensor) -> torch.Tensor:
    return 3 * x


@pytest.fixture
def exercise(make_exercise):
    return make_exercise(times, Case("public", (Call((torch.ones(3, 4),), names=("x",)),)))


def test_a_verdict_shows_the_picture_of_a_public_case(exercise, judge):
    report = Report(judge(exercise, lambda x: 2 * x), {})
    assert report.picture in report._repr_html_() and "<svg" in report.picture


def test_a_verdict_never_shows_a_hidden_case(exercise):
    frozen = exercise.cases[0]
    hidden = replace(frozen, case=replace(frozen.case, name="secret"))

    def knows_one(x: torch.Tensor) -> torch.Tensor:
        return 2 * x

    seen = observe(knows_one, frozen.case)
    verdict = diagnose(exercise, [(frozen, False), (hidden, True)], [frozen.expected, seen])
    assert verdict.first is not None and verdict.first.hidden
    report = Report(verdict, {})
    assert report.picture == "" and "<svg" not in report._repr_html_()
