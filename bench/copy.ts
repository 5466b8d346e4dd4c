/*
 * From how many bytes is the runtime quicker at copying than a loop? `bun bench/copy.ts` prints nanoseconds a copy for
 * each size and way, the best of many rounds, and the size from which each way is quicker from there on.
 * `RUNTIME_BYTES` in src/bytes/copy.ts is what came out.
 */

const SIZES = [8, 16, 32, 48, 64, 96, 128, 160, 192, 224, 256, 384, 512, 1024];
const ROUNDS = 40;
const COPIES = 20_000;

const { copy } = Buffer.prototype;
const source = crypto.getRandomValues(new Uint8Array(4096));
const target = new Uint8Array(4096);

type Copy = (start: number, end: number, at: number) => void;
const WAYS: Readonly<Record<string, Copy>> = {
  loop: (start, end, at) => {
    for (let from = start, to = at; from < end; from++, to++) target[to] = source[from] as number;
  },
  set: (start, end, at) => target.set(source.subarray(start, end), at),
  "Buffer.copy": (start, end, at) => void copy.call(source as Buffer, target, at, start, end),
};

/** Nanoseconds a copy of this size takes, the best of all rounds. */
function measure(way: Copy, sizeBytes: number): number {
  let best = Infinity;
  for (let round = 0; round < ROUNDS; round++) {
    const startMs = performance.now();
    for (let i = 0; i < COPIES; i++) way(i & 255, (i & 255) + sizeBytes, i & 127);
    best = Math.min(best, performance.now() - startMs);
  }
  return (best * 1e6) / COPIES;
}

const print = (line: string) => void process.stdout.write(`${line}\n`);
const figures = SIZES.map((size) => Object.values(WAYS).map((way) => measure(way, size)));
print(["bytes", ...Object.keys(WAYS)].join("\t"));
for (const [i, row] of figures.entries()) print([SIZES[i], ...row.map((ns) => ns.toFixed(1))].join("\t"));
for (const [way, name] of Object.keys(WAYS).entries()) {
  if (way === 0) continue;
  const last = figures.findLastIndex((row) => (row[way] ?? 0) >= (row[0] ?? 0));
  print(`${name} is quicker than the loop from ${SIZES[last + 1] ?? "more than the largest size"} bytes on`);
}
