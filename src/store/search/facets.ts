import { intAt } from "../../bytes/at.ts";
import { type GroupTexts, NO_JOB } from "../table/group-texts.ts";
import type { Groups } from "../table/groups.ts";

/** Ages are counted in steps: below a minute, five minutes, an hour, six hours, a day, and the rest. */
const AGE_STEPS_SECONDS = [60, 300, 3600, 21_600, 86_400];
/** Of the jobs with the most groups so many are told. */
const MOST_JOBS = 100;
/** Their values are together not more than this: a value may be as long as a path. */
const MOST_JOB_BYTES = 8 * 1024;

export interface JobCount {
  readonly job: string;
  readonly groups: number;
  readonly failing: number;
}

/** How the groups that were found are spread. */
export interface Facets {
  /**
   * Those with the most groups, the most first; of as many groups the one that came first. Without those whose values
   * are too long to be told besides those before them.
   */
  readonly jobs: readonly JobCount[];
  /** How many jobs there are. */
  readonly jobCount: number;
  /** For each step of ages, by the last push that succeeded. */
  readonly ages: readonly number[];
  readonly failing: number;
}

/** Counts groups by job, age and state. */
export class FacetCounts {
  private readonly ages = new Array<number>(AGE_STEPS_SECONDS.length + 1).fill(0);
  /** By the number of the job: groups, and those of them that fail. */
  private jobGroups: Int32Array;
  private jobFailing: Int32Array;
  private failing = 0;
  /** For each step of ages but the last one, the time since which the last push was. */
  private readonly since: readonly number[];

  constructor(
    private readonly groups: Groups,
    private readonly texts: GroupTexts,
    nowSeconds: number,
  ) {
    this.since = AGE_STEPS_SECONDS.map((step) => nowSeconds - step);
    this.jobGroups = new Int32Array(texts.jobs.limit);
    this.jobFailing = new Int32Array(texts.jobs.limit);
  }

  add(id: number, row: number): void {
    const { groups, ages, since } = this;
    const succeeded = groups.succeededSeconds(id);
    let step = 0;
    while (step < since.length && succeeded <= (since[step] as number)) step++;
    ages[step] = (ages[step] as number) + 1;
    const failing = groups.isFailing(id) ? 1 : 0;
    this.failing += failing;
    const job = this.texts.jobAt(row);
    if (job !== NO_JOB) this.addOfJob(job, failing);
  }

  private addOfJob(job: number, failing: number): void {
    if (job >= this.jobGroups.length) this.grow();
    this.jobGroups[job] = intAt(this.jobGroups, job) + 1;
    if (failing > 0) this.jobFailing[job] = intAt(this.jobFailing, job) + failing;
  }

  /** Jobs came since. */
  private grow(): void {
    const { limit } = this.texts.jobs;
    this.jobGroups = grownTo(limit * 2, this.jobGroups);
    this.jobFailing = grownTo(limit * 2, this.jobFailing);
  }

  taken(): Facets {
    let jobCount = 0;
    for (let job = 0; job < this.jobGroups.length; job++) if (intAt(this.jobGroups, job) > 0) jobCount++;
    return { jobs: this.told(this.mostGroups()), jobCount, ages: this.ages, failing: this.failing };
  }

  private told(jobs: readonly number[]): JobCount[] {
    const { texts, jobGroups, jobFailing } = this;
    const told: JobCount[] = [];
    let left = MOST_JOB_BYTES;
    for (const job of jobs) {
      const sizeBytes = texts.jobs.key(job).length;
      if (sizeBytes > left) continue;
      left -= sizeBytes;
      told.push({ job: texts.jobText(job), groups: intAt(jobGroups, job), failing: intAt(jobFailing, job) });
    }
    return told;
  }

  private mostGroups(): number[] {
    const { jobGroups } = this;
    const most: number[] = [];
    const groupsAt = (place: number) => intAt(jobGroups, most[place] ?? 0);
    for (let job = 0; job < jobGroups.length; job++) {
      const groups = intAt(jobGroups, job);
      if (groups === 0 || (most.length === MOST_JOBS && groups <= groupsAt(MOST_JOBS - 1))) continue;
      const place = most.findLastIndex((other) => intAt(jobGroups, other) >= groups) + 1;
      most.splice(place, 0, job);
      most.length = Math.min(most.length, MOST_JOBS);
    }
    return most;
  }
}

function grownTo(count: number, rows: Int32Array): Int32Array {
  const grown = new Int32Array(count);
  grown.set(rows);
  return grown;
}
