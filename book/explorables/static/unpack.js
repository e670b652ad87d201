/* Arrays of a widget's data: {"__array__": {dtype, shape, bytes}} becomes {shape, data}, data being a typed array.
   `bytes` is base64 in a page and a DataView in Jupyter. Used by both, so that a widget sees the same values in both. */
const explorablesArrays = { float32: Float32Array, float64: Float64Array, int32: Int32Array, int16: Int16Array, uint8: Uint8Array, int8: Int8Array };

function explorablesUnpack(value) {
  if (Array.isArray(value)) return value.map(explorablesUnpack);
  if (value === null || typeof value !== "object") return value;
  if (value.__array__) {
    const { dtype, shape, bytes } = value.__array__;
    const raw = typeof bytes === "string"
      ? Uint8Array.from(atob(bytes), (letter) => letter.charCodeAt(0))
      : new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength).slice();
    return { shape, data: new explorablesArrays[dtype](raw.buffer) };
  }
  return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, explorablesUnpack(inner)]));
}

function explorablesUnpacked(model) {
  const kept = new Map();
  const get = (name) => {
    const value = model.get(name);
    if (value === null || typeof value !== "object") return value;
    if (!kept.has(name) || kept.get(name).from !== value) kept.set(name, { from: value, to: explorablesUnpack(value) });
    return kept.get(name).to;
  };
  return new Proxy(model, {
    get: (target, name) => {
      if (name === "get") return get;
      const member = target[name];
      return typeof member === "function" ? member.bind(target) : member;
    },
  });
}
