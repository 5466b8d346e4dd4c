/** Frames of HTTP/2 as they stand on the wire (RFC 9113), for what no client does by itself. */

const DATA = 0;
const HEADERS = 1;
const RST_STREAM = 3;
const SETTINGS = 4;
const PING = 6;
const WINDOW_UPDATE = 8;
const ACK = 1;
const END_STREAM = 1;
const END_HEADERS = 4;
const CANCEL = 8;

/** What a client says first. */
export const PREFACE = Buffer.concat([Buffer.from("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"), frame(SETTINGS, 0, 0, [])]);

/** A request's header, each field a literal without Huffman coding (RFC 7541, section 6.2.2). */
export function headersFrame(stream: number, fields: Readonly<Record<string, string>>, isLast = false): Buffer {
  const literals = Object.entries(fields).flatMap(([name, value]) => [0, ...text(name), ...text(value)]);
  return frame(HEADERS, END_HEADERS | (isLast ? END_STREAM : 0), stream, literals);
}

export function dataFrame(stream: number, body: string, isLast = false): Buffer {
  return frame(DATA, isLast ? END_STREAM : 0, stream, [...Buffer.from(body)]);
}

export function resetFrame(stream: number): Buffer {
  return frame(RST_STREAM, 0, stream, [0, 0, 0, CANCEL]);
}

export function pingFrame(): Buffer {
  return frame(PING, 0, 0, [0, 1, 2, 3, 4, 5, 6, 7]);
}

/** How many of these a server has answered: then it has read all that came before them. */
export function pongsIn(received: Buffer): number {
  const pong = frame(PING, ACK, 0, [0, 1, 2, 3, 4, 5, 6, 7]);
  let count = 0;
  for (let at = received.indexOf(pong); at >= 0; at = received.indexOf(pong, at + 1)) count++;
  return count;
}

/** A setting of a kind that nobody knows. */
export function settingsFrame(): Buffer {
  return frame(SETTINGS, 0, 0, [0xff, 0xff, 0, 0, 0, 1]);
}

/** Says that so many more bytes of a stream, or with 0 of all of them, may be sent. */
export function windowFrame(stream: number, sizeBytes: number): Buffer {
  const payload = Buffer.alloc(4);
  payload.writeUInt32BE(sizeBytes);
  return frame(WINDOW_UPDATE, 0, stream, [...payload]);
}

/** length u24 | type u8 | flags u8 | stream u32 | payload */
export function frame(type: number, flags: number, stream: number, payload: readonly number[]): Buffer {
  const head = Buffer.alloc(9);
  head.writeUIntBE(payload.length, 0, 3);
  head.writeUInt8(type, 3);
  head.writeUInt8(flags, 4);
  head.writeUInt32BE(stream, 5);
  return Buffer.concat([head, Buffer.from(payload)]);
}

/** Shorter than 127 bytes. */
function text(value: string): number[] {
  return [value.length, ...Buffer.from(value)];
}
