import { modelTest } from "./model/comparison.ts";

modelTest(20_000);
