/* Layers of trained nets. A tensor is {shape, data}, a sequence is a list of rows, (position, feature). */

/* Tensors as numbers: where one comes as whole numbers with a scale for each row, their products. */
export function unpacked(tensors) {
  const whole = Object.entries(tensors).filter(([name]) => !name.endsWith(".scale"));
  return Object.fromEntries(whole.map(([name, { shape, data }]) => {
    const scale = tensors[`${name}.scale`];
    const row = data.length / shape[0];
    return [name, { shape, data: scale ? Float32Array.from(data, (value, at) => value * scale.data[Math.floor(at / row)]) : data }];
  }));
}

export function softmax(values) {
  const most = Math.max(...values);
  const powers = Array.from(values, (value) => Math.exp(value - most));
  const sum = powers.reduce((total, power) => total + power, 0);
  return powers.map((power) => power / sum);
}

/* Of each row: the outputs `from` up to `to` of weight (output, input) and bias (output), or no bias. */
export function linear(rows, weight, bias, from = 0, to = weight.shape[0]) {
  const inputs = weight.shape[1];
  return rows.map((row) => {
    const out = new Float64Array(to - from);
    for (let output = from; output < to; output += 1) {
      let sum = bias ? bias.data[output] : 0;
      for (let input = 0; input < inputs; input += 1) sum += weight.data[output * inputs + input] * row[input];
      out[output - from] = sum;
    }
    return out;
  });
}

/* Layer normalization of each row. */
export function normalized(rows, gain, bias) {
  return rows.map((row) => {
    const mean = row.reduce((sum, value) => sum + value, 0) / row.length;
    const variance = row.reduce((sum, value) => sum + (value - mean) ** 2, 0) / row.length;
    return row.map((value, at) => ((value - mean) / Math.sqrt(variance + 1e-5)) * gain.data[at] + bias.data[at]);
  });
}

export const added = (rows, others) => rows.map((row, at) => row.map((value, place) => value + others[at][place]));

/* Attention of every head, for queries, keys and values (position, feature): the heads' answers side by side, and the
   shares [head][query][key]. With `causal`, no query sees a later key. */
export function attended(queries, keys, values, heads, causal = false) {
  const wide = queries[0].length / heads;
  const merged = queries.map((query) => new Float64Array(query.length));
  const shares = Array.from({ length: heads }, (_, head) => queries.map((query, at) => {
    const [first, end] = [head * wide, (head + 1) * wide];
    const scores = keys.map((key, place) => {
      if (causal && place > at) return -Infinity;
      let sum = 0;
      for (let feature = first; feature < end; feature += 1) sum += query[feature] * key[feature];
      return sum / Math.sqrt(wide);
    });
    const share = softmax(scores);
    values.forEach((value, key) => {
      for (let feature = first; feature < end; feature += 1) merged[at][feature] += share[key] * value[feature];
    });
    return share;
  }));
  return { rows: merged, shares };
}

/* Sinusoidal positions, (position, d). */
export function positions(n, d) {
  return Array.from({ length: n }, (_, position) => Float64Array.from({ length: d }, (_, column) => {
    const angle = position / 10000 ** ((column - (column % 2)) / d);
    return column % 2 ? Math.cos(angle) : Math.sin(angle);
  }));
}
