import { comparisonTest } from "./comparison.ts";

comparisonTest(400, "replace");
comparisonTest(200, "sum");
comparisonTest(100, "min");
comparisonTest(100, "max");
comparisonTest(200, "sum", 70);
