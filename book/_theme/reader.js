/* What the theme leaves to the book: formulas that are too wide can be scrolled by keyboard, and what is printed is light
   and complete. */
(function () {
  "use strict";
  const page = document.documentElement;

  function makeWideFormulasFocusable() {
    document.querySelectorAll("mjx-container[display=true]").forEach((formula) => {
      if (formula.scrollWidth > formula.clientWidth) formula.tabIndex = 0;
      else formula.removeAttribute("tabindex");
    });
  }
  window.addEventListener("load", async () => {
    await window.MathJax?.startup?.promise;
    makeWideFormulasFocusable();
  });
  window.addEventListener("resize", makeWideFormulasFocusable);

  let theme;
  window.addEventListener("beforeprint", () => {
    theme = page.dataset.theme;
    page.dataset.theme = "light";
    document.querySelectorAll("img[loading=lazy]").forEach((picture) => { picture.loading = "eager"; });
  });
  window.addEventListener("afterprint", () => { page.dataset.theme = theme; });
})();
