import { type Figure, formatNumber, timesBetter } from "./figures.ts";

const WIDTH = 960;
const ROW = 18;
const LABEL = 470;
const RIGHT = 70;
const TOP = 48;
const COLOURS = { theirs: "#2b6cb0", former: "#2f855a", limit: "#a0aec0" };

interface Bar {
  readonly label: string;
  readonly times: number;
  readonly colour: string;
}

/** Bars on a logarithmic scale: how many times better each figure of ours is than those of the others. */
export function drawChart(figures: readonly Figure[]): string {
  const bars = figures.flatMap(barsOf);
  const [low, high] = decades(bars);
  const scale = (times: number) => LABEL + ((Math.log10(times) - low) / (high - low)) * (WIDTH - LABEL - RIGHT);
  const height = TOP + bars.length * ROW + 16;
  const parts = [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${WIDTH}" height="${height}" font-family="sans-serif" font-size="11">`,
    `<rect width="${WIDTH}" height="${height}" fill="#fff"/>`,
    `<text x="8" y="20" font-size="14">How many times better than theirs (blue), the former build (green), the limit (grey); medians</text>`,
    ...grid(low, high, scale, height),
    ...bars.map((bar, i) => drawBar(bar, TOP + i * ROW, scale)),
    "</svg>",
  ];
  return `${parts.join("\n")}\n`;
}

function barsOf(figure: Figure): Bar[] {
  return (["theirs", "former", "limit"] as const).flatMap((than) => {
    const times = timesBetter(figure, than);
    if (times === null || times <= 0) return [];
    return [{ label: than === "theirs" ? figure.id : `${figure.id} (${than})`, times, colour: COLOURS[than] }];
  });
}

/** The powers of ten that hold all bars. */
function decades(bars: readonly Bar[]): [low: number, high: number] {
  const logs = bars.map(({ times }) => Math.log10(times));
  return [Math.floor(Math.min(-1, ...logs)), Math.ceil(Math.max(1, ...logs))];
}

function grid(low: number, high: number, scale: (times: number) => number, height: number): string[] {
  const lines: string[] = [];
  for (let power = low; power <= high; power++) {
    const x = scale(10 ** power).toFixed(1);
    lines.push(
      `<line x1="${x}" y1="${TOP - 8}" x2="${x}" y2="${height - 8}" stroke="${power === 0 ? "#000" : "#e2e8f0"}"/>`,
    );
    lines.push(`<text x="${x}" y="${TOP - 12}" text-anchor="middle">${formatNumber(10 ** power)}</text>`);
  }
  return lines;
}

function drawBar({ label, times, colour }: Bar, y: number, scale: (times: number) => number): string {
  const [one, end] = [scale(1), scale(times)];
  const [x, width] = [Math.min(one, end).toFixed(1), Math.abs(end - one).toFixed(1)];
  const at = (Math.max(one, end) + 4).toFixed(1);
  return [
    `<text x="8" y="${y + 12}">${label}</text>`,
    `<rect x="${x}" y="${y + 2}" width="${width}" height="${ROW - 6}" fill="${colour}"/>`,
    `<text x="${at}" y="${y + 12}">${formatNumber(times)}</text>`,
  ].join("");
}
