/* Choose an answer, read its code, and read what the checker says of it. The verdicts were given by the real checker. */

function part(tag, className, parent) {
  const element = document.createElement(tag);
  element.className = className;
  parent.append(element);
  return element;
}

let count = 0;

export default {
  render({ model, el }) {
    const answers = model.get("answers");
    const root = part("div", "verdict-demo", el);
    const choice = part("div", "verdict-choice", root);
    const label = part("label", "", choice);
    const select = part("select", "", choice);
    count += 1;
    select.id = `verdict-demo-${count}`;
    label.htmlFor = select.id;
    label.textContent = "The answer";
    answers.forEach(({ name }, at) => select.append(new Option(name, at)));

    const panels = part("div", "verdict-panels", root);
    const code = part("pre", "verdict-code", panels);
    code.tabIndex = 0;
    code.setAttribute("aria-label", "The code of the answer");
    const said = part("div", "verdict-said", panels);
    said.setAttribute("aria-live", "polite");

    const draw = () => {
      const answer = answers[model.get("chosen")];
      select.value = model.get("chosen");
      code.textContent = answer.code;
      said.innerHTML = answer.verdict;
    };
    select.addEventListener("change", () => {
      model.set("chosen", Number(select.value));
      model.save_changes();
    });
    model.on("change:chosen", draw);
    draw();
  },
};
