import { modelTest } from "./model/comparison.ts";

modelTest(10_000, { ttlMs: "never", keepsTimes: false });
modelTest(10_000, { ttlMs: 100, keepsTimes: false });
modelTest(5_000, { ttlMs: 100, keepsTimes: true });
