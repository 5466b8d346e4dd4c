import type { Draw } from "./first-page.ts";

/** For the server, which knows nothing of the types of the browser. */
export declare const draw: Draw;
