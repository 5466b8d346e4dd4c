/** @jsxImportSource preact */
import { addressOfGroup, type GroupsAddress, hrefOf, refined, type Sort } from "./address.ts";
import type { GroupRow } from "./answers.ts";
import { Icon } from "./icons.tsx";
import type { Page } from "./page.ts";
import { seenText, shortened } from "./seen.ts";
import { Age, BadPill, Job, jobOf, Labels, NO_JOB } from "./text.tsx";
import { Turn } from "./turn.tsx";
import { agoText, countText, sizeText } from "./words.ts";

/** Characters of a label in a row; the group's own view has all of them. */
const LABEL_CHARACTERS = 160;
/** Label pairs in a row. */
const PAIRS = 20;

interface TableProps {
  readonly page: Page;
  readonly address: GroupsAddress;
}

/** A page of groups. */
export function GroupTable({ page, address }: TableProps) {
  const { list } = page.answers.value;
  if (list === undefined) return null;
  return (
    <section class="card list" id="list">
      <table class="grid">
        <TableHead page={page} address={address} />
        <tbody>
          {/* A group that comes to another place is drawn anew there: elements that move are a jump to the eye. */}
          {list.groups.map((row, i) => (
            <Row key={`${i} ${row.path}`} page={page} row={row} number={i} stale={address.stale} />
          ))}
        </tbody>
      </table>
      <ListFoot page={page} address={address} />
    </section>
  );
}

const COLUMNS: readonly { title: string; sort: Sort; class?: string }[] = [
  { title: "Group", sort: "labels" },
  { title: "Last push", sort: "-pushed" },
  { title: "Last failure", sort: "-failed" },
  { title: "Series", sort: "-series", class: "num" },
  { title: "Size", sort: "-bytes", class: "num" },
];

function TableHead({ page, address }: TableProps) {
  const { act, answers, selected } = page;
  const rows = answers.value.list?.groups ?? [];
  const areAll = rows.length > 0 && rows.every(({ path }) => selected.value.has(path));
  return (
    <thead>
      <tr>
        <td>
          {page.site.mayDelete && (
            <input
              type="checkbox"
              class="js"
              aria-label="Select all on this page"
              checked={areAll}
              onClick={act?.selectPage}
            />
          )}
        </td>
        {COLUMNS.map((column) => (
          <ColumnHead key={column.title} page={page} address={address} {...column} />
        ))}
      </tr>
    </thead>
  );
}

/** The time of the last push can be sorted by in both directions. */
function ColumnHead({ page, address, title, sort, class: kind }: TableProps & (typeof COLUMNS)[number]) {
  const isUp = address.sort === "pushed" && sort === "-pushed";
  const isSorted = address.sort === sort || isUp;
  const next: Sort = address.sort === "-pushed" && sort === "-pushed" ? "pushed" : sort;
  const ascends = isUp || sort === "labels";
  return (
    <th scope="col" class={kind} aria-sort={isSorted ? (ascends ? "ascending" : "descending") : undefined}>
      <a href={hrefOf(refined(address, { sort: next }))} onClick={page.act?.follow}>
        {title}
        {isSorted && <Icon name={ascends ? "up" : "down"} size={12} />}
      </a>
    </th>
  );
}

interface RowProps {
  readonly page: Page;
  readonly row: GroupRow;
  readonly number: number;
  readonly stale: number;
}

function Row({ page, row, number, stale }: RowProps) {
  const { act, selected } = page;
  const isSelected = selected.value.has(row.path);
  const job = jobOf(row.labels);
  const name = job === "" ? NO_JOB : seenText(shortened(job, LABEL_CHARACTERS));
  return (
    <tr class={page.row.value === number ? "cursor" : undefined} aria-selected={isSelected ? "true" : undefined}>
      <td>
        {page.site.mayDelete && (
          <input
            type="checkbox"
            class="js"
            aria-label={`Select ${name}`}
            checked={isSelected}
            onClick={(event) => act?.select(number, event.shiftKey)}
          />
        )}
      </td>
      <td class="group-cell">
        <a class="group" href={hrefOf(addressOfGroup(row))} data-row={number} onClick={act?.follow}>
          <b>
            <Job name={job} most={LABEL_CHARACTERS} />
          </b>
          <Labels labels={row.labels} most={LABEL_CHARACTERS} pairs={PAIRS} />
        </a>
      </td>
      <td class="when">
        <Age atSeconds={row.push_time_seconds} nowSeconds={page.nowSeconds.value} stale={stale} />
      </td>
      <td class="state">
        <State page={page} row={row} />
      </td>
      <td class="num second hide">{countText(row.series)}</td>
      <td class="num second hide">{row.bytes === 0 ? "—" : sizeText(row.bytes)}</td>
    </tr>
  );
}

function State({ page, row }: { page: Page; row: GroupRow }) {
  if (row.last_push_successful) return <span class="vh">last push succeeded</span>;
  const seconds = page.nowSeconds.value - row.push_failure_time_seconds;
  return <BadPill text={`failed ${agoText(seconds)}`} />;
}

function ListFoot({ page, address }: TableProps) {
  const { list } = page.answers.value;
  if (list === undefined) return null;
  const { before } = address;
  const last = before + list.groups.length;
  const next: GroupsAddress | null =
    list.cursor === null ? null : { ...address, cursor: list.cursor, before: last, asOf: address.asOf ?? list.as_of };
  const isFirst = address.cursor === "";
  return (
    <div class="listfoot">
      <span>
        {countText(before + 1)}–{countText(last)} of {countText(list.matched)}
      </span>
      <span>
        <Turn
          follow={page.act?.follow}
          to={isFirst ? null : hrefOf(refined(address, {}))}
          label={isFirst ? "Previous" : "First"}
          icon="left"
        />
        <Turn follow={page.act?.follow} to={next === null ? null : hrefOf(next)} label="Next" icon="right" />
      </span>
    </div>
  );
}
