/** @jsxImportSource preact */
import { Icon } from "./icons.tsx";
import type { Actions } from "./page.ts";

interface TurnProps {
  readonly follow: Actions["follow"] | undefined;
  /** A link; null: there is no such page. */
  readonly to: string | null;
  readonly label: string;
  readonly icon: "left" | "right";
}

/** To another page of something long. */
export function Turn({ follow, to, label, icon }: TurnProps) {
  const content = icon === "left" ? [<Icon key="i" name={icon} />, label] : [label, <Icon key="i" name={icon} />];
  if (to === null)
    return (
      <span class="btn" aria-disabled="true">
        {content}
      </span>
    );
  return (
    <a class="btn" rel={icon === "right" ? "next" : "prev"} href={to} onClick={follow}>
      {content}
    </a>
  );
}
