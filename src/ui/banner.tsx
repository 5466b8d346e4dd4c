/** @jsxImportSource preact */
import type { ComponentChildren } from "preact";
import { Icon } from "./icons.tsx";

interface BannerProps {
  readonly kind: "bad" | "warn";
  /** Whether screen readers say it at once. */
  readonly isAlert?: boolean;
  readonly children: ComponentChildren;
}

/** What must not be overlooked. */
export function Banner({ kind, isAlert = false, children }: BannerProps) {
  return (
    <section class={`banner ${kind}`} role={isAlert ? "alert" : "note"}>
      <Icon name="alert" size={18} />
      <div>{children}</div>
    </section>
  );
}
