import { Dice } from "../fuzz/dice.ts";

/** A condition on one label, as it stands in an access file. */
export interface Condition {
  readonly name: string;
  readonly operator: "=" | "!=" | "=~" | "!~";
  readonly value: string;
}

/**
 * Whether some conditions hold for labels, found out in a way that has nothing of the program's: a label that is not
 * there has the empty value, patterns are anchored, and a dot is any character.
 */
export function holds(conditions: readonly Condition[], labels: ReadonlyMap<string, string>): boolean {
  return conditions.every(({ name, operator, value }) => {
    const has = labels.get(name) ?? "";
    const isAlike = operator.endsWith("~") ? new RegExp(`^(?:${value})$`, "s").test(has) : has === value;
    return operator.startsWith("!") ? !isAlike : isAlike;
  });
}

export const selectorText = (conditions: readonly Condition[]): string =>
  `{${conditions.map(({ name, operator, value }) => `${nameText(name)}${operator}${JSON.stringify(value)}`).join(",")}}`;

const nameText = (name: string): string => (/^[a-zA-Z_]\w*$/.test(name) ? name : JSON.stringify(name));

/** A group that was pushed to. In its key is a mark, which is nowhere else. */
export interface PushedGroup {
  readonly mark: string;
  readonly labels: ReadonlyMap<string, string>;
  /** Ways to write its path, behind /metrics; the first one begins with the job. */
  readonly paths: readonly string[];
  /** The help text, or null, of each family that it holds. */
  helps: ReadonlyMap<string, string | null>;
}

/** A push of a group, as it is sent. */
export interface Pushed {
  readonly group: PushedGroup;
  readonly method: "PUT" | "POST";
  readonly path: string;
  readonly body: string;
  /** What the group has of help texts then. */
  readonly helps: ReadonlyMap<string, string | null>;
}

export const MARK = /zq\d+zq/g;

const JOBS = ["batch", "batch-7", "Batch", "etl", "a b", "grün", "", 'job="x"', "line\nend", "back\\slash"];
const NAMES = ["team", "instance", "env", "b.c", "größe", "a label"];
const VALUES = ["", "a", "b", "A", "prod", 'x"y', "ü", "/", "back\\slash", 'a,b="c"', "job"];
const PATTERNS = ["a|b", "batch.*", ".*", ".+", "", "gr.n", "[a-z]+", "line.end", "(?:prod)?", "a b", ".*\\\\.*", "ü"];
const FAMILIES = ["m", "n", "requests_total", '"d.e"', "h", "info", "pushgateway_build_info"];

/** What is pushed and who may see it, made by chance. */
export class GroupsWorld {
  readonly dice: Dice;
  /** Those that are there. */
  readonly groups = new Map<string, PushedGroup>();
  /** Of all that have ever been. */
  readonly marks = new Map<string, ReadonlyMap<string, string>>();
  private next = 0;

  constructor(seed: number) {
    this.dice = new Dice(seed);
  }

  /** One to three selectors of one to three conditions each. */
  selectors(): Condition[][] {
    const { dice } = this;
    return Array.from({ length: 1 + dice.below(3) }, () =>
      Array.from({ length: 1 + dice.below(3) }, (): Condition => {
        const name = dice.pick(["job", "job", ...NAMES, "absent", "mark"]);
        const operator = dice.pick(["=", "!=", "=~", "!~"] as const);
        if (name === "mark" && operator.endsWith("~")) return { name, operator, value: `zq\\d*${dice.below(10)}zq` };
        if (operator.endsWith("~")) return { name, operator, value: dice.pick(PATTERNS) };
        return { name, operator, value: dice.pick(name === "job" ? JOBS : VALUES) };
      }),
    );
  }

