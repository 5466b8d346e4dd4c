import { expect, spyOn, test } from "bun:test";
import { KnownPush } from "../../src/store/admission/known-push.ts";
import type { Snapshot } from "../../src/store/table/snapshot.ts";
import { ask, createTestApp, scrape, type TestApp } from "../app.ts";
import { seededRandom } from "../telemetry/fixtures.ts";

const seed = Number(process.env.FORMS_SEED ?? Math.floor(Math.random() * 2 ** 31));

/** Bodies; each @ is a value. */
const FORMS = [
  '# HELP a A.\n# TYPE a gauge\na @\n# HELP b B.\n# TYPE b counter\nb{x="1"} @\nb{x="2"} @\n',
  '# HELP a A.\n# TYPE a gauge\na @\n# HELP b B.\n# TYPE b counter\nb{x="1"} @\nb{x="3"} @\n',
  "# HELP a Another.\n# TYPE a gauge\na @\n",
  "# TYPE a counter\na @\n",
  'b{x="1"} @\na @\n',
  'u @\nv{job="own",z="a b } c"} @\n \t\n#note\n  w\t@\n',
  "# TYPE a gauge\na @\n# TYPE push_failure_time_seconds gauge\npush_failure_time_seconds @\n",
  "# TYPE a gauge\na @\npush_time_seconds @\n",
  '# HELP h H.\n# TYPE h histogram\nh_bucket{le="1"} @\nh_bucket{le="+Inf"} @\nh_sum @\nh_count @\na @\n',
  '# TYPE s summary\ns{quantile="0.5"} @\ns_sum @\ns_count @\n',
  "# TYPE empty gauge\n# HELP a A.\n# TYPE a gauge\na @\n",
  '{"na.me", "l\\"l"="v"} @\na @\n',
  'a{l="line\\nend"} @\na{l=""} @\na{l="} 1"}@\n',
  "a @\na @\n",
  "E@\n",
  'a @\n E@\n"q b"@\n',
] as const;

const VALUES = [
  ["0", "1", "7", "42", "123456", "0.5", "12.25", "-3", "99.125"],
  [
    "1.0",
    "2.50",
    "1000000",
    "1e6",
    "1.5e+06",
    "0.00001",
    "1e-7",
    "12345678901234567",
    "123.45678901234567",
    "1E3",
    "+5",
  ],
  ["NaN", "nan", "+Inf", "-Inf", "inf", "-0", "0x1p4", "00012", ".5", "5.", "1e308", "5e-324"],
  ["1e999", "abc", "", "1 2", "1 ", "1\r", "1_000", "{", '"', "1}"],
] as const;

const PATHS = ["/job/j", "/job/j/x/1", "/job/k/instance/i", "/job/k", "/job@base64/a8O8"] as const;

class Pushes {
  readonly random = seededRandom(seed);

  below(limit: number): number {
    return Math.floor(this.random() * limit);
  }

  pick<T>(all: readonly T[]): T {
    return all[this.below(all.length)] as T;
  }

  value(): string {
    const luck = this.random();
    return this.pick(VALUES[luck < 0.7 ? 0 : luck < 0.9 ? 1 : luck < 0.985 ? 2 : 3]);
  }

  body(): string {
    // Mostly the first ones, so that a group gets one form again and again.
    const form = this.random() < 0.85 ? FORMS[this.below(3)] : this.pick(FORMS);
    return (form ?? FORMS[0]).replaceAll("@", () => this.value());
  }
}

const both = async (apps: readonly TestApp[], act: (one: TestApp, index: number) => Promise<unknown>) => {
  const [known, parsed] = await Promise.all(apps.map(act));
  expect(known).toEqual(parsed);
};

const linesOf = (snapshot: Snapshot): string =>
  [...snapshot.eachFamily()]
    .flatMap(({ pages }) => pages.map(({ bytes, used }) => Buffer.from(bytes.subarray(0, used)).toString()))
    .join("");

const shown = async ({ app }: TestApp, accept: string): Promise<string> => {
  const text = await scrape(app, { Accept: accept });
  return text.replace(/^pushgateway_http_push_.*$|^go_.*$|^process_.*$/gm, "");
};

/** Has two apps take so many pushes, one by their known forms and one by parsing, as tests. */
export function knownFormsTests(steps: number): void {
  for (const flags of [[], ["--push.enable-utf8-names"], ["--push.disable-consistency-check"]])
    test(`pushes of a known form leave what parsing them leaves: ${flags.join(" ") || "as it comes"} (FORMS_SEED=${seed})`, async () => {
      const stored = spyOn(KnownPush.prototype, "storeOn");
      const pushes = new Pushes();
      const apps = [0, 1].map(() => createTestApp("--web.enable-admin-api", ...flags));
      let held: { readonly snapshot: Snapshot; readonly lines: string } | null = null;
      for (let step = 0; step < steps; step++) {
        for (const one of apps) one.nowMs += 1 + (step % 3);
        const path = `/metrics${pushes.pick(PATHS)}`;
        const luck = pushes.random();
        if (luck < 0.02) await both(apps, async ({ app }) => (await ask(app, "DELETE", path)).status);
        else if (luck < 0.022)
          await both(apps, async ({ app }) => (await ask(app, "PUT", "/api/v1/admin/wipe")).status);
        else {
          const method = pushes.pick(["PUT", "POST"]);
          const body = pushes.body();
          await both(apps, async ({ app }, index) => {
            // A comment that is another each time makes a form of its own of each push.
            const response = await ask(app, method, path, { body: index === 0 ? body : `${body}# ${step}\n` });
            return { status: response.status, text: await response.text(), body };
          });
        }
        if (step % 20 === 0) {
          for (const { context } of apps) context.smallPushes.verify();
          if (held !== null) expect(linesOf(held.snapshot)).toBe(held.lines);
          held?.snapshot.release();
          await both(apps, (one) => shown(one, "text/plain"));
          await both(apps, (one) =>
            shown(one, "application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily"),
          );
          await both(apps, async ({ app }) => (await ask(app, "GET", "/api/v1/metrics")).json());
          // A scrape may still change what is shown of what cannot be shown together: that holds the pages before.
          const snapshot = (apps[0] as TestApp).store.snapshot();
          held = { snapshot, lines: linesOf(snapshot) };
        }
      }
      held?.snapshot.release();
      const wantsNone = flags.includes("--push.disable-consistency-check");
      if (wantsNone) expect(stored).toHaveBeenCalledTimes(0);
      else expect(stored.mock.calls.length).toBeGreaterThan(steps / 10);
      stored.mockRestore();
    });
}
