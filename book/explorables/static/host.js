/* The browser side of the demos: moves frames, and runs widgets. A classic script that loads classic scripts,
   because a page opened from a disk may load neither modules nor data. */
(function () {
  "use strict";
  const root = document.currentScript.src.replace(/[^/]*$/, "");
  const calm = window.matchMedia("(prefers-reduced-motion: reduce)");
  const arrived = { frame: new Map(), module: new Map(), data: new Map() };
  const asked = new Map();

  window.explorables = {
    frame: (key, svg) => arrived.frame.set(key, svg),
    module: (key, make) => arrived.module.set(key, make),
    data: (key, value) => arrived.data.set(key, value),
  };

  /* What a file of the store hands over, loaded once; a failed load may be asked for again. */
  function load(kind, folder, key) {
    const url = `${root}${folder}/${key}.js`;
    if (!asked.has(url)) {
      asked.set(url, new Promise((resolve, reject) => {
        const script = document.createElement("script");
        script.src = url;
        script.onload = () => { script.remove(); resolve(arrived[kind].get(key)); };
        script.onerror = () => { script.remove(); asked.delete(url); reject(new Error(`${folder}/${key}.js did not load`)); };
        document.head.append(script);
      }));
    }
    return asked.get(url);
  }

  function indexOf(figure) {
    return JSON.parse(figure.querySelector(".explorable-index").textContent);
  }

  function complain(figure, error) {
    let note = figure.querySelector(".explorable-error");
    if (!note) {
      note = document.createElement("p");
      note.className = "explorable-error";
      note.setAttribute("role", "alert");
      figure.querySelector(".explorable-stage").after(note);
    }
    note.textContent = `This picture cannot be shown: ${error.message}.`;
  }

  /* ---- frames ---- */

  function element(svg) {
    const holder = document.createElement("template");
    holder.innerHTML = svg;
    return holder.content.firstElementChild;
  }

  /* Pictures inside a frame are decoded before it is shown, or it would blink. */
  function decoded(svg) {
    const inner = [...svg.querySelectorAll("image")].map((image) => {
      const copy = new Image();
      copy.src = image.getAttribute("href") || image.getAttribute("xlink:href");
      return copy.decode().catch(() => {});
    });
    return inner.length ? Promise.all(inner) : null;
  }

  function frames(figure) {
    const { controls, start, frames: keys, alts } = indexOf(figure);
    const stage = figure.querySelector(".explorable-stage");
    const spoken = figure.querySelector(".explorable-spoken");
    const fields = controls.map(({ name }) => figure.querySelector(`[data-name="${name}"]`));
    const positionOf = (field) => (field.type === "checkbox" ? Number(field.checked) : Number(field.value));
    const at = () => fields.reduce((sum, field, axis) => sum * controls[axis].texts.length + positionOf(field), 0);
    let shown = start;
    let warm = false;
    let speaking;

    function write() {
      fields.forEach((field, axis) => {
        const text = controls[axis].texts[positionOf(field)];
        const output = figure.querySelector(`output[for="${field.id}"]`);
        if (output) output.textContent = text;
        if (field.type === "range") {
          field.setAttribute("aria-valuetext", text);
          field.style.setProperty("--filled", `${(100 * positionOf(field)) / (controls[axis].texts.length - 1)}%`);
        }
      });
    }

    function speak(text) {
      clearTimeout(speaking);
      speaking = setTimeout(() => { spoken.textContent = text; }, 700);
    }

    async function move() {
      write();
      const wanted = at();
      shown = wanted;
      figure.dataset.wanted = keys[wanted];
      try {
        const svg = element(await load("frame", "frames", keys[wanted]));
        const waiting = decoded(svg);
        if (waiting) await waiting;
        if (shown !== wanted) return;
        svg.setAttribute("role", "img");
        svg.setAttribute("aria-label", alts[wanted]);
        stage.replaceChildren(svg);
        figure.dataset.shown = keys[wanted];
        figure.querySelector(".explorable-error")?.remove();
        speak(alts[wanted]);
      } catch (error) {
        if (shown === wanted) complain(figure, error);
      }
    }

    /* At the first sign of interest the other frames are fetched, nearest first, four at a time. */
    async function preload() {
      if (warm) return;
      warm = true;
      const here = at();
      const order = keys.map((key, position) => ({ key, far: Math.abs(position - here) })).sort((a, b) => a.far - b.far);
      const queue = [...new Set(order.map(({ key }) => key))];
      const worker = async () => {
        for (let key = queue.shift(); key; key = queue.shift()) await load("frame", "frames", key).catch(() => {});
      };
      await Promise.all([worker(), worker(), worker(), worker()]);
    }

    fields.forEach((field) => field.addEventListener("input", () => { stop(); move(); }));
    ["pointerenter", "pointerdown", "focusin"].forEach((event) => figure.querySelector(".explorable-controls").addEventListener(event, preload));

    /* ---- play: runs through a control's values; where motion is unwelcome each press is one step ---- */
    const button = figure.querySelector(".explorable-play");
    let timer;
    function stop() {
      clearTimeout(timer);
      timer = undefined;
      if (button) dress(false);
    }
    function dress(running) {
      const label = figure.querySelector(`label[for="${played().id}"]`).textContent;
      button.dataset.running = running;
      button.setAttribute("aria-label", `${running ? "Pause" : calm.matches ? "Next" : "Play"} ${label}`);
    }
    const played = () => figure.querySelector(`[data-name="${button.dataset.plays}"]`);
    function step() {
      const field = played();
      if (field.type === "checkbox") field.checked = !field.checked;
      else {
        const many = field.type === "range" ? Number(field.max) + 1 : field.options.length;
        field.value = String((Number(field.value) + 1) % many);
      }
      return move();
    }
    function run() {
      step().then(() => {
        if (timer === undefined) return;
        const last = played().type === "range" && played().value === played().max;
        timer = setTimeout(run, last ? 1400 : 600);
      });
    }
    if (button) {
      dress(false);
      button.addEventListener("click", () => {
        preload();
        if (calm.matches) step();
        else if (timer !== undefined) stop();
        else { dress(true); timer = 0; run(); }
      });
    }

    write();
    figure.dataset.wanted = figure.dataset.shown = keys[start];
    if (at() !== start) move(); // a browser may restore what was chosen before a reload
    figure.classList.add("is-live");
  }

  /* ---- widgets: the part of anywidget's model that a page without a kernel can keep ---- */

  function modelOf(data) {
    const state = Object.assign(Object.create(null), data);
    const listeners = new Map();
    const changed = new Set();
    const tell = (event, ...rest) => [...(listeners.get(event) || [])].forEach((listener) => listener(...rest));
    const model = {
      get: (name) => state[name],
      set: (name, value) => {
        if (state[name] === value) return;
        state[name] = value;
        changed.add(name);
        tell(`change:${name}`, { name, new: value }, value);
      },
      save_changes: () => { if (changed.size) { changed.clear(); tell("change", {}); } },
      on: (event, listener) => event.split(" ").forEach((one) => listeners.set(one, [...(listeners.get(one) || []), listener])),
      off: (event, listener) => {
        if (!event) listeners.clear();
        else event.split(" ").forEach((one) => listeners.set(one, listener ? (listeners.get(one) || []).filter((other) => other !== listener) : []));
      },
      send: () => {},
    };
    return model;
  }

  async function start(figure) {
    const { module, data, css, alt } = indexOf(figure);
    const stage = figure.querySelector(".explorable-stage");
    try {
      if (css && !document.querySelector(`link[data-explorable="${css}"]`)) {
        const link = document.createElement("link");
        link.rel = "stylesheet";
        link.dataset.explorable = css;
        link.href = `${root}widgets/${css}.css`;
        await new Promise((resolve) => { link.onload = resolve; link.onerror = resolve; document.head.append(link); });
      }
      const [make, given] = await Promise.all([load("module", "widgets", module), load("data", "data", data)]);
      const exported = make();
      const widget = typeof exported === "function" ? await exported() : exported;
      const model = modelOf(explorablesUnpack(given));
      const el = document.createElement("div");
      el.className = "explorable-widget";
      el.setAttribute("role", "group");
      el.setAttribute("aria-label", alt);
      if (widget.initialize) await widget.initialize({ model });
      stage.replaceChildren(el);
      await widget.render({ model, el });
      figure.explorable = { module: widget, model, el };
      figure.classList.add("is-live");
    } catch (error) {
      complain(figure, error);
      throw error;
    }
  }

  /* A widget starts when it comes near, so that its weights cost nothing to a reader who does not get there. */
  function widgetsOf(figures) {
    const watch = new IntersectionObserver((entries) => entries.filter((entry) => entry.isIntersecting).forEach(({ target }) => {
      watch.unobserve(target);
      start(target);
    }), { rootMargin: "400px" });
    figures.forEach((figure) => watch.observe(figure));
  }

  function begin() {
    document.querySelectorAll('figure[data-explorable="frames"]').forEach(frames);
    widgetsOf(document.querySelectorAll('figure[data-explorable="widget"]'));
  }
  if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", begin);
  else begin();
})();
