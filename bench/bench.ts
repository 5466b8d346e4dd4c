import { type Better, type Figure, type Spread, spread, type Wanted } from "./figures.ts";
import { Loader } from "./loader.ts";
import type { Plan } from "./plan.ts";
import type { Programs, Who } from "./programs.ts";
import { Stands } from "./stands.ts";

/** Results of one round: figures by the end of their id. */
export type Measured = Readonly<Record<string, number>>;

/** One of those that are measured in turn. */
export interface Contender {
  readonly who: Who;
  readonly measure: (round: number) => Promise<Measured>;
}

/** The figures of the rounds of a scenario. */
export interface FigureShape {
  /** The end of the id; the key in what is measured. */
  readonly key: string;
  readonly title: string;
  readonly unit: string;
  readonly better: Better;
  readonly wanted?: Wanted;
}

export type Rounds = Readonly<Record<Who, Measured[]>>;

export function noRounds(): Rounds {
  return { ours: [], theirs: [], former: [], limit: [] };
}

/** What scenarios work with: servers, load generators, and a place for their figures. */
export class Bench {
  readonly figures: Figure[] = [];
  readonly stands: Stands;
  private readonly loaders = new Map<string, Loader>();

  constructor(
    readonly plan: Plan,
    readonly programs: Programs,
    private readonly only: string,
    readonly progress: (text: string) => void,
  ) {
    this.stands = new Stands(() => this.loader("requests"), plan.peerLoadMs, plan.seed);
  }

  /** Whether figures whose ids start with this are asked for. */
  wants(id: string): boolean {
    return id.startsWith(this.only) || this.only.startsWith(`${id}/`);
  }

  /** The load generator of this name, started when it is first asked for. */
  async loader(name: "requests" | "scrapes" | "probe"): Promise<Loader> {
    const known = this.loaders.get(name);
    if (known !== undefined) return known;
    const loader = await Loader.start(this.plan.seed);
    this.loaders.set(name, loader);
    return loader;
  }

  /** Measures all in turn, round after round, so that what disturbs the machine disturbs them all. */
  async inTurns(id: string, rounds: number, contenders: readonly (Contender | null)[]): Promise<Rounds> {
    const measured = noRounds();
    let peerMs = 0;
    for (let round = 0; round < rounds; round++) {
      for (const contender of contenders) {
        if (contender === null) continue;
        const { who } = contender;
        if (who === "theirs" && peerMs > this.plan.peerLimitMs) continue;
        this.progress(`${id}: ${who}, round ${round + 1} of ${rounds}`);
        const startMs = performance.now();
        measured[who].push(await contender.measure(round));
        if (who === "theirs") peerMs += performance.now() - startMs;
      }
    }
    return measured;
  }

  /** Adds a figure for each shape from the results of the rounds. */
  add(id: string, title: string, shapes: readonly FigureShape[], rounds: Rounds, notes: readonly string[] = []): void {
    for (const { key, title: what, unit, better, wanted = null } of shapes) {
      const of = (who: Who): Spread | null => spread(rounds[who].map((measured) => measured[key] ?? Number.NaN));
      const figureId = shapes.length > 1 ? `${id}/${key}` : id;
      const full = what === "" ? title : `${title}: ${what}`;
      const measured = { ours: of("ours"), theirs: of("theirs"), former: of("former"), limit: of("limit") };
      this.figures.push({ id: figureId, title: full, unit, better, ...measured, wanted, notes });
    }
  }

  async stop(): Promise<void> {
    await this.stands.dropShared();
    for (const loader of this.loaders.values()) loader.stop();
  }
}

export interface Scenario {
  /** What the ids of its figures start with. */
  readonly id: string;
  readonly run: (bench: Bench) => Promise<void>;
}
