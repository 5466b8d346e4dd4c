import { modelTest } from "./model/comparison.ts";

modelTest(1_500, { ttlMs: "never", keepsTimes: false });
modelTest(1_500, { ttlMs: 100, keepsTimes: true });
