// Makes a page of the book ready for paper: every answer is open, every picture loaded, every demo drawn, every formula
// set, and every place that another page points at (`targets`) has a name in the PDF.
async (targets) => {
  const until = async (done) => {
    for (let turn = 0; turn < 200 && !done(); turn += 1) await new Promise((resolve) => setTimeout(resolve, 50));
  };
  document.querySelectorAll("details").forEach((one) => { one.open = true; });
  const shown = [...document.querySelectorAll("article img")].filter((one) => getComputedStyle(one).display !== "none");
  shown.forEach((one) => { one.loading = "eager"; });
  await Promise.all(shown.map((one) => one.decode().catch(() => {})));
  for (const figure of document.querySelectorAll("figure[data-explorable=widget]")) {
    figure.scrollIntoView();
    await until(() => figure.classList.contains("is-live"));
  }
  if (window.MathJax?.startup) await MathJax.startup.promise;
  for (const name of targets.filter((one) => document.getElementById(one))) {
    const link = document.createElement("a");
    link.href = `#${name}`;
    link.textContent = "\u00a0";
    link.style.cssText = "position: absolute; top: 0; font-size: 1px";
    document.querySelector("article").append(link);
  }
}
