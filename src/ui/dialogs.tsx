/** @jsxImportSource preact */
import { HelpDialog } from "./help.tsx";
import type { Page } from "./page.ts";
import { RemovalDialog } from "./removal.tsx";

/** What is shown over the page. */
export function Dialogs({ page }: { page: Page }) {
  return (
    <>
      <RemovalDialog page={page} />
      <HelpDialog page={page} />
    </>
  );
}
