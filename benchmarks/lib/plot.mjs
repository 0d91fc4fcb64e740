// Horizontal bars as SVG, on a linear scale: a bar that cannot be seen is the point.
const WIDTH = 720;
const LEFT = 250;
const RIGHT = 80;
const BAR = 18;
const GAP = 8;
const TOP = 44;

const quoted = (text) => text.replace(/&/g, '&amp;').replace(/</g, '&lt;').replace(/>/g, '&gt;');

/** `bars` are `{ label, value, own }`; less is better. `title` is shown above, with the unit. */
export function barChart({ title, bars, show }) {
  const longest = Math.max(...bars.map(({ value }) => value));
  const height = TOP + bars.length * (BAR + GAP) + 8;
  const scale = (WIDTH - LEFT - RIGHT) / longest;
  const lines = [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${WIDTH}" height="${height}" viewBox="0 0 ${WIDTH} ${height}" font-family="system-ui, sans-serif" font-size="13">`,
    `<title>${quoted(title)}</title>`,
    `<rect width="${WIDTH}" height="${height}" fill="#ffffff"/>`,
    `<text x="12" y="26" font-size="15" font-weight="600" fill="#1f2328">${quoted(title)}</text>`,
  ];
  for (const [i, { label, value, own }] of bars.entries()) {
    const y = TOP + i * (BAR + GAP);
    const width = Math.max(1, value * scale);
    const text = `y="${y + 13.5}" fill="#1f2328"${own ? ' font-weight="600"' : ''}`;
    lines.push(
      `<text x="${LEFT - 10}" ${text} text-anchor="end">${quoted(label)}</text>`,
      `<rect x="${LEFT}" y="${y}" width="${width.toFixed(1)}" height="${BAR}" fill="${own ? '#0969da' : '#afb8c1'}"/>`,
      `<text x="${(LEFT + width + 6).toFixed(1)}" ${text}>${quoted(show(value))}</text>`,
    );
  }
  lines.push('</svg>');
  return `${lines.join('\n')}\n`;
}
