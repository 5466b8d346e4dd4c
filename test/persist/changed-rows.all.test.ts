import { changedRowsTest } from "./changed-rows.ts";

changedRowsTest(300);
