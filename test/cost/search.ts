import type { Dice } from "../fuzz/dice.ts";

/** A way of asking the server for something: how to make an input, how to change one, and what it costs. */
export interface Route<Input> {
  readonly what: string;
  readonly random: (dice: Dice) => Input;
  readonly mutate: (dice: Dice, input: Input) => Input;
  /**
   * Prepares a server for the input, sends it, and counts: units of work, and bytes sent by the request that is judged.
   */
  readonly cost: (input: Input) => Promise<{ readonly units: number; readonly bytes: number }>;
}

export interface Worst<Input> {
  readonly input: Input;
  readonly units: number;
  readonly bytes: number;
}

/**
 * The input of the most work a byte that a hill climb finds: always the better of two, and now and then a start afresh.
 */
export async function findWorst<Input>(route: Route<Input>, dice: Dice, rounds: number): Promise<Worst<Input>> {
  let worst: Worst<Input> | null = null;
  let current: Worst<Input> | null = null;
  for (let round = 0; round < rounds; round++) {
    const isFresh: boolean = current === null || dice.below(8) === 0;
    const input: Input = isFresh || current === null ? route.random(dice) : route.mutate(dice, current.input);
    const { units, bytes } = await route.cost(input);
    const found = { input, units, bytes };
    if (isFresh || current === null || units / bytes >= current.units / current.bytes) current = found;
    if (worst === null || units / bytes > worst.units / worst.bytes) worst = found;
  }
  if (worst === null) throw new Error("searching: no rounds");
  return worst;
}
