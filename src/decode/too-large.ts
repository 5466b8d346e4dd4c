import { limited, type Rejection } from "../model/rejection.ts";

/** What comes out of a body is more than it may be; `encoding` is "" or a word with a blank behind it. */
export function tooLarge(encoding: string, maxSizeBytes: number): Rejection {
  const words = `decoding the ${encoding}body: more than the limit of ${maxSizeBytes} bytes`;
  return limited("too-large", words, "push.max-decompressed-size");
}
