import { expect } from "bun:test";
import { type Condition, type GroupsWorld, holds, type PushedGroup, selectorText } from "./groups-world.ts";
import {
  type Ask,
  type HelpsOf,
  lists,
  metricsApi,
  oneGroup,
  protobufScrapes,
  type Readers,
  refusedList,
  removal,
  scrapes,
  textOf,
  views,
} from "./seen-surfaces.ts";

/** Somebody with every right on the groups of some selectors. */
export interface Reader {
  readonly selectors: readonly (readonly Condition[])[];
  readonly ask: Ask;
}

/** A gateway that is asked in the name of somebody. */
export interface Host {
  readonly all: Ask;
  /** Lets a second pass, and what is due go. */
  pass(): Promise<void>;
}

/** What is pushed to a gateway, and what is shown of it. */
export class SeenStand {
  constructor(
    readonly world: GroupsWorld,
    private readonly host: Host,
  ) {}

  private get all(): Ask {
    return this.host.all;
  }

  async change(): Promise<void> {
    const { world } = this;
    const { dice } = world;
    const known = [...world.groups.values()];
    if (known.length > 0 && dice.chance(0.15)) {
      const { mark, paths } = dice.pick(known);
      await this.all("DELETE", `/metrics${paths[0]}`);
      world.gone(mark);
    } else if (dice.chance(0.01)) {
      await this.all("PUT", "/api/v1/admin/wipe");
      for (const { mark } of known) world.gone(mark);
    } else if (dice.chance(0.25)) await this.refused();
    else await this.push();
    await this.expire();
  }

  private async push(): Promise<void> {
    const { world } = this;
    const pushed = world.push();
    const ttl = world.dice.chance(0.1) ? "?ttl=20s" : "";
    const { path, body, method } = pushed;
    if (await this.send(method, path + ttl, body, pushed.group.mark)) world.pushed(pushed);
    else await this.lookFor(pushed.group);
  }

  /** A push that is at fault by itself, or contradicts what others have. */
  private async refused(): Promise<void> {
    const { world } = this;
    const { group, path } = world.push();
    const { mark } = group;
    const counter = (name: string) => `# TYPE ${name} counter\n${name}{x="of ${mark}"} 1\n`;
    const body = world.dice.pick([counter("m"), counter("m"), "no metric\n", "m 1 2\n"]);
    const isTaken = await this.send("POST", path, body, mark);
    // Without the check a push with timestamps is answered so, too, and not stored.
    if (isTaken && body.startsWith("#")) group.helps = new Map([...group.helps, ["m", null]]);
    await this.lookFor(group);
  }

  /** Whether the push was taken. A refusal names no group but its own. */
  private async send(method: string, path: string, body: string, mark: string): Promise<boolean> {
    const { bytes, status } = await this.all(method, `/metrics${path}`, { body });
    const marks = bytes.toString().match(/zq\d+zq/g) ?? [];
    expect([status, marks.filter((one) => one !== mark)]).toEqual([expect.any(Number), []]);
    return status < 300;
  }

  private async lookFor(group: PushedGroup): Promise<void> {
    const list = textOf(await this.all("GET", "/api/v1/groups?limit=500"));
    if (list.includes(`"${group.mark}"`)) this.world.groups.set(group.mark, group);
    else this.world.gone(group.mark);
  }

  private async expire(): Promise<void> {
    const { host, world } = this;
    await host.pass();
    const marks = new Set(textOf(await this.all("GET", "/api/v1/groups?limit=500")).match(/zq\d+zq/g));
    for (const mark of world.groups.keys()) if (!marks.has(mark)) world.gone(mark);
    expect([...marks].sort()).toEqual([...world.groups.keys()].sort());
  }

  /** A reader with what it may see now. */
  private readersOf({ selectors, ask }: Reader): Readers {
    const { groups, marks } = this.world;
    const visible = [...marks].filter(([, labels]) => selectors.some((conditions) => holds(conditions, labels)));
    const all = new Set(visible.map(([mark]) => mark));
    const seen = new Set([...groups.keys()].filter((mark) => all.has(mark)));
    return { all: this.all, some: ask, seen, visible: all };
  }

  private readonly helpsOf: HelpsOf = (family, marks) => {
    const helps = new Set<string | null>();
    for (const mark of marks) {
      const help = this.world.groups.get(mark)?.helps.get(family);
      if (help !== undefined) helps.add(help);
    }
    return helps;
  };

  /** One of the readers, who sees some of the groups and not all, if any does. */
  pick(readers: readonly Reader[]): Reader {
    const { dice, groups } = this.world;
    const partly = readers.filter((reader) => {
      const { size } = this.readersOf(reader).seen;
      return size > 0 && size < groups.size;
    });
    return dice.pick(partly.length === 0 || dice.chance(0.1) ? readers : partly);
  }

  async check(reader: Reader): Promise<void> {
    const { world } = this;
    const { dice } = world;
    const readers = this.readersOf(reader);
    const match = `match[]=${encodeURIComponent(selectorText([{ name: "mark", operator: "=~", value: `zq\\d*${dice.below(10)}zq` }]))}`;
    for (const query of ["", `?${match}`]) {
      await scrapes(readers, dice, query, this.helpsOf);
      await protobufScrapes(readers, dice, query);
    }
    await metricsApi(readers);
    await lists(
      readers,
      dice,
      `sort=${dice.pick(["stored", "labels", "-pushed", "-series"])}${dice.pick(["", `&${match}`, "&search=a"])}`,
    );
    await refusedList(readers);
    await views(readers, dice);
    const known = [...world.marks.keys()];
    for (const mark of [dice.pick(known), ...dice.shuffled([...world.groups.keys()]).slice(-4)]) {
      const path = world.groups.get(mark)?.paths[0];
      if (path !== undefined) await oneGroup(readers, dice, mark, path);
    }
    for (const mark of await removal(readers, match, dice.chance(0.9))) world.gone(mark);
  }
}
