// A card as a picture of its own: title, subtitle and chart in one SVG, or the same as PNG.

const SPACE = "http://www.w3.org/2000/svg";
const FONT = "system-ui, 'Segoe UI', Roboto, 'DejaVu Sans', sans-serif";
const PNG_SCALE = 2;

function s(tag, attributes = {}, text = null) {
  const element = document.createElementNS(SPACE, tag);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  if (text !== null) element.textContent = text;
  return element;
}

/** Title and subtitle over a drawing of width x height, on the page's paper. */
export function framed({ title, sub, drawing, width, height, colours, legend = [] }) {
  const lines = wrapped(sub, Math.floor(width / 6.2));
  const top = 34 + (lines.length + legend.length) * 16 + 8;
  const svg = s("svg", { xmlns: SPACE, width: width + 32, height: height + top + 16, viewBox: `0 0 ${width + 32} ${height + top + 16}`, "font-family": FONT });
  svg.append(s("title", {}, title), s("rect", { width: "100%", height: "100%", fill: colours.paper }));
  svg.append(s("text", { x: 16, y: 28, "font-size": 16, "font-weight": 600, fill: colours.ink }, title));
  lines.forEach((line, place) => svg.append(s("text", { x: 16, y: 46 + place * 16, "font-size": 12, fill: colours.muted }, line)));
  legend.forEach(({ text, colour }, place) => {
    const y = 46 + (lines.length + place) * 16;
    svg.append(s("rect", { x: 16, y: y - 9, width: 12, height: 9, rx: 2, fill: colour }), s("text", { x: 34, y, "font-size": 12, fill: colours.muted }, text));
  });
  drawing.setAttribute("x", 16);
  drawing.setAttribute("y", top);
  drawing.setAttribute("width", width);
  drawing.setAttribute("height", height);
  svg.append(drawing);
  return svg;
}

/** The bars of a ranking as a drawing. */
export function barsPicture(items, colours, width = 640) {
  const most = Math.max(...items.map(({ size }) => Math.abs(size)), 0) || 1;
  const svg = s("svg", { viewBox: `0 0 ${width} ${items.length * 28}` });
  items.forEach((item, place) => {
    const y = place * 28;
    svg.append(s("rect", { x: 0, y: y + 2, width: Math.max(2, (Math.abs(item.size) / most) * width), height: 24, rx: 3, fill: colours.bar }));
    svg.append(s("text", { x: 8, y: y + 18, "font-size": 13, fill: colours.ink }, cut(item.label, 52)));
    svg.append(s("text", { x: width - 78, y: y + 18, "font-size": 13, "text-anchor": "end", fill: colours.ink }, item.amount));
    if (item.side) svg.append(s("text", { x: width - 8, y: y + 18, "font-size": 12, "text-anchor": "end", fill: colours.muted }, item.side));
  });
  return { drawing: svg, width, height: items.length * 28 };
}

/** A heat map as a drawing; rows and columns as for `heat`. */
export function heatPicture({ columns, rows, colours, colourOf }) {
  const [side, cell] = [96, Math.max(30, Math.min(48, 900 / columns.length))];
  const width = side + columns.length * cell;
  const height = 24 + rows.length * 26;
  const svg = s("svg", { viewBox: `0 0 ${width} ${height}` });
  columns.forEach((text, place) => svg.append(s("text", { x: side + (place + 0.5) * cell, y: 16, "font-size": 11, "text-anchor": "middle", fill: colours.muted }, text)));
  rows.forEach((row, line) => {
    const y = 24 + line * 26;
    svg.append(s("text", { x: 0, y: y + 17, "font-size": 12, fill: colours.muted }, row.label));
    row.cells.forEach((one, place) => {
      if (!one) return;
      const { ground, ink } = colourOf(one.share, colours);
      svg.append(s("rect", { x: side + place * cell + 1, y: y + 1, width: cell - 2, height: 24, rx: 3, fill: ground }));
      svg.append(s("text", { x: side + (place + 0.5) * cell, y: y + 17, "font-size": 11, "text-anchor": "middle", fill: ink }, one.text));
    });
  });
  return { drawing: svg, width, height };
}

export const svgText = (svg) => `<?xml version="1.0" encoding="UTF-8"?>\n${new XMLSerializer().serializeToString(svg)}`;

/** The SVG as PNG at twice its size. */
export async function png(svg) {
  const image = new Image();
  const url = URL.createObjectURL(new Blob([svgText(svg)], { type: "image/svg+xml" }));
  try {
    image.src = url;
    await image.decode();
    const canvas = document.createElement("canvas");
    canvas.width = image.width * PNG_SCALE;
    canvas.height = image.height * PNG_SCALE;
    canvas.getContext("2d").drawImage(image, 0, 0, canvas.width, canvas.height);
    return await new Promise((done, failed) => canvas.toBlob((blob) => (blob ? done(blob) : failed(new Error("no picture"))), "image/png"));
  } finally {
    URL.revokeObjectURL(url);
  }
}

const cut = (text, most) => (text.length > most ? `${text.slice(0, most - 1)}…` : text);

function wrapped(text, most) {
  const lines = [];
  for (const word of (text ?? "").split(" ")) {
    if (lines.length && lines.at(-1).length + word.length < most) lines[lines.length - 1] += ` ${word}`;
    else lines.push(word);
  }
  return lines.filter(Boolean);
}
