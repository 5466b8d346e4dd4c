/** @jsxImportSource preact */
import type { Address } from "./address.ts";
import type { Page } from "./page.ts";
import { seenText, shortened } from "./seen.ts";
import { Shell } from "./shell.tsx";
import { jobOf } from "./text.tsx";

const TITLE_CHARACTERS = 80;

/** The page, whatever its view. */
export function App({ page }: { page: Page }) {
  const Over = page.dialogs.value;
  return (
    <>
      <Shell page={page}>
        <View page={page} address={page.address.value} />
      </Shell>
      {Over !== null && <Over page={page} />}
    </>
  );
}

function View({ page, address }: { page: Page; address: Address }) {
  const Shown = page.views.value[address.view];
  return Shown === undefined ? null : <Shown page={page} address={address} />;
}

/** The title of the document. */
export function titleOf(page: Page): string {
  const address = page.address.value;
  const job = page.answers.value.group === undefined ? "Group" : jobOf(page.answers.value.group.group.labels);
  const words = {
    groups: address.view === "groups" && address.q !== "" ? `${address.q} · Groups` : "Groups",
    group: job,
    refused: "Refused",
    status: "Status",
  }[address.view];
  return `${seenText(shortened(words, TITLE_CHARACTERS))} · Pushgateway`;
}
