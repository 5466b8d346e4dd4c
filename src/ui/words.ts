/** Numbers and times in words, the same on the server and in every browser. */

const SIZES = ["B", "kB", "MB", "GB", "TB"];
const BINARY_SIZES = ["B", "KiB", "MiB", "GiB", "TiB"];
const MINUTE = 60;
const HOUR = 3600;
const DAY = 86_400;

/** 1204390 is 1,204,390. */
export function countText(count: number): string {
  return Math.trunc(count)
    .toString()
    .replace(/\B(?=(\d{3})+$)/g, ",");
}

/** 3900 is 3.9 kB. */
export function sizeText(bytes: number): string {
  return scaled(bytes, 1000, SIZES);
}

/** 16777216 is 16 MiB. */
export function binarySizeText(bytes: number): string {
  return scaled(bytes, 1024, BINARY_SIZES);
}

function scaled(amount: number, step: number, units: readonly string[]): string {
  let size = Math.abs(amount);
  let unit = 0;
  while (size >= step - 0.5 && unit < units.length - 1) {
    size /= step;
    unit++;
  }
  const sign = amount < 0 ? "−" : "";
  return `${sign}${unit === 0 || size >= 99.95 ? size.toFixed(0) : shortText(size, step)} ${units[unit]}`;
}

function shortText(size: number, step: number): string {
  if (step === 1024) return trimmed(size.toFixed(1));
  return size.toFixed(size < 9.95 ? 1 : 0);
}

/** Without a fraction that is none: 2.0 is 2. */
function trimmed(text: string): string {
  return text.includes(".") ? text.replace(/\.?0+$/, "") : text;
}

/** How long ago, in one or two units: `just now`, `4 s ago`, `1 d 2 h ago`. */
export function agoText(seconds: number): string {
  return seconds < 2 ? "just now" : `${spanText(seconds)} ago`;
}

/** A span of time, not finer than seconds. */
export function spanText(seconds: number): string {
  if (seconds < MINUTE) return `${Math.max(0, Math.floor(seconds))} s`;
  if (seconds < HOUR) return `${Math.floor(seconds / MINUTE)} min`;
  if (seconds < DAY) return `${Math.floor(seconds / HOUR)} h`;
  const days = Math.floor(seconds / DAY);
  const hours = Math.floor((seconds % DAY) / HOUR);
  return days >= 7 || hours === 0 ? `${countText(days)} d` : `${days} d ${hours} h`;
}

/** A duration as a measured value is read: `816 ms`, `1.9 s`, `1 min 33.5 s`. */
export function durationText(seconds: number): string {
  const size = Math.abs(seconds);
  const sign = seconds < 0 ? "−" : "";
  if (size === 0) return "0 s";
  if (size < 1e-6) return `${sign}${threeDigits(size * 1e9)} ns`;
  if (size < 1e-3) return `${sign}${threeDigits(size * 1e6)} µs`;
  if (size < 0.9995) return `${sign}${threeDigits(size * 1e3)} ms`;
  const tenths = Math.round(size * 10) / 10;
  if (tenths < MINUTE) return `${sign}${trimmed(size.toFixed(1))} s`;
  if (tenths < HOUR) return `${sign}${Math.floor(tenths / MINUTE)} min ${trimmed((tenths % MINUTE).toFixed(1))} s`;
  if (size < DAY) return `${sign}${Math.floor(size / HOUR)} h ${Math.floor((size % HOUR) / MINUTE)} min`;
  return `${sign}${spanText(size)}`;
}

function threeDigits(number: number): string {
  return trimmed(number < 99.95 ? number.toFixed(1) : number.toFixed(0));
}

/** `2026-11-26 03:33:11.404 UTC`; whole seconds without a fraction. */
export function timeText(seconds: number): string {
  const time = new Date(seconds * 1000);
  if (Number.isNaN(time.getTime())) return "";
  return `${time.toISOString().replace("T", " ").replace(".000", "").replace("Z", "")} UTC`;
}

/** Of such a time only what is within the day: `03:33:11.404`. */
export function clockText(seconds: number): string {
  return timeText(seconds).slice(11).replace(" UTC", "");
}

/** A rate: small ones with a fraction. */
export function rateText(perSecond: number): string {
  if (perSecond === 0 || perSecond >= 9.95) return countText(Math.round(perSecond));
  return perSecond < 0.1 ? perSecond.toFixed(2) : perSecond.toFixed(1);
}

/** `3 groups`, `1 group`. */
export function counted(count: number, one: string, many = `${one}s`): string {
  return `${countText(count)} ${count === 1 ? one : many}`;
}

/** What a value means by the unit in its metric's name; null where that says no more than the value. */
export function meaningOf(name: string, value: string, nowSeconds: number): string | null {
  const number = Number(value);
  if (!Number.isFinite(number)) return null;
  if (/_(?:timestamp|time|unixtime)(?:_seconds)?$/.test(name))
    return number > 1e8 ? whenText(number, nowSeconds) : null;
  if (/_seconds(?:_total|_sum)?$/.test(name))
    return Math.abs(number) < 1 || Math.abs(number) >= MINUTE ? durationText(number) : null;
  if (/_bytes(?:_total|_sum)?$/.test(name)) return Math.abs(number) >= 1024 ? binarySizeText(number) : null;
  return Math.abs(number) >= 1e5 && Number.isInteger(number) && /e/.test(value) ? countText(number) : null;
}

function whenText(seconds: number, nowSeconds: number): string | null {
  const time = timeText(seconds);
  if (time === "") return null;
  return seconds <= nowSeconds
    ? `${agoText(nowSeconds - seconds)}, ${time}`
    : `in ${spanText(seconds - nowSeconds)}, ${time}`;
}

/** A value of a histogram or a summary, read by the unit in its metric's name. */
export function measureText(name: string, value: number): string {
  if (Number.isNaN(value)) return "NaN";
  if (!Number.isFinite(value)) return value > 0 ? "∞" : "−∞";
  if (/_seconds$/.test(name)) return durationText(value);
  if (/_bytes$/.test(name)) return binarySizeText(value);
  const size = Math.abs(value);
  if (size >= 1e15 || (size > 0 && size < 1e-4)) return value.toPrecision(3);
  if (Number.isInteger(value)) return value < 0 ? `−${countText(size)}` : countText(value);
  return trimmed(size >= 100 ? value.toFixed(1) : value.toPrecision(3));
}
