import { modelTest } from "./model/comparison.ts";

modelTest(2_500);
