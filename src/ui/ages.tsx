/** @jsxImportSource preact */
import { type GroupsAddress, hrefOf, refined } from "./address.ts";
import type { Facets } from "./answers.ts";
import type { Page } from "./page.ts";
import { BadPill } from "./text.tsx";
import { countText } from "./words.ts";

const AGES = ["under 1 min", "under 5 min", "under 1 h", "under 6 h", "under 1 day", "older"] as const;
/** Share of the bar, in per cent, that an age has at least, so that it can be seen. */
const LEAST_SHARE = 1;

/** The words of an age, by its number. */
export const ageText = (age: number): string => AGES[age] ?? "";

/** How the groups that were found are spread over ages, to choose one; and how many fail. */
export function Ages({ page, address }: { page: Page; address: GroupsAddress }) {
  const { list, spread } = page.answers.value;
  const facets = (spread ?? list)?.facets;
  if (facets === undefined) return null;
  const follow = page.act?.follow;
  return (
    <section class="card ages" aria-label="Groups by age of their last push">
      <AgesBar ages={facets.ages} />
      <ul>
        {AGES.map((words, age) => (
          <li key={words}>
            <a
              href={hrefOf(refined(address, { age: address.age === age ? null : age }))}
              aria-current={address.age === age ? "true" : undefined}
              onClick={follow}
            >
              <span class={`sq a${age}`} />
              <b>{countText(facets.ages[age] ?? 0)}</b>
              {words}
            </a>
          </li>
        ))}
        <li>
          <Failing page={page} address={address} facets={facets} />
        </li>
      </ul>
    </section>
  );
}

function Failing({ page, address, facets }: { page: Page; address: GroupsAddress; facets: Facets }) {
  const isChosen = address.state === "failing";
  const text = `${countText(facets.failing)} failing`;
  return (
    <a
      href={hrefOf(refined(address, { state: isChosen ? null : "failing" }))}
      aria-current={isChosen ? "true" : undefined}
      onClick={page.act?.follow}
    >
      {facets.failing > 0 ? <BadPill text={text} /> : <span class="quiet">{text}</span>}
    </a>
  );
}

/** Ages side by side, each as wide as its share. */
function AgesBar({ ages }: { ages: readonly number[] }) {
  let at = 0;
  return (
    <svg class="ages-bar" aria-hidden="true">
      {sharesOf(ages).map((share, age) => {
        const x = at;
        at += share;
        return (
          share > 0 && (
            <rect
              key={AGES[age]}
              class={`a${age}`}
              x={`${x.toFixed(2)}%`}
              width={`${share.toFixed(2)}%`}
              height="100%"
              rx="2"
            />
          )
        );
      })}
    </svg>
  );
}

/** In per cent, together a hundred; what is not nothing has at least what can be seen. */
function sharesOf(ages: readonly number[]): number[] {
  const total = ages.reduce((sum, count) => sum + count, 0);
  const raised = ages.map((count) => (count === 0 ? 0 : Math.max(LEAST_SHARE, (100 * count) / total)));
  const sum = raised.reduce((all, share) => all + share, 0);
  return raised.map((share) => (sum === 0 ? 0 : (100 * share) / sum));
}
