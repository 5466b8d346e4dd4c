import official from "../fixtures/openmetrics.json";

/** A body, and whether OpenMetrics allows it. */
export interface OfficialCase {
  readonly name: string;
  readonly isAllowed: boolean;
  readonly body: string;
}

/** The test cases for parsers that come with OpenMetrics, as they are. */
export const OFFICIAL_CASES: readonly OfficialCase[] = official.cases;

/** Those with samples of one series at several times. */
export const SEVERAL_SAMPLES: ReadonlySet<string> = new Set(["duplicate_timestamps_0", "duplicate_timestamps_1"]);
