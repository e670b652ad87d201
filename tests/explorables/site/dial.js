/* A dial: its value is drawn as a bar; keys and presses move it. import is a word in this comment only. */
function scaled(weights, value) {
  return weights.scale.data[0] * value + weights.scale.data[1];
}

export default {
  scaled,
  render({ model, el }) {
    const dial = document.createElement("div");
    dial.className = "test-dial";
    dial.tabIndex = 0;
    dial.setAttribute("role", "slider");
    dial.setAttribute("aria-label", "Dial");
    dial.setAttribute("aria-valuemin", "0");
    dial.setAttribute("aria-valuemax", "2");
    el.append(dial);
    const draw = () => {
      const value = model.get("value");
      dial.setAttribute("aria-valuenow", value);
      dial.style.setProperty("--value", `${50 * value}%`);
      dial.textContent = scaled(model.get("weights"), value).toFixed(2);
    };
    const turn = (value) => {
      model.set("value", Math.min(2, Math.max(0, value)));
      model.save_changes();
    };
    dial.addEventListener("keydown", (event) => {
      const step = { ArrowRight: 0.25, ArrowLeft: -0.25 }[event.key];
      if (!step) return;
      event.preventDefault();
      turn(model.get("value") + step);
    });
    dial.addEventListener("pointerdown", (event) => {
      const box = dial.getBoundingClientRect();
      turn((2 * (event.clientX - box.left)) / box.width);
    });
    model.on("change:value", draw);
    draw();
  },
};
