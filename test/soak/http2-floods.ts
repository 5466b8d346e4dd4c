import { headersFrame, PREFACE, pingFrame, resetFrame, settingsFrame } from "../e2e/http2-frames.ts";

/** What hostile clients of HTTP/2 send, behind the preface. */

const FIELDS = { ":method": "POST", ":scheme": "https", ":path": "/metrics/job/bad", ":authority": "a" };
const COUNT = 2_000;

const frames = (frame: (n: number) => Buffer): Buffer =>
  Buffer.concat([PREFACE, ...Array.from({ length: COUNT }, (_, n) => frame(n))]);
/** The numbers of a client's streams are odd. */
const stream = (n: number): number => 2 * n + 1;

export const resets = (): Buffer =>
  frames((n) => Buffer.concat([headersFrame(stream(n), FIELDS), resetFrame(stream(n))]));
export const pings = (): Buffer => frames(() => pingFrame());
export const settings = (): Buffer => frames(() => settingsFrame());
export const openStreams = (): Buffer => frames((n) => headersFrame(stream(n), FIELDS));
