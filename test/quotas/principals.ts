import {
  type GroupReach,
  NO_PRINCIPAL_LIMITS,
  type Principal,
  type PrincipalLimits,
  type Principals,
} from "../../src/model/principal.ts";

/** One that may push to the groups whose label block has a text in it; null: to all. It may do everything else. */
export function principalOf(name: string, text: string | null, limits: Partial<PrincipalLimits> = {}): Principal {
  const reach: GroupReach | null =
    text === null ? null : { covers: (block) => Buffer.from(block).toString().includes(text) };
  return { name, limits: { ...NO_PRINCIPAL_LIMITS, ...limits }, reach: (right) => (right === "push" ? reach : null) };
}

/** An access file that a test writes. */
export class WrittenPrincipals implements Principals {
  private readonly watchers: (() => void)[] = [];

  constructor(private all: readonly Principal[]) {}

  readonly list = (): readonly Principal[] => this.all;
  readonly watch = (changed: () => void): void => void this.watchers.push(changed);

  write(all: readonly Principal[]): void {
    this.all = all;
    for (const changed of this.watchers) changed();
  }

  /** The principal of a name. */
  of(name: string): Principal {
    const found = this.all.find((principal) => principal.name === name);
    if (found === undefined) throw new Error(`there is no principal ${name}`);
    return found;
  }
}
