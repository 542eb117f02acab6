// A post as a PNG that says, in large letters and for good, that a bot wrote it.

const WIDTH = 1200, PAD = 88, FACE = 104, SIZE = 52, LEAD = 74;
const FONT = '"Segoe UI", system-ui, "Noto Sans", "DejaVu Sans", sans-serif';
const COLORS = {
  light: { paper: "#ffffff", ink: "#1c1d21", soft: "#5b5d66", line: "#dfddd6", accent: "#155fb8", tint: "#e7f0fb", bot: "#fbe3c8", botInk: "#7a3d05" },
  dark: { paper: "#1d1f25", ink: "#ecebe8", soft: "#a8aab3", line: "#33353d", accent: "#7ab8ff", tint: "#1c2a3b", bot: "#4a3217", botInk: "#ffcf9c" },
};

export async function savePicture({ text, begun, persona, model }) {
  const colors = matchMedia("(prefers-color-scheme: dark)").matches ? COLORS.dark : COLORS.light;
  const canvas = document.createElement("canvas");
  const draw = canvas.getContext("2d");
  draw.font = `${SIZE}px ${FONT}`;
  const lines = wrap(draw, text, WIDTH - 2 * PAD);
  const top = PAD + FACE + 56;
  canvas.width = WIDTH;
  canvas.height = top + lines.length * LEAD + 50 + 120;
  draw.fillStyle = colors.paper;
  draw.fillRect(0, 0, canvas.width, canvas.height);
  drawHead(draw, colors, persona, model, await loaded(persona.picture));
  drawText(draw, colors, lines, begun, top + SIZE);
  drawLabel(draw, colors, canvas.height - 120);
  const blob = await new Promise((done) => canvas.toBlob(done, "image/png"));
  download(await marked(blob), `${persona.name}-bot.png`);
}

// The PNG with XMP that names IPTC's digital source type, in an iTXt chunk behind the first one
// (PNG, third edition, 5.3 and 11.3.3.4): what the label says, for programs.
const XMP = '<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"><rdf:Description rdf:about="" xmlns:Iptc4xmpExt="http://iptc.org/std/Iptc4xmpExt/2008-02-29/" Iptc4xmpExt:DigitalSourceType="http://cv.iptc.org/newscodes/digitalsourcetype/trainedAlgorithmicMedia"/></rdf:RDF></x:xmpmeta>';
const FIRST_CHUNK_ENDS = 33;

async function marked(blob) {
  const data = new TextEncoder().encode(`iTXtXML:com.adobe.xmp\0\0\0\0\0${XMP}`);
  const chunk = new DataView(new ArrayBuffer(data.length + 8));
  chunk.setUint32(0, data.length - 4);
  new Uint8Array(chunk.buffer).set(data, 4);
  chunk.setUint32(data.length + 4, crc32(data));
  return new Blob([blob.slice(0, FIRST_CHUNK_ENDS), chunk.buffer, blob.slice(FIRST_CHUNK_ENDS)], { type: "image/png" });
}

function crc32(bytes) {
  let crc = -1;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit += 1) crc = crc & 1 ? crc >>> 1 ^ 0xedb88320 : crc >>> 1;
  }
  return ~crc;
}

function wrap(draw, text, width) {
  const lines = [];
  for (const paragraph of text.split("\n")) {
    let line = "";
    for (const part of paragraph.split(/(?<=\s)/)) {
      if (line && draw.measureText((line + part).trimEnd()).width > width) {
        lines.push(line);
        line = "";
      }
      line += part;
      while (draw.measureText(line.trimEnd()).width > width) { // one word as wide as the picture
        let end = line.length - 1;
        while (end > 1 && draw.measureText(line.slice(0, end)).width > width) end -= 1;
        lines.push(line.slice(0, end));
        line = line.slice(end);
      }
    }
    lines.push(`${line}\n`);
  }
  return lines;
}

function drawHead(draw, colors, persona, model, face) {
  const middle = PAD + FACE / 2;
  draw.save();
  draw.beginPath();
  draw.arc(middle, middle, FACE / 2, 0, 2 * Math.PI);
  draw.fillStyle = colors.tint;
  draw.fill();
  draw.clip();
  if (face) draw.drawImage(face, PAD, PAD, FACE, FACE);
  draw.restore();
  if (!face) {
    draw.fillStyle = colors.accent;
    draw.font = `700 46px ${FONT}`;
    draw.textAlign = "center";
    draw.fillText([...persona.title][0]?.toUpperCase() ?? "?", middle, middle + 17);
    draw.textAlign = "left";
  }
  draw.fillStyle = colors.ink;
  draw.font = `650 42px ${FONT}`;
  const left = PAD + FACE + 28;
  draw.fillText(persona.title, left, PAD + 46, WIDTH - left - PAD - 190);
  const end = left + Math.min(draw.measureText(persona.title).width, WIDTH - left - PAD - 190);
  pill(draw, colors, "AI bot", end + 20, PAD + 12);
  draw.fillStyle = colors.soft;
  draw.font = `32px ${FONT}`;
  draw.fillText(model, left, PAD + 92, WIDTH - left - PAD);
}

function pill(draw, colors, text, x, y) {
  draw.font = `600 28px ${FONT}`;
  const width = draw.measureText(text).width + 36;
  draw.fillStyle = colors.bot;
  draw.beginPath();
  draw.roundRect(x, y, width, 44, 22);
  draw.fill();
  draw.fillStyle = colors.botInk;
  draw.fillText(text, x + 18, y + 32);
}

function drawText(draw, colors, lines, begun, top) {
  draw.font = `${SIZE}px ${FONT}`;
  let left = begun;
  lines.forEach((line, number) => {
    const soft = line.slice(0, Math.max(left, 0)).replace(/\n$/, "");
    const rest = line.slice(soft.length).replace(/\n$/, "");
    draw.fillStyle = colors.soft;
    draw.fillText(soft, PAD, top + number * LEAD);
    draw.fillStyle = colors.ink;
    draw.fillText(rest, PAD + draw.measureText(soft).width, top + number * LEAD);
    left -= line.length;
  });
}

function drawLabel(draw, colors, top) {
  draw.fillStyle = colors.bot;
  draw.fillRect(0, top, WIDTH, 120);
  draw.fillStyle = colors.botInk;
  draw.font = `600 34px ${FONT}`;
  draw.fillText("Written by AI. Nobody said this.", PAD, top + 72);
  draw.font = `28px ${FONT}`;
  draw.textAlign = "right";
  draw.fillText("huggingtweets", WIDTH - PAD, top + 72);
  draw.textAlign = "left";
}

async function loaded(source) {
  if (!source) return null;
  const image = new Image();
  image.src = source;
  try {
    await image.decode();
    return image;
  } catch {
    return null;
  }
}

function download(blob, name) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(blob);
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}
