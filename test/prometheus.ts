import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Type } from "@sinclair/typebox";
import { Value } from "@sinclair/typebox/value";
import { Child, eventually, freePort, programs } from "./program.ts";

const VectorAnswer = Type.Object({
  status: Type.Literal("success"),
  data: Type.Object({
    resultType: Type.Literal("vector"),
    result: Type.Array(
      Type.Object({
        metric: Type.Record(Type.String(), Type.String()),
        value: Type.Tuple([Type.Number(), Type.String()]),
      }),
    ),
  }),
});

const SeriesAnswer = Type.Object({
  status: Type.Literal("success"),
  data: Type.Array(Type.Record(Type.String(), Type.String())),
});

/** A Prometheus of its own, with an empty store, whose configuration is given. */
export class Prometheus {
  readonly #child: Child;
  readonly #folder: string;
  readonly #url: string;

  private constructor(child: Child, folder: string, url: string) {
    this.#child = child;
    this.#folder = folder;
    this.#url = url;
  }

  /** `program` is Debian's unless another one is named; `features` are switched on. */
  static async start(
    configuration: string,
    program = programs.need("prometheus"),
    features: readonly string[] = ["native-histograms"],
  ): Promise<Prometheus> {
    const folder = mkdtempSync(join(tmpdir(), "prometheus-"));
    const port = await freePort();
    writeFileSync(join(folder, "prometheus.yml"), configuration);
    const child = new Child([
      program,
      `--config.file=${join(folder, "prometheus.yml")}`,
      `--storage.tsdb.path=${join(folder, "data")}`,
      `--web.listen-address=127.0.0.1:${port}`,
      `--enable-feature=${features.join(",")}`,
    ]);
    const prometheus = new Prometheus(child, folder, `http://127.0.0.1:${port}`);
    await prometheus.#ready();
    return prometheus;
  }

  /** The instant vector of a query: each series' labels with its value. */
  async query(promql: string): Promise<(Record<string, string> & { value: string })[]> {
    const answer = await fetch(`${this.#url}/api/v1/query?query=${encodeURIComponent(promql)}`);
    const { data } = Value.Parse(VectorAnswer, await answer.json());
    return data.result.map(({ metric, value }) => ({ ...metric, value: value[1] }));
  }

  /** What a path of the API answers. */
  async ask(path: string): Promise<unknown> {
    return (await fetch(`${this.#url}${path}`)).json();
  }

  /** The labels of all series of a selector, or null where it is refused. */
  async series(selector: string): Promise<Record<string, string>[] | null> {
    const answer = await fetch(`${this.#url}/api/v1/series?match[]=${encodeURIComponent(selector)}`);
    if (answer.status === 400) return null;
    return Value.Parse(SeriesAnswer, await answer.json()).data;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#child[Symbol.asyncDispose]();
    rmSync(this.#folder, { recursive: true, force: true });
  }

  async #ready(): Promise<void> {
    try {
      await eventually("Prometheus is ready", async () => {
        if (!this.#child.running) throw new Error(this.#child.stderr);
        return (await fetch(`${this.#url}/-/ready`)).status === 200;
      });
    } catch (problem) {
      await this[Symbol.asyncDispose]();
      throw problem;
    }
  }
}
