/** @jsxImportSource preact */
import { type GroupsAddress, hrefOf, refined } from "./address.ts";
import { ageText } from "./ages.tsx";
import { Icon } from "./icons.tsx";
import type { Page } from "./page.ts";
import { Seen } from "./text.tsx";
import { counted, countText, sizeText } from "./words.ts";

/** How many groups were found, by what, and what can be done with all of them. */
export function ListHead({ page, address }: { page: Page; address: GroupsAddress }) {
  return (
    <div class="listhead">
      <Found page={page} address={address} />
      <Chips page={page} address={address} />
      <span class="end">
        <Newer page={page} />
        <RemoveFound page={page} address={address} />
      </span>
    </div>
  );
}

function Found({ page, address }: { page: Page; address: GroupsAddress }) {
  const { list, spread, runtime } = page.answers.value;
  if (list === undefined) return <span />;
  const isNarrow = address.age !== null || address.state !== null;
  const of = isNarrow ? (spread?.matched ?? list.total) : list.total;
  const isAll = !isNarrow && address.q === "";
  return (
    <span>
      {list.partial && "at least "}
      <b>{countText(list.matched)}</b>{" "}
      {isAll ? counted(list.matched, "group").replace(/^.* /, "") : `of ${counted(of, "group")}`}
      {isAll && runtime !== undefined && (
        <span class="long">
          {" "}
          · {counted(runtime.store.series, "series", "series")} · {sizeText(runtime.store.size_bytes)}
        </span>
      )}
    </span>
  );
}

function Chips({ page, address }: { page: Page; address: GroupsAddress }) {
  const { q, age, state } = address;
  const chips: { words: string; without: Partial<GroupsAddress> }[] = [];
  if (q !== "") chips.push({ words: q.replace(/^\{(.*)\}$/s, "$1"), without: { q: "" } });
  if (age !== null) chips.push({ words: age === 5 ? "older than 1 d" : ageText(age), without: { age: null } });
  if (state !== null) chips.push({ words: state, without: { state: null } });
  return (
    <>
      {chips.map(({ words, without }) => (
        <span class="chip" key={words}>
          <Seen text={words} most={80} />
          <a
            href={hrefOf(refined(address, without))}
            aria-label={`Remove ${words.slice(0, 80)}`}
            onClick={page.act?.follow}
          >
            <Icon name="close" size={12} />
          </a>
        </span>
      ))}
    </>
  );
}

function Newer({ page }: { page: Page }) {
  const newer = page.newer.value;
  if (newer === 0) return null;
  return (
    <button type="button" class="link" onClick={page.act?.showNewer}>
      {countText(newer)} newer, show
    </button>
  );
}

/** Not of all groups: that is to wipe. */
function RemoveFound({ page, address }: { page: Page; address: GroupsAddress }) {
  const { list } = page.answers.value;
  const isAll = address.q.trim() === "" && address.age === null && address.state === null;
  if (!page.site.mayDeleteMany || isAll || list === undefined || list.matched === 0) return null;
  return (
    <button type="button" class="btn danger js" onClick={page.act?.removeFound}>
      <Icon name="trash" />
      Delete these {countText(list.matched)}…
    </button>
  );
}
