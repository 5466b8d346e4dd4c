import { Dice } from "../fuzz/dice.ts";
import { newerPrograms } from "../newer-programs.ts";
import { Child, eventually, freePort, Gateway } from "../program.ts";
import { compare, type Side } from "./comparison.ts";
import { explain, isLasting } from "./explanation.ts";
import { type RawCase, RawTraffic } from "./raw-traffic.ts";

/** The program and the reference beside it, each with nothing stored. */
export class BothSides implements AsyncDisposable {
  private constructor(
    private readonly gateway: Gateway,
    private readonly reference: Child,
    readonly ours: Side,
    readonly theirs: Side,
  ) {}

  static async start(): Promise<BothSides> {
    const gateway = await Gateway.start(["--web.enable-admin-api", "--log.level=error"]);
    const port = await freePort();
    const flags = ["--persistence.file=", "--web.enable-admin-api", "--log.level=error"];
    const address = `--web.listen-address=127.0.0.1:${port}`;
    const reference = new Child([newerPrograms.need("PUSHGATEWAY_1_11"), address, ...flags]);
    await eventually("the reference is ready", async () => (await fetch(`http://127.0.0.1:${port}/-/ready`)).ok);
    return new BothSides(gateway, reference, gateway, { port });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.gateway[Symbol.asyncDispose]();
    await this.reference[Symbol.asyncDispose]();
  }
}

/** What became of many connections that were told to both. */
export interface Comparison {
  /** Differences that no list names, each as text. */
  readonly unknown: readonly string[];
  /** How often each of the known ones was met. */
  readonly met: ReadonlyMap<string, number>;
}

/** `count` connections from a seed. */
export function trafficOf(seed: number, count: number): RawCase[] {
  const traffic = new RawTraffic(new Dice(seed));
  return Array.from({ length: count }, (_, n) => traffic.next(n));
}

export async function compareAll(cases: readonly RawCase[], { ours, theirs }: BothSides): Promise<Comparison> {
  const unknown: string[] = [];
  const met = new Map<string, number>();
  for (const { one, found } of await compare(cases, ours, theirs)) {
    const names = explain(found);
    for (const name of names ?? []) met.set(name, (met.get(name) ?? 0) + 1);
    if (names === null && (await isLasting(one, ours, theirs))) unknown.push(JSON.stringify(found));
  }
  return { unknown, met };
}
