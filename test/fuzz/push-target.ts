import { PushColumns } from "../../src/model/columns.ts";
import { OpenMetricsParser } from "../../src/parse/openmetrics.ts";
import { ProtobufParser } from "../../src/parse/protobuf.ts";
import { TextParser } from "../../src/parse/text.ts";
import { ask, createTestApp, type TestApp } from "../app.ts";
import { PROTOBUF_TYPE } from "../e2e/protobuf.ts";
import type { Target } from "./loop.ts";

/** So many pushes go to one app: what was taken before decides on what is taken later. */
const PUSHES_AN_APP = 100;
/** How often a body that was taken is pushed once more. */
const REPETITIONS = 2;
const FLAGS = ["--push.enable-utf8-names", "--web.enable-openmetrics"];
const OPENMETRICS = "application/openmetrics-text; version=1.0.0";
const GROUPS = ["/job/j", "/job/j/instance/i", "/job/k/path@base64/Lw", "/job/k"];

/**
 * Bodies pushed to a whole app. Whatever is pushed, the app answers 200, 400 or 413, and everything that it shows
 * afterwards can be read: its text, its protobuf and its OpenMetrics by our own parsers, its JSON, its page.
 */
export class PushTarget implements Target {
  readonly maxBytes = 1 << 14;
  private test: TestApp = createTestApp(...FLAGS);
  private pushes = 0;

  constructor(
    readonly name: string,
    readonly seeds: readonly Uint8Array[],
    readonly words: readonly Uint8Array[],
    private readonly contentType: string,
  ) {}

  readonly read = async (input: Uint8Array): Promise<string> => {
    if (++this.pushes % PUSHES_AN_APP === 0) this.test = createTestApp(...FLAGS);
    const answer = await this.push(input);
    const text = await answer.text();
    if (![200, 400, 413].includes(answer.status))
      throw new Error(`answered ${answer.status}: ${text}${this.test.logged.at(-1)}`);
    this.test.logged.length = 0;
    if (answer.status !== 200)
      return `${answer.status} ${text.split('"', 2).join("").replace(/\d+/g, "0").slice(0, 120)}`;
    // What comes again and again is known by its form.
    for (let time = 0; time < REPETITIONS; time++) await this.push(input);
    await this.checkSurfaces();
    return `200 ${Math.ceil(Math.log2(this.test.store.stats.series + 1))}`;
  };

  private push(input: Uint8Array): Promise<Response> {
    const path = `/metrics${GROUPS[input.length % GROUPS.length]}`;
    const headers = { "content-type": this.contentType };
    const method = input.length % 3 === 0 ? "PUT" : "POST";
    return ask(this.test.app, method, path, { body: Buffer.from(input), headers });
  }

  private async checkSurfaces(): Promise<void> {
    const { app } = this.test;
    const text = await ask(app, "GET", "/metrics", { headers: { accept: "text/plain; escaping=allow-utf-8" } });
    const parsed = new TextParser(new PushColumns(), true).parse(await text.bytes());
    if (parsed !== null) throw new Error(`the exposition cannot be read: ${parsed.message}`);
    const protobuf = await ask(app, "GET", "/metrics", { headers: { accept: PROTOBUF_TYPE } });
    const read = new ProtobufParser(new PushColumns()).parse(await protobuf.bytes());
    if (read !== null) throw new Error(`the protobuf exposition cannot be read: ${read.message}`);
    const openMetrics = await ask(app, "GET", "/metrics", {
      headers: { accept: `${OPENMETRICS}; escaping=allow-utf-8` },
    });
    const strict = new OpenMetricsParser(new PushColumns(), true).parse(await openMetrics.bytes());
    if (strict !== null) throw new Error(`the OpenMetrics exposition cannot be read: ${strict.message}`);
    JSON.parse(await (await ask(app, "GET", "/api/v1/metrics")).text());
    const page = await (await ask(app, "GET", "/")).text();
    if (!page.endsWith("</html>\n")) throw new Error("the page has no end");
  }
}
