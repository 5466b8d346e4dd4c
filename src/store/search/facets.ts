import { type GroupTexts, NO_JOB } from "../table/group-texts.ts";
import type { Groups } from "../table/groups.ts";

/** Ages are counted in steps: below a minute, five minutes, an hour, six hours, a day, and the rest. */
const AGE_STEPS_SECONDS = [60, 300, 3600, 21_600, 86_400];
/** Of the jobs with the most groups so many are told. */
const MOST_JOBS = 100;

export interface JobCount {
  readonly job: string;
  readonly groups: number;
  readonly failing: number;
}

/** How the groups that were found are spread. */
export interface Facets {
  /** Those with the most groups, the most first; of as many groups the one that came first. */
  readonly jobs: readonly JobCount[];
  /** For each step of ages, by the last push that succeeded. */
  readonly ages: readonly number[];
  readonly failing: number;
}

/** Counts groups by job, age and state. */
export class FacetCounts {
  private readonly ages = new Array<number>(AGE_STEPS_SECONDS.length + 1).fill(0);
  /** By the number of the job: groups, and those of them that fail. */
  private readonly jobs: { groups: number; failing: number }[] = [];
  private failing = 0;

  constructor(
    private readonly groups: Groups,
    private readonly texts: GroupTexts,
    private readonly nowSeconds: number,
  ) {}

  add(id: number, row: number): void {
    const { groups, ages, jobs } = this;
    const failing = groups.isFailing(id) ? 1 : 0;
    const step = stepOf(this.nowSeconds - groups.succeededSeconds(id));
    ages[step] = (ages[step] as number) + 1;
    this.failing += failing;
    const job = this.texts.jobAt(row);
    if (job === NO_JOB) return;
    jobs[job] ??= { groups: 0, failing: 0 };
    jobs[job].groups++;
    jobs[job].failing += failing;
  }

  taken(): Facets {
    return { jobs: this.mostGroups(), ages: this.ages, failing: this.failing };
  }

  private mostGroups(): JobCount[] {
    const most: { job: number; groups: number; failing: number }[] = [];
    this.jobs.forEach((count, job) => {
      if (most.length === MOST_JOBS && count.groups <= (most[MOST_JOBS - 1]?.groups ?? 0)) return;
      const place = most.findLastIndex(({ groups }) => groups >= count.groups) + 1;
      most.splice(place, 0, { ...count, job });
      most.length = Math.min(most.length, MOST_JOBS);
    });
    return most.map(({ job, groups, failing }) => ({ job: this.texts.jobText(job), groups, failing }));
  }
}

function stepOf(ageSeconds: number): number {
  const step = AGE_STEPS_SECONDS.findIndex((end) => ageSeconds < end);
  return step < 0 ? AGE_STEPS_SECONDS.length : step;
}
