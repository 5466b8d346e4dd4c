/** @jsxImportSource preact */
import { type GroupsAddress, hrefOf, MOST_SEARCHED, refined } from "./address.ts";
import { Ages } from "./ages.tsx";
import { Banner } from "./banner.tsx";
import { CopyLine } from "./copy-line.tsx";
import { GroupTable } from "./group-table.tsx";
import { Icon } from "./icons.tsx";
import { JobRail } from "./job-rail.tsx";
import { ListHead } from "./list-head.tsx";
import type { Page, View } from "./page.ts";
import { exampleLines } from "./push-lines.ts";
import { Seen } from "./text.tsx";
import { counted, countText } from "./words.ts";

/** The list of groups: jobs, search, ages, rows. */
export const GroupsView: View = ({ page, address }) => {
  if (address.view !== "groups") return null;
  const { list } = page.answers.value;
  if (list !== undefined && list.total === 0) return <EmptyStore page={page} address={address} />;
  return (
    <div class="with-rail">
      <JobRail page={page} address={address} />
      <div class="stack">
        <h1 class="vh">Groups</h1>
        <Search page={page} address={address} />
        <Ages page={page} address={address} />
        <SearchFault page={page} />
        <ListHead page={page} address={address} />
        {list !== undefined && list.groups.length === 0 ? (
          <NoMatch page={page} address={address} total={list.total} />
        ) : (
          <GroupTable page={page} address={address} />
        )}
        <SelectionBar page={page} />
      </div>
    </div>
  );
};

const PLACEHOLDER = 'Search labels, or match: {job=~"backup.*", env="prod"}';

function Search({ page, address }: { page: Page; address: GroupsAddress }) {
  const { act, isLoading, searchMs, typed } = page;
  const { state, age, sort } = address;
  const kept = { state, age: age === null ? null : String(age), sort: sort === "-pushed" ? null : sort };
  return (
    // biome-ignore lint/a11y/useSemanticElements: browsers of two years ago do not know <search>
    <form
      class={isLoading.value ? "search loading" : "search"}
      role="search"
      action="./"
      method="get"
      onSubmit={(event) => {
        event.preventDefault();
        act?.search();
      }}
    >
      <Icon name="search" />
      <input
        id="search"
        name="q"
        type="search"
        aria-label="Search groups"
        placeholder={PLACEHOLDER}
        value={typed.value}
        maxLength={MOST_SEARCHED}
        autocomplete="off"
        autocapitalize="none"
        spellcheck={false}
        onInput={(event) => act?.typing(event.currentTarget.value)}
      />
      {Object.entries(kept).map(
        ([name, value]) => value !== null && <input key={name} type="hidden" name={name} value={value} />,
      )}
      <span aria-hidden="true">
        {typed.value !== "" && searchMs.value !== null ? `${searchMs.value} ms` : <kbd class="js">/</kbd>}
      </span>
    </form>
  );
}

const FAULT_CHARACTERS = 600;

/** Why a search found nothing new. */
function SearchFault({ page }: { page: Page }) {
  const failure = page.failures.value.list;
  if (failure === undefined || failure.status === 0 || failure.status >= 500) return null;
  const words = failure.message.replace(/^invalid parameter "match\[\]": /, "");
  return (
    <Banner kind="bad" isAlert>
      <b>{failure.status === 410 ? "The list has changed." : "The search cannot be understood."}</b>{" "}
      <Seen text={words} most={FAULT_CHARACTERS} />.
      {page.answers.value.list !== undefined && " The list shows the search before it."}
    </Banner>
  );
}

function NoMatch({ page, address, total }: { page: Page; address: GroupsAddress; total: number }) {
  const cleared = hrefOf(refined(address, { q: "", state: null, age: null }));
  return (
    <section class="card empty">
      <h2>No group matches</h2>
      <p class="second">
        Searched all {counted(total, "group")}
        {address.q !== "" && (
          <>
            {" "}
            for{" "}
            <code>
              <Seen text={address.q} most={200} />
            </code>
          </>
        )}
        {address.age !== null && ", of one age"}
        {address.state === "failing" && ", that fail"}.
      </p>
      <a class="btn" href={cleared} onClick={page.act?.follow}>
        Clear the search <kbd class="js">Esc</kbd>
      </a>
    </section>
  );
}

/** Greets with lines to try. */
function EmptyStore({ page, address }: { page: Page; address: GroupsAddress }) {
  return (
    <div class="stack narrow">
      <h1 class="vh">Groups</h1>
      <Search page={page} address={address} />
      <section class="card empty">
        <Icon name="push" size={28} />
        <h2>Nothing has been pushed yet</h2>
        {page.site.mayPush && (
          <p class="second">Try it from a shell, or from a program. The group shows up here at once.</p>
        )}
        {page.site.mayPush &&
          exampleLines(page.url.value).map(({ what, text }) => (
            <div class="example" key={what}>
              <p class="quiet">{what}</p>
              <CopyLine page={page} text={text} />
            </div>
          ))}
      </section>
    </div>
  );
}

/** What can be done with the groups that are selected. */
function SelectionBar({ page }: { page: Page }) {
  const { act, selected } = page;
  const { size } = selected.value;
  if (size === 0) return null;
  return (
    <div class="actions" role="toolbar" aria-label="Selected groups">
      <span>
        <b>{countText(size)}</b> selected
      </span>
      <span class="long quiet">
        <kbd>x</kbd> select <kbd>Esc</kbd> clear
      </span>
      <button type="button" class="btn" onClick={act?.copySelection}>
        <Icon name="copy" size={14} />
        <span>
          Copy<span class="long"> as matchers</span>
        </span>
      </button>
      <button type="button" class="btn danger" onClick={() => act?.removeGroups([...selected.value.values()])}>
        <Icon name="trash" />
        Delete {countText(size)}…
      </button>
    </div>
  );
}