  /** A push to a new group, or to one that is there. */
  push(): Pushed {
    const { dice } = this;
    const known = [...this.groups.values()];
    const group = known.length > 0 && dice.chance(0.6) ? dice.pick(known) : this.newGroup();
    const method = dice.pick(["PUT", "POST"] as const);
    return { group, method, path: dice.pick(group.paths), ...this.body(group, method) };
  }

  /** The group is as it was pushed. */
  pushed({ group, helps }: Pushed): void {
    group.helps = helps;
    this.groups.set(group.mark, group);
  }

  gone(mark: string): void {
    this.groups.delete(mark);
  }

  private newGroup(): PushedGroup {
    const { dice } = this;
    const mark = `zq${this.next++}zq`;
    const labels = new Map([["job", dice.pick(JOBS)]]);
    for (const name of dice.shuffled(NAMES)) if (dice.chance(0.35)) labels.set(name, dice.pick(VALUES));
    labels.set("mark", mark);
    this.marks.set(mark, labels);
    const paths = [this.pathOf(labels, false), this.pathOf(labels, true), this.pathOf(labels, true)];
    return { mark, labels, paths, helps: new Map() };
  }

  /** Labels in any order, each in base64 or with escapes; and one twice, the last of which counts. */
  private pathOf(labels: ReadonlyMap<string, string>, mayLackJob: boolean): string {
    const { dice } = this;
    const job = labels.get("job") ?? "";
    const others = dice.shuffled([...labels].filter(([name]) => name !== "job"));
    const twice = dice.chance(0.2) ? [["team", "b"] as const] : [];
    const rest = [...(labels.has("team") ? twice : []), ...others].map(([name, value]) => this.segment(name, value));
    if (job === "" && mayLackJob && dice.chance(0.5)) return rest.map((one) => `/${one}`).join("");
    return `/${[this.segment("job", job), ...rest].join("/")}`;
  }

  private segment(name: string, value: string): string {
    const { dice } = this;
    const isPlain = value !== "" && !value.includes("/") && dice.chance(0.6);
    const written = isPlain ? this.escaped(value) : Buffer.from(value).toString("base64url") || "=";
    return `${this.escaped(name)}${isPlain ? "" : "@base64"}/${written}`;
  }

  /** With more escapes than are needed, now and then. */
  private escaped(text: string): string {
    const { dice } = this;
    const all = (bytes: Uint8Array) => [...bytes].map((byte) => `%${byte.toString(16).padStart(2, "0")}`).join("");
    return dice.chance(0.2) ? all(Buffer.from(text)) : encodeURIComponent(text);
  }

  private body(group: PushedGroup, method: string): Pick<Pushed, "body" | "helps"> {
    const { dice } = this;
    const helps = new Map(method === "PUT" ? [] : group.helps);
    const names = new Set(Array.from({ length: 1 + dice.below(4) }, () => dice.pick(FAMILIES)));
    if (dice.chance(0.2)) names.add(`own_${group.mark}`);
    const families = [...names].map((name) => {
      const help = dice.chance(0.7) ? dice.pick(["common words", `words of ${group.mark}`]) : null;
      helps.set(name, help);
      return (help === null ? "" : `# HELP ${name} ${help}\n`) + this.lines(name, group.mark);
    });
    return { body: families.join(""), helps };
  }

  private lines(name: string, mark: string): string {
    const value = this.dice.below(1000);
    if (name === "h")
      return `# TYPE h histogram\nh_bucket{le="1"} ${value}\nh_bucket{le="+Inf"} ${value}\nh_sum 3\nh_count ${value}\n`;
    const label = `x="of ${mark}"`;
    const sample = (more: string) => (name.startsWith('"') ? `{${name},${label}${more}}` : `${name}{${label}${more}}`);
    const type = name.endsWith("_total") ? "counter" : "gauge";
    const count = 1 + this.dice.below(3);
    const lines = Array.from({ length: count }, (_, i) => `${sample(`,i="${i}"`)} ${value}\n`);
    return `# TYPE ${name} ${type}\n${lines.join("")}`;
  }
}
