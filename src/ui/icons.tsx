/** @jsxImportSource preact */
/** Drawn in a square of 24 by lines of the text's colour. */
const LINES = {
  search: "M18 11a7 7 0 1 1-14 0 7 7 0 0 1 14 0ZM20 20l-3.8-3.8",
  pause: "M9 5v14M15 5v14",
  play: "M7 5v14l12-7Z",
  theme: "M20 14.5A8 8 0 0 1 9.5 4 8 8 0 1 0 20 14.5Z",
  help: "M9.2 9a2.9 2.9 0 1 1 4.3 2.6c-.9.5-1.5 1.1-1.5 2.1v.5M12 18v.01M21 12a9 9 0 1 1-18 0 9 9 0 0 1 18 0Z",
  alert: "M12 3 2 20h20L12 3ZM12 10v4M12 17.5v.01",
  check: "m5 12 5 5L20 7",
  down: "M12 5v14M6 13l6 6 6-6",
  up: "M12 19V5M6 11l6-6 6 6",
  left: "m15 6-6 6 6 6",
  right: "m9 6 6 6-6 6",
  close: "M6 6l12 12M18 6 6 18",
  trash: "M4 7h16M10 11v6M14 11v6M6 7l1 13h10l1-13M9 7V4h6v3",
  copy: "M11 9h7a2 2 0 0 1 2 2v7a2 2 0 0 1-2 2h-7a2 2 0 0 1-2-2v-7a2 2 0 0 1 2-2ZM5 15H4V5a1 1 0 0 1 1-1h10v1",
  save: "M12 4v11M7 11l5 5 5-5M4 20h16",
  push: "M4 20h16M12 16V4M7 9l5-5 5 5",
} as const;
export type IconName = keyof typeof LINES;

export function Icon({ name, size = 16 }: { name: IconName; size?: number }) {
  return (
    <svg
      class={`icon-${name}`}
      width={size}
      height={size}
      viewBox="0 0 24 24"
      fill="none"
      stroke="currentColor"
      stroke-width="2"
      stroke-linecap="round"
      stroke-linejoin="round"
      aria-hidden="true"
    >
      <path d={LINES[name]} />
    </svg>
  );
}

export function Logo() {
  return (
    <svg width="22" height="22" viewBox="0 0 22 22" aria-hidden="true">
      <rect width="22" height="22" rx="6" fill="currentColor" />
      <path
        d="M5.5 16.5h11M11 13V5.5M7.8 8.4 11 5.2l3.2 3.2"
        fill="none"
        stroke="#fff"
        stroke-width="1.9"
        stroke-linecap="round"
        stroke-linejoin="round"
      />
    </svg>
  );
}
