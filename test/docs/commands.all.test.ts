import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { existsSync, mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { releaseUnderTest } from "../deploy/release.ts";
import { firstAbsentNewer, newerPrograms } from "../newer-programs.ts";
import { commandUnderTest, firstAbsent, requirement, run } from "../program.ts";
import { scratchFolder } from "../scratch.ts";
import { ELSEWHERE } from "./elsewhere.ts";
import { type Block, blocksOf, type Page, readPages, root } from "./pages.ts";

setDefaultTimeout(120_000);

/** A command with the output that its page shows. */
interface Command {
  readonly text: string;
  readonly shown: string;
}

/** The commands of a `console` block: `$ ` begins one, `> ` goes on with it, all else is output. */
function commandsOf({ lines }: Block): Command[] {
  const commands: { text: string; shown: string[] }[] = [];
  for (const line of lines) {
    const last = commands.at(-1);
    if (line.startsWith("$ ")) commands.push({ text: line.slice(2), shown: [] });
    else if (last === undefined) throw new Error(`reading a console block: expected a command, got ${line}`);
    else if (/^>(?: |$)/.test(line) && last.shown.length === 0) last.text += `\n${line.slice(2)}`;
    else last.shown.push(line);
  }
  return commands.map(({ text, shown }) => ({ text, shown: shown.join("\n") }));
}

/** All commands of a page, in order; a block of Python is one. */
function sessionOf(page: Page): Command[] {
  return blocksOf(page).flatMap((block) => {
    if (block.language === "console") return commandsOf(block);
    if (block.language !== "python") return [];
    return [{ text: `/usr/bin/python3 - <<'END'\n${block.lines.join("\n")}\nEND`, shown: "" }];
  });
}

const pages = readPages().filter((page) => !page.path.startsWith("deploy/"));
const sessions = pages.map((page) => ({ path: page.path, commands: sessionOf(page) }));
const shells = pages.flatMap(({ path, text }) =>
  blocksOf({ path, text })
    .filter(({ language }) => language === "sh")
    .flatMap(({ lines }) => lines.map((command) => ({ path, command }))),
);

/** `...` in what is shown stands for any text. */
function isShown(output: string, shown: string): boolean {
  const pattern = shown.split("...").map((part) => part.replaceAll(/[.*+?^${}()|[\]\\]/g, "\\$&"));
  return new RegExp(`^${pattern.join("[\\s\\S]*?")}$`).test(output.trimEnd());
}

/** A network and processes of its own; what is left of it ends with the command. */
const APART = ["unshare", "-rnpf", "--kill-child", "--mount-proc"];

/** What is missing for a network of one's own, or null. */
async function networkMissing(): Promise<string | null> {
  const { code } = await run([...APART, "true"]);
  return code === 0 ? null : "the permission to make namespaces";
}

/** Waits until what a command starts is ready, over HTTP or HTTPS, or wants a password; the engine until it listens. */
function waitFor(command: string): string {
  const [, port = "9091"] = /--web\.listen-address=localhost:(\d+)/.exec(command) ?? [];
  const isReady = /^nats-server /.test(command)
    ? "(exec 3<> /dev/tcp/localhost/4222) 2> /dev/null && break"
    : `for url in http://localhost:${port}/-/ready https://localhost:${port}/-/ready; do
    case $(curl -ks -m 5 -o /dev/null -w '%{http_code}' "$url") in 200 | 401) break 2 ;; esac
  done`;
  return `for ((n = 0; n < 400; n++)); do
  ${isReady}
  sleep 0.05
done`;
}

/**
 * A script that runs the commands one after the other in one shell, in a network of its own. The output and exit code
 * of the nth go to the files n.out and n.code. A command that ends in "&" is waited for until it is ready.
 */
function scriptOf(commands: readonly Command[]): string {
  const steps = commands.map(({ text }, n) => {
    const isServer = text.endsWith("&");
    const output = isServer ? '2>> "$HERE/server.log"' : "2>&1";
    const ready = isServer ? `\n${waitFor(text)}` : "";
    const file = `"$HERE/${n}`;
    return `. ${file}.sh" > ${file}.out" ${output} < /dev/null\necho $? > ${file}.code"${ready}`;
  });
  return ["ip link set lo up", "HERE=$PWD", "cd session", ...steps].join("\n");
}

/** Runs a page's session; the output of each command, and whether it ended with status 0. */
async function play(commands: readonly Command[], folder: string): Promise<{ output: string; isWell: boolean }[]> {
  commands.forEach(({ text }, n) => {
    writeFileSync(join(folder, `${n}.sh`), `${text}\n`);
  });
  writeFileSync(join(folder, "all.sh"), scriptOf(commands));
  // Without a terminal curl shows how far it is.
  writeFileSync(join(folder, ".curlrc"), "no-progress-meter\n");
  const path = `${join(folder, "bin")}:${process.env.PATH}:/usr/sbin:/sbin`;
  const apart = [
    "unshare",
    "-rnpf",
    "--kill-child",
    "--mount-proc",
    "env",
    "-C",
    folder,
    `PATH=${path}`,
    `CURL_HOME=${folder}`,
  ];
  const ended = await run([...apart, "bash", "all.sh"], 100_000);
  const read = (name: string) => (existsSync(join(folder, name)) ? readFileSync(join(folder, name), "utf8") : "");
  if (ended.code !== 0)
    throw new Error(`playing a session: exit code ${ended.code}\n${ended.stderr}${read("server.log")}`);
  return commands.map((_, n) => ({ output: read(`${n}.out`), isWell: read(`${n}.code`) === "0\n" }));
}

const missing =
  firstAbsent("unshare", "ip", "bash", "curl", "openssl", "sqlite3", "objdump", "cc", "prometheus-pushgateway") ??
  firstAbsentNewer("NATS_SERVER");
const { skip, reason } = requirement(
  missing ?? (existsSync("/usr/bin/python3") ? null : "/usr/bin/python3") ?? (await networkMissing()),
);

describe.skipIf(skip)(`the commands of the pages do what the pages show${reason}`, () => {
  let folder = "";

  beforeAll(() => {
    folder = scratchFolder();
  });

  afterAll(() => {
    rmSync(folder, { recursive: true, force: true });
  });

  test.each(sessions.filter(({ commands }) => commands.length > 0))("$path", async ({ path, commands }) => {
    const place = join(folder, path.replaceAll("/", "-"));
    mkdirSync(join(place, "session"), { recursive: true });
    mkdirSync(join(place, "bin"));
    const program = join(place, "bin", "pushgateway");
    writeFileSync(program, `#!/bin/sh\nexec ${commandUnderTest().join(" ")} "$@"\n`, { mode: 0o755 });
    symlinkSync(newerPrograms.need("NATS_SERVER"), join(place, "bin", "nats-server"));
    if (path === "README.md") await releaseUnderTest(join(place, "session"), program);
    const results = await play(commands, place);
    const wrong = commands.flatMap(({ text, shown }, n) => {
      const { output, isWell } = results[n] ?? { output: "", isWell: false };
      // A command that fails on purpose shows what it says.
      return isShown(output, shown) && (isWell || shown !== "") ? [] : [{ text, shown, output, isWell }];
    });
    expect(wrong).toEqual([]);
  });
});

test.skipIf(skip)(`npm start serves, and takes flags behind --${reason}`, async () => {
  const folder = scratchFolder();
  mkdirSync(join(folder, "session"));
  const start = { text: `cd ${root}; npm start -- --web.listen-address=localhost:9091 &`, shown: "" };
  const [, asked] = await play([start, { text: "curl -s localhost:9091/-/ready", shown: "OK" }], folder);
  expect(asked).toEqual({ output: "OK", isWell: true });
});

test("every command in a block of `sh` is run by something else", () => {
  const unknown = shells.filter(({ command }) => !ELSEWHERE.some((known) => known.command.test(command)));
  expect(unknown).toEqual([]);
  for (const { file, words } of ELSEWHERE) expect(readFileSync(join(root, file), "utf8")).toContain(words);
});

test("no page shows a command outside of a block that is run", () => {
  const prompts = pages.flatMap(({ path, text }) =>
    [...text.replaceAll(/^```[\s\S]*?^```$/gm, "").matchAll(/^\s*\$ .*$/gm)].map(([line]) => `${path}: ${line}`),
  );
  expect(prompts).toEqual([]);
});
