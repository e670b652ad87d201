"""The widgets of ch08 in a browser: the Transformer there is that of PyTorch, and the ledger counts as Python does."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch

from experiments import ledger, transformer, translation
from explorables import ch08_transformer as demos


@pytest.fixture(scope="module")
def site(widget_page: Callable[..., Path]) -> Path:
    """A page with its widgets, as a file."""
    return widget_page("ch08", demos.translator(), demos.ledger_sliders())


@pytest.fixture
def visit(site: Path, page_factory: Callable):
    """The page, with its widgets running."""
    opened = page_factory(site, height=2400)
    opened.page.wait_for_function("document.querySelectorAll('figure.is-live').length === 2")
    return opened


@pytest.fixture(scope="module")
def model() -> transformer.Transformer:
    """The model of the demo in torch, in float64."""
    return demos.trained_model().double()


SENTENCES = [*demos.EXAMPLES, "dog", "the zebra does not sleep", "the the the black black look look today him not"]

TRANSLATE = """(tokens) => {
  const { module, model } = document.querySelector(".translate-demo").closest("figure").explorable;
  const found = module.translate(tokens, module.unpacked(model.get("tensors")), model.get("sizes"));
  return { ...found, likely: found.likely.map((row) => [...row]) };
}"""


@pytest.mark.parametrize("sentence", SENTENCES)
def test_translation_in_the_browser_is_that_of_torch_and_so_are_the_shares_of_every_head(
    visit, model, sentence
) -> None:
    source = translation.numbered([sentence.split()], end=False)
    found = visit.page.evaluate(TRANSLATE, source[0].tolist())
    written = transformer.greedy(model, source, demos.LONGEST)
    assert found["words"] == [word for word in written[0].tolist() if word]
    read, own, looked = [], [], []
    target = torch.tensor([found["words"]])
    with torch.no_grad():
        memory = model.encode(source, read)
        scores = model.decode(transformer.shifted(target), memory, source, own, looked)
    assert np.allclose(found["likely"], scores[0].softmax(-1), rtol=1e-4, atol=1e-6)
    for kind, shares in (("encoder", read), ("decoder", own), ("between", looked)):
        assert np.allclose(found[kind], [layer[0].numpy() for layer in shares], rtol=1e-4, atol=1e-6)


def french(visit) -> str:
    return visit.page.get_attribute(".translate-demo", "data-french")


def test_typed_sentence_is_translated(visit) -> None:
    visit.page.fill(".translate-top input", "The Small Cat doesn't see the black bees!")
    assert french(visit) == "le petit chat ne voit pas les abeilles noires"
    assert visit.errors == []


def test_unknown_words_and_an_empty_line_are_told(visit) -> None:
    visit.page.fill(".translate-top input", "the zebra sleeps")
    assert "zebra" in visit.page.inner_text(".translate-unknown")
    visit.page.fill(".translate-top input", "  ")
    assert "Type an English sentence" in visit.page.inner_text(".translate-unknown")
    assert visit.errors == []


def test_english_words_that_it_knows_can_be_looked_up(visit) -> None:
    visit.page.locator(".translate-demo summary").click()
    shown = visit.page.inner_text(".translate-demo details p").split(", ")
    assert shown == demos.english_words()
    assert visit.page.inner_text(".translate-demo summary") == f"The {len(shown)} English words that it knows"


def test_english_words_are_those_of_the_grammar() -> None:
    words = demos.english_words()
    assert set(words) <= set(translation.vocabulary())
    english = " ".join([*translation.NOUNS, *translation.DETERMINERS, *translation.SEEING, *translation.SLEEPING])
    assert set(english.replace("-", " ").split()) <= set(words)
    assert not {"chat", "noir", "voit"} & set(words)


def test_words_behind_the_longest_sentence_are_told_to_be_left_out(visit) -> None:
    visit.page.fill(".translate-top input", "the cat " * 9)
    assert f"reads the first {demos.LONGEST} words only" in visit.page.inner_text(".translate-unknown")
    visit.page.fill(".translate-top input", "the cat sleeps")
    assert visit.page.inner_text(".translate-unknown") == ""


def test_every_head_of_every_attention_can_be_seen(visit) -> None:
    sizes = demos.translator_data()["sizes"]
    seen = set()
    for place in ("encoder", "decoder", "between"):
        visit.page.click(f".translate-group button[data-place={place}]")
        heads = visit.page.locator(".translate-heads button")
        assert heads.count() == sizes["layers"] * sizes["heads"]
        for head in range(heads.count()):
            heads.nth(head).click()
            seen.add(visit.page.get_attribute(".translate-matrix", "aria-label"))
    assert len(seen) == 3 * sizes["layers"] * sizes["heads"]


def test_chosen_french_word_shows_what_else_was_likely_and_hides_what_comes_later(visit) -> None:
    visit.page.fill(".translate-top input", "the black cat sleeps")
    visit.page.locator(".translate-word").nth(2).click()
    assert visit.page.inner_text(".translate-next").startswith("After le chat: noir")
    assert visit.page.locator(".translate-row").all_inner_texts() == ["le", "chat", "noir"]


def test_it_writes_word_by_word_on_demand(visit) -> None:
    visit.page.get_by_role("button", name="Word by word").click()
    assert visit.page.locator(".translate-row").count() == 1
    visit.page.wait_for_function("document.querySelectorAll('.translate-row').length === 3")


@pytest.mark.parametrize("row", ledger.TABLE, ids=lambda row: row.name)
def test_button_of_a_row_of_the_table_gives_its_count(visit, row) -> None:
    visit.page.locator(".ledger-rows").get_by_role("button", name=row.name, exact=True).click()
    assert int(visit.page.get_attribute(".ledger-demo", "data-total")) == ledger.of_row(row)
    assert f"states {row.stated} million" in visit.page.inner_text(".ledger-total")


def test_slider_of_the_ledger_moves_the_count(visit) -> None:
    visit.page.get_by_role("slider", name="vocabulary").press("ArrowRight")
    total = int(visit.page.get_attribute(".ledger-demo", "data-total"))
    assert total == ledger.of_row(ledger.BASE, 37_500)


def test_vocabulary_of_the_ledger_is_compared_with_the_row_that_is_chosen(visit) -> None:
    assert visit.page.inner_text(".ledger-total").endswith("The paper states 65 million.")
    for _ in range(8):  # from 37,000 to 41,000
        visit.page.get_by_role("slider", name="vocabulary").press("ArrowRight")
    assert visit.page.inner_text(".ledger-total").endswith("The paper states 65 million: that fits.")
    visit.page.locator(".ledger-rows").get_by_role("button", name="big", exact=True).click()
    assert visit.page.inner_text(".ledger-total").endswith("The paper states 213 million.")
    visit.page.get_by_role("slider", name="layers").press("ArrowRight")
    assert "The paper" not in visit.page.inner_text(".ledger-total")


def test_widgets_fit_a_phone(site: Path, page_factory: Callable) -> None:
    opened = page_factory(site, width=375, touch=True)
    opened.page.wait_for_selector(".translate-word")
    assert opened.page.evaluate("document.documentElement.scrollWidth") <= 375
