"""The widget of ch06 in a browser: its numbers are those of PyTorch, and hand, keyboard and typing move the words."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch

from experiments.sentences import NUMBER
from explorables import ch06_attention as demos


@pytest.fixture(scope="module")
def site(widget_page: Callable[..., Path]) -> Path:
    """A page with its widgets, as a file."""
    return widget_page("ch06", demos.who_attends(), demos.query_among_keys(), demos.paint_mask())


@pytest.fixture
def visit(site: Path, page_factory: Callable):
    """The page, with its widgets running."""
    opened = page_factory(site, height=2800)
    opened.page.wait_for_function("document.querySelectorAll('figure.is-live').length === 3")
    return opened


@pytest.fixture(scope="module")
def models() -> dict[bool, torch.nn.Module]:
    """The models of the demo in torch, in float64, by whether they know positions."""
    return {positions: demos.trained_model(positions).double() for positions in (True, False)}


SENTENCES = [*demos.EXAMPLES, "dog", "the zebra chased a dog", "today today the the dog dog saw saw park to"]

FORWARD = """([name, tokens, positions]) => {
  const { module, model } = document.querySelector(".attends-demo").closest("figure").explorable;
  const { layers, heads } = model.get("sizes");
  const found = module.forward(tokens, model.get("tensors"), { name, positions, layers, heads });
  return { scores: found.scores.map((row) => [...row]), shares: found.shares };
}"""


@pytest.mark.parametrize("positions", [True, False], ids=["with positions", "without"])
@pytest.mark.parametrize("sentence", SENTENCES)
def test_forward_pass_in_the_browser_is_that_of_torch(visit, models, sentence: str, positions: bool) -> None:
    tokens = [NUMBER.get(word, NUMBER["?"]) for word in sentence.split()]
    found = visit.page.evaluate(FORWARD, ["placed" if positions else "bare", tokens, positions])
    with torch.no_grad():
        scores, shares = models[positions](torch.tensor([tokens]))
    assert np.allclose(found["scores"], scores[0], rtol=1e-5, atol=1e-5)
    assert np.allclose(found["shares"], [layer[0].numpy() for layer in shares], rtol=1e-5, atol=1e-6)


def answers(visit) -> dict[str, str]:
    """By word, the word that the widget says it belongs to."""
    words = visit.page.locator(".attends-text").all_inner_texts()
    return dict(
        zip(
            words,
            (text.removeprefix("→ ") for text in visit.page.locator(".attends-to").all_inner_texts()),
            strict=True,
        )
    )


def test_answers_shown_are_those_of_the_sentence(visit) -> None:
    assert answers(visit) | {"the": "dog"} == {
        "today": "followed",
        "the": "dog",
        "old": "dog",
        "dog": "followed",
        "followed": "dog",
        "a": "cat",
        "cat": "followed",
        "to": "followed",
        "park": "followed",
    }
    assert visit.errors == []


def test_phrase_that_moves_with_the_keyboard_changes_no_answer(visit) -> None:
    before = answers(visit)
    visit.page.focus(".attends-word[data-place='0']")
    for _ in range(9):
        visit.page.keyboard.press("Shift+ArrowRight")
    assert visit.page.input_value(".attends-top input") == "the old dog followed a cat to the park today"
    assert answers(visit) == before


def test_exchanged_animals_change_who_followed_only_with_positions(visit) -> None:
    def who(text: str) -> str:
        visit.page.fill(".attends-top input", text)
        return answers(visit)["followed"]

    one, other = "the dog followed a cat", "the cat followed a dog"
    assert (who(one), who(other)) == ("dog", "cat")
    visit.page.get_by_role("button", name="off", exact=True).click()
    assert who(one) == who(other)


def test_word_is_dragged_along_the_row(visit) -> None:
    boxes = [visit.page.locator(".attends-word").nth(place).bounding_box() for place in (0, 2)]
    (x, y), (to_x, to_y) = ((box["x"] + box["width"] / 2, box["y"] + box["height"] / 2) for box in boxes)
    visit.page.mouse.move(x, y)
    visit.page.mouse.down()
    visit.page.mouse.move(to_x + 8, to_y, steps=12)
    visit.page.mouse.up()
    assert visit.page.get_attribute(".attends-demo", "data-sentence").startswith("the old today dog")


def test_shares_of_the_chosen_word_add_up_for_every_head(visit) -> None:
    for name in ("1", "4", "mean"):
        visit.page.get_by_role("group", name="Head", exact=True).get_by_role("button", name=name, exact=True).click()
        shown = [int(text.rstrip("\u00a0%")) for text in visit.page.locator(".attends-share").all_inner_texts()]
        assert abs(sum(shown) - 100) <= len(shown) / 2


def test_empty_line_and_unknown_words_are_told(visit) -> None:
    visit.page.fill(".attends-top input", "")
    assert "Type a sentence" in visit.page.inner_text(".attends-answer")
    visit.page.fill(".attends-top input", "The Zebra chased a dog!")
    told = visit.page.inner_text(".attends-small")
    assert "zebra" in told and "robot" in told and "first 16" not in told
    visit.page.fill(".attends-top input", "the old dog " * 6)
    assert "Only the first 16 words are read." in visit.page.inner_text(".attends-small")
    assert visit.errors == []


def test_widget_fits_a_phone(site: Path, page_factory: Callable) -> None:
    opened = page_factory(site, width=375, touch=True)
    opened.page.wait_for_selector(".attends-word")
    assert opened.page.evaluate("document.documentElement.scrollWidth") <= 375


ATTEND = """([query, scaled]) => {
  const { module, model } = document.querySelector(".query-demo").closest("figure").explorable;
  return module.attend(query, model.get("keys"), model.get("values"), scaled);
}"""


@pytest.mark.parametrize("query", [[1.6, -0.4], [0, 0], [-400.0, 900.0]])
def test_shares_of_a_dragged_query_are_those_of_torch(visit, query: list[float]) -> None:
    found = visit.page.evaluate(ATTEND, [query, True])
    given = (torch.tensor([query], dtype=torch.float64), *map(torch.from_numpy, (demos.KEYS, demos.VALUES[:, None])))
    assert np.allclose(found["answer"], float(torch.nn.functional.scaled_dot_product_attention(*given)), atol=1e-12)


def test_query_is_dragged_and_the_answer_follows(visit) -> None:
    box = visit.page.locator(".query-plane").bounding_box()
    scale, x, y = box["width"] / 8.8, box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    visit.page.mouse.move(x + demos.QUERY[0] * scale, y - demos.QUERY[1] * scale)
    visit.page.mouse.down()
    visit.page.mouse.move(x - 1.0 * scale, y - 0.5 * scale, steps=5)
    visit.page.mouse.up()
    shown = float(visit.page.get_attribute(".query-demo", "data-answer"))
    assert shown == pytest.approx(demos.asked(np.array([-1.0, 0.5]))[1], abs=0.05)


@pytest.mark.parametrize(("pointing", "low", "high"), [((4, 0.8), 7, 8), ((-3.8, -4), 1, 1.1), ((0, 0), 4.55, 4.65)])
def test_answers_that_the_caption_asks_for_can_be_reached(visit, pointing, low: float, high: float) -> None:
    box = visit.page.locator(".query-plane").bounding_box()
    scale, x, y = box["width"] / 8.8, box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    visit.page.mouse.move(x + demos.QUERY[0] * scale, y - demos.QUERY[1] * scale)
    visit.page.mouse.down()
    visit.page.mouse.move(x + pointing[0] * scale, y - pointing[1] * scale, steps=5)
    visit.page.mouse.up()
    assert low < float(visit.page.get_attribute(".query-demo", "data-answer")) < high


def test_arrow_keys_move_a_key(visit) -> None:
    visit.page.focus(".query-point[data-place='1']")
    before = visit.page.get_attribute(".query-demo", "data-answer")
    visit.page.keyboard.press("ArrowLeft")
    assert visit.page.get_attribute(".query-demo", "data-answer") != before
    assert "1.8, 0.4" in visit.page.get_attribute(".query-point[data-place='1']", "aria-label")


MASKED = """([name, early]) => {
  const { module, model } = document.querySelector(".mask-demo").closest("figure").explorable;
  return module.masked(model.get("scores"), model.get("masks")[name], early).shares;
}"""


@pytest.mark.parametrize("early", [True, False], ids=["before the softmax", "after it"])
@pytest.mark.parametrize("name", demos.MASKS)
def test_masked_shares_in_the_browser_are_those_of_python(visit, name: str, early: bool) -> None:
    assert np.allclose(visit.page.evaluate(MASKED, [name, early]), demos.masked(demos.MASKS[name], early), atol=1e-12)


def test_painted_cell_gives_its_share_to_the_others_and_an_empty_row_is_nan(visit) -> None:
    visit.page.get_by_role("button", name="Query 5, key 0: allowed").click()
    assert visit.page.locator(".mask-sum").all_inner_texts()[1:] == ["100"] * 6
    visit.page.get_by_role("button", name="Query 0, key 0: allowed").click()
    assert visit.page.locator(".mask-sum").all_inner_texts()[1] == "nan"
    assert visit.errors == []
