/** @jsxImportSource preact */
import { type GroupsAddress, hrefOf, matcherOf, refined, selectorOf } from "./address.ts";
import type { JobCount } from "./answers.ts";
import type { Page } from "./page.ts";
import { Job } from "./text.tsx";
import { counted, countText } from "./words.ts";

/** Jobs that are listed at once; the others on demand. */
const FIRST_JOBS = 14;

/** Jobs with their groups, to choose one. */
export function JobRail({ page, address }: { page: Page; address: GroupsAddress }) {
  const { jobs: all, list } = page.answers.value;
  const { jobs = [], jobs_total: jobsTotal = 0 } = (all ?? list)?.facets ?? {};
  const shown = address.allJobs ? jobs : jobs.slice(0, FIRST_JOBS);
  const more = jobs.length - shown.length;
  const untold = jobsTotal - jobs.length;
  const total = (all ?? list)?.total ?? 0;
  const none = refined(address, { q: "" });
  return (
    <nav class="rail" aria-label="Jobs">
      <h2>
        Jobs<span>{countText(jobsTotal)}</span>
      </h2>
      <ul>
        <li>
          <a href={hrefOf(none)} aria-current={address.q === "" ? "true" : undefined} onClick={page.act?.follow}>
            <span>All jobs</span>
            <span class="n">{countText(total)}</span>
          </a>
        </li>
        {shown.map((job, i) => (
          <JobLink key={`${i} ${job.value}`} page={page} address={address} job={job} />
        ))}
        {address.allJobs && untold > 0 && (
          <li class="quiet padded">and {countText(untold)} more, to be searched for</li>
        )}
        {more > 0 && (
          <li>
            <a href={hrefOf({ ...address, allJobs: true })} onClick={page.act?.follow}>
              <span class="link">{countText(more)} more…</span>
              <span />
            </a>
          </li>
        )}
      </ul>
    </nav>
  );
}

function JobLink({ page, address, job }: { page: Page; address: GroupsAddress; job: JobCount }) {
  const { value, groups, failing } = job;
  // No selector may ask for what is empty alone; the text of a key has it.
  const q = value === "" ? matcherOf("job", value) : selectorOf("job", value);
  return (
    <li>
      <a
        href={hrefOf(refined(address, { q }))}
        aria-current={address.q === q ? "true" : undefined}
        onClick={page.act?.follow}
      >
        <span>
          <Job name={value} most={100} />
        </span>
        <span class="n">
          {failing > 0 && (
            <span
              class="dot"
              role="img"
              aria-label={`${countText(failing)} failing`}
              title={counted(failing, "failing", "failing")}
            />
          )}
          {countText(groups)}
        </span>
      </a>
    </li>
  );
}
