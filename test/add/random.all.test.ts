import { comparisonTest } from "./comparison.ts";

comparisonTest(70_000, "replace");
comparisonTest(30_000, "sum");
comparisonTest(2_000, "min", 100);
