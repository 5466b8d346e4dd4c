/** The runtime's own llhttp, as far as it is used here (docs/workarounds.md, `llhttp`). */
declare module "node:_http_common" {
  export class HTTPParser {
    static readonly REQUEST: number;
    static readonly kOnHeaders: 1;
    static readonly kOnHeadersComplete: 2;
    static readonly kOnBody: 3;
    static readonly kOnMessageComplete: 4;
    static readonly kLenientOptionalCRBeforeLF: number;
    initialize(type: number, resource: object, maxHeaderBytes: number, flags: number): void;
    execute(bytes: Uint8Array): number | (Error & { code: string; reason: string; bytesParsed: number });
    [HTTPParser.kOnHeaders]: (fields: string[], url: string) => void;
    [HTTPParser.kOnHeadersComplete]: (major: number, minor: number, fields: string[] | undefined) => number;
    [HTTPParser.kOnBody]: (bytes: Uint8Array) => void;
    [HTTPParser.kOnMessageComplete]: () => void;
  }
}
