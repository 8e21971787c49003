/**
 * @typedef {object} Panel one column of bars
 * @property {string} title
 * @property {(value: number) => string} format
 * @property {(row: any) => number | undefined} value
 * @property {(row: any) => [number, number] | undefined} [range] from the lowest to the highest value
 */

const width = 840;
const labelWidth = 236;
const gap = 20;
const rowHeight = 24;
const barHeight = 14;
const top = 76;
const bottom = 16;
const charWidth = 7;

/** What the colours mean. */
const kinds = {
  breakwater: 'Breakwater',
  peer: 'from npm',
  server: 'other servers',
  ceiling: 'for comparison',
};

/**
 * The text is dark on white, or light on black where the reader prefers that. It has a background of its own, since a page
 * can be dark when the reader's system is not.
 */
const style = `
  svg { color-scheme: light dark; font: 12px system-ui, -apple-system, 'Segoe UI', Helvetica, Arial, sans-serif; }
  .page { fill: #ffffff; stroke: #d1d9e0; }
  text { fill: #1f2328; } .title { font-size: 15px; font-weight: 600; } .muted { fill: #59636e; }
  .track { fill: #eff2f5; } .range { stroke: #1f2328; }
  .breakwater { fill: #0969da; } .ceiling { fill: #59636e; } .peer { fill: #bf8700; }
  .constant { fill: #59636e; } .server { fill: #1a7f37; } text.breakwater { fill: #0969da; font-weight: 600; }
  @media (prefers-color-scheme: dark) {
    .page { fill: #0d1117; stroke: #3d444d; }
    text { fill: #f0f6fc; } .muted { fill: #9198a1; }
    .track { fill: #1b222b; } .range { stroke: #f0f6fc; }
    .breakwater, text.breakwater { fill: #4493f8; } .ceiling { fill: #9198a1; } .peer { fill: #d29922; }
    .constant { fill: #9198a1; } .server { fill: #3fb950; }
  }
`;

/**
 * Draws rows of horizontal bars in one or several panels as an SVG document that needs nothing else.
 * @param {object} chart
 * @param {string} chart.title
 * @param {string} chart.note what the numbers are, and which direction is good
 * @param {{ title: string, role: string }[]} chart.rows `role` decides the colour
 * @param {Panel[]} chart.panels
 * @param {boolean} [chart.sharedScale] whether the bars of all panels have the same scale
 */
export function barChart({ title, note, rows, panels, sharedScale = false }) {
  const height = top + rows.length * rowHeight + bottom;
  const panelWidth = (width - labelWidth - gap * panels.length - gap) / panels.length;
  const numberWidth =
    Math.max(...panels.flatMap((panel) => rows.map((row) => label(panel, row).length))) * charWidth;
  const barWidth = panelWidth - numberWidth - 6;
  const largest = panels.map((panel) =>
    Math.max(...rows.flatMap((row) => reach(panel, row)), Number.MIN_VALUE),
  );
  const drawn = panels.map((panel, i) => {
    const x = labelWidth + gap + i * (panelWidth + gap);
    const scale = barWidth / (sharedScale ? Math.max(...largest) : largest[i]);
    return drawPanel(panel, rows, { x, scale, barWidth });
  });
  const labels = rows.map(({ title, role }, i) => {
    const kind = role === 'breakwater' ? ' class="breakwater"' : '';
    return `<text${kind} x="${labelWidth + gap - 8}" y="${baseline(i)}" text-anchor="end">${escape(title)}</text>`;
  });
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img">`,
    `<title>${escape(title)}</title>`,
    `<style>${style}</style>`,
    `<rect class="page" x="0.5" y="0.5" width="${width - 1}" height="${height - 1}" rx="6"/>`,
    `<text class="title" x="${gap}" y="26">${escape(title)}</text>`,
    `<text class="muted" x="${gap}" y="44">${escape(note)}</text>`,
    legend(rows),
    ...labels,
    ...drawn,
    '</svg>',
    '',
  ].join('\n');
}

function legend(rows) {
  let right = width - gap;
  const present = Object.entries(kinds).filter(([kind]) => rows.some(({ role }) => role === kind));
  return present
    .toReversed()
    .map(([kind, text]) => {
      right -= text.length * 6.5 + 30;
      return `<rect class="${kind}" x="${px(right)}" y="17" width="10" height="10" rx="2"/><text class="muted" x="${px(right + 15)}" y="26">${text}</text>`;
    })
    .join('\n');
}

function drawPanel(panel, rows, { x, scale, barWidth }) {
  const heading = `<text class="muted" x="${x}" y="${top - 7}">${escape(panel.title)}</text>`;
  const bars = rows.map((row, i) => {
    const value = panel.value(row);
    const y = top + i * rowHeight + (rowHeight - barHeight) / 2;
    const box = (name, length) =>
      `<rect class="${name}" x="${px(x)}" y="${y}" width="${px(length)}" height="${barHeight}" rx="2"/>`;
    const text = `<text x="${px(x + barWidth + 6)}" y="${baseline(i)}">${escape(label(panel, row))}</text>`;
    if (!Number.isFinite(value)) return text;
    const bar = box(row.role, Math.max(1, value * scale));
    return box('track', barWidth) + bar + whisker(panel.range?.(row), { x, y, scale }) + text;
  });
  return [heading, ...bars].join('\n');
}

function whisker(range, { x, y, scale }) {
  if (!range) return '';
  const [from, to] = range.map((value) => px(x + value * scale));
  const middle = y + barHeight / 2;
  return `<path class="range" d="M${from} ${middle}H${to}M${from} ${middle - 3}v6M${to} ${middle - 3}v6"/>`;
}

const label = (panel, row) => (Number.isFinite(panel.value(row)) ? panel.format(panel.value(row)) : '-');
const reach = (panel, row) =>
  [panel.value(row), ...(panel.range?.(row) ?? [])].filter((value) => Number.isFinite(value));
const baseline = (row) => top + row * rowHeight + rowHeight / 2 + 4;
const px = (value) => Number(value.toFixed(1));
const escape = (text) => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;');
