import type { Dice } from "../fuzz/dice.ts";

const WORDS = ["a", "rows", "duration_seconds", "x:y", "state", "_z", "size_bytes", "up"];
const VALUES = ["", "v", "ä☃", 'q"\\\n', " # {", "a\\b", "}"];
const NUMBERS = ["0", "1", "17", "0.25", "1e3", "5.", ".5", "1E-7", "+Inf", "123456789.5"];
const SIGNED = [...NUMBERS, "-1", "-0.5", "NaN", "-Inf"];
const TYPES = ["stateset", "gauge", "counter", "histogram", "summary", "unknown", "info", "gaugehistogram"];
const TIMES = ["0", "1520879607.789", "1520430000.123456789", "-1.5", "1605281325"];

const escaped = (text: string): string => text.replaceAll("\\", "\\\\").replaceAll('"', '\\"').replaceAll("\n", "\\n");

function braces(labels: readonly (readonly [string, string])[]): string {
  return labels.length === 0 ? "" : `{${labels.map(([name, value]) => `${name}="${escaped(value)}"`).join(",")}}`;
}

/** Random documents that OpenMetrics allows, and others that are near to one. */
export class OpenMetricsDocuments {
  constructor(private readonly dice: Dice) {}

  /** One that is allowed. */
  valid(): string {
    const { dice } = this;
    const names = dice.shuffled(WORDS).slice(0, 1 + dice.below(4));
    return `${names.map((name) => this.family(name)).join("")}# EOF${dice.chance(0.9) ? "\n" : ""}`;
  }

  /** One with a few characters, words or lines changed. */
  spoilt(): string {
    const { dice } = this;
    let text = this.valid();
    for (let left = 1 + dice.below(2); left > 0; left--) text = this.spoil(text);
    return text;
  }

  private spoil(text: string): string {
    const { dice } = this;
    const at = dice.below(text.length);
    const lines = text.split("\n");
    const line = dice.below(lines.length);
    switch (dice.below(5)) {
      case 0:
        return text.slice(0, at) + dice.pick(["", " ", '"', "\\", ",", "#", "_", "1", "-", "\n"]) + text.slice(at + 1);
      case 1:
        return text.slice(0, at) + text.slice(at + 1);
      case 2:
        return lines.toSpliced(line, 1).join("\n");
      case 3:
        return lines.toSpliced(dice.below(lines.length), 0, lines[line] ?? "").join("\n");
      default:
        return text.replace(
          dice.pick([" 1", "_total", "_bucket", "+Inf", "gauge", "le", "_sum", "# TYPE"]),
          dice.pick([" -1", "_sum", "_count", "NaN", "counter", "quantile", "# HELP", ""]),
        );
    }
  }

  private family(name: string): string {
    const { dice } = this;
    // The state is a label of the name.
    const type = dice.pick(name.includes(":") ? TYPES.slice(1) : TYPES);
    const unit = /_(seconds|bytes)$/.exec(name)?.[1];
    const metadata = [`# TYPE ${name} ${type}\n`];
    if (dice.chance(0.5)) metadata.push(`# HELP ${name} ${escaped(dice.pick(VALUES))}\n`);
    if (unit !== undefined && type !== "info" && type !== "stateset") metadata.push(`# UNIT ${name} ${unit}\n`);
    const shown = type === "unknown" && dice.chance(0.3) ? [] : dice.shuffled(metadata);
    return (
      shown.join("") +
      this.labelSets()
        .map((labels) => this.metric(name, type, labels))
        .join("")
    );
  }

  private labelSets(): (readonly [string, string])[][] {
    const { dice } = this;
    return VALUES.slice(0, dice.below(4)).map((value) =>
      dice.shuffled([["l", value] as const, ["k", dice.pick(VALUES)] as const]),
    );
  }

  private metric(name: string, type: string, labels: readonly (readonly [string, string])[]): string {
    const { dice } = this;
    const own = braces(labels);
    const created = dice.chance(0.5) ? `${name}_created${own} ${dice.pick(TIMES)}\n` : "";
    switch (type) {
      case "counter":
        return `${name}_total${own} ${dice.pick(NUMBERS)}${this.exemplar()}\n${created}`;
      case "info":
        return `${name}_info${own} 1\n`;
      case "stateset":
        return ["on", "off"].map((state) => `${name}${braces([...labels, [name, state]])} ${dice.below(2)}\n`).join("");
      case "summary":
        return this.summary(name, labels) + created;
      case "histogram":
        return this.histogram(name, labels, ["_sum", "_count"], false) + created;
      case "gaugehistogram":
        return this.histogram(name, labels, ["_gsum", "_gcount"], dice.chance(0.3));
      default:
        return `${name}${own} ${dice.pick(SIGNED)}\n`;
    }
  }

  private summary(name: string, labels: readonly (readonly [string, string])[]): string {
    const { dice } = this;
    const quantiles = ["0.5", "0.9", "1.0"].slice(dice.below(4));
    const lines = quantiles.map((rank) => `${name}${braces([...labels, ["quantile", rank]])} ${dice.pick(NUMBERS)}\n`);
    if (dice.chance(0.7))
      lines.push(
        `${name}_sum${braces(labels)} ${dice.pick(NUMBERS)}\n`,
        `${name}_count${braces(labels)} ${dice.below(9)}\n`,
      );
    return lines.join("");
  }

  private histogram(
    name: string,
    labels: readonly (readonly [string, string])[],
    [sum, count]: readonly [string, string],
    isNegative: boolean,
  ): string {
    const { dice } = this;
    const bounds = [...(isNegative ? ["-1.0"] : []), ...["0.0", "0.1", "1.0", "1000.0"].slice(dice.below(4)), "+Inf"];
    let total = 0;
    const lines = bounds.map((bound) => {
      total += dice.below(5);
      return `${name}_bucket${braces([...labels, ["le", bound]])} ${total}${this.exemplar()}\n`;
    });
    if (dice.chance(0.7)) {
      const value = isNegative ? dice.pick(["-5", "5"]) : dice.pick(NUMBERS);
      lines.push(`${name}${count}${braces(labels)} ${total}\n`, `${name}${sum}${braces(labels)} ${value}\n`);
    }
    return lines.join("");
  }

  private exemplar(): string {
    const { dice } = this;
    if (dice.chance(0.6)) return "";
    const labels = dice.chance(0.2)
      ? "{}"
      : braces([["id", dice.pick(VALUES.filter((value) => !value.includes("{") && !value.includes("}")))]]);
    return ` # ${labels} ${dice.pick(SIGNED)}${dice.chance(0.5) ? ` ${dice.pick(TIMES)}` : ""}`;
  }
}
