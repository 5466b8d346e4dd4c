import type { Count } from "./metric.ts";

const UINT64_END = 1n << 64n;

/** The sum: whole where both are and it can be written, else a fraction. */
export function addCounts(one: Count, other: Count): Count {
  if (typeof one === "number" || typeof other === "number") return Number(one) + Number(other);
  const sum = one + other;
  return sum < UINT64_END ? sum : Number(sum);
}

export const isFraction = (count: Count): count is number => typeof count === "number";

export const isNone = (count: Count): boolean => count === 0n || count === 0;
