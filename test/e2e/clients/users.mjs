// What users of Node's HTTP clients write: node users.mjs SCENE GATEWAY JOB_URL. Prints the statuses of the answers.
import { createReadStream } from "node:fs";
import { Agent, request } from "node:http";
import { connect } from "node:http2";
import { request as requestSecurely, Agent as SecureAgent } from "node:https";
import { Readable } from "node:stream";
import { text } from "node:stream/consumers";

const [, , scene, gateway, job] = process.argv;
const isSecure = gateway.startsWith("https:");
const sample = `some{instance="",job="${new URL(job).pathname.split("/").at(-1)}"} 1\n`;
const big = () => createReadStream(process.env.BIG);
const say = (...words) => process.stdout.write(`${words.join(" ")}\n`);
const agent = new (isSecure ? SecureAgent : Agent)({ keepAlive: true, maxSockets: 1 });

function ask(method, url, body, headers = {}) {
  return new Promise((resolve, reject) => {
    const asked = (isSecure ? requestSecurely : request)(url, { method, headers, agent }, async (answer) => {
      const whole = await text(answer);
      say(answer.statusCode, asked.reusedSocket ? "reused" : "new");
      resolve(whole);
    });
    asked.on("error", reject);
    if (headers.Expect) asked.on("continue", () => body.pipe(asked));
    else if (body instanceof Readable) body.pipe(asked);
    else asked.end(body);
    if (headers.Expect) asked.flushHeaders();
  });
}

async function http() {
  await ask("POST", job, "old 1\n");
  await ask("PUT", job, big());
  await ask("PUT", job, big(), { Expect: "100-continue" });
  await ask("PUT", job, "some 1\n");
  say((await ask("GET", `${gateway}/metrics`)).includes(sample));
  agent.destroy();
}

async function fetched(method, url, options) {
  const answer = await fetch(url, { method, ...options });
  say(answer.status);
  return await answer.text();
}

async function fetching() {
  await fetched("POST", job, { body: "old 1\n" });
  await fetched("PUT", job, { body: Readable.toWeb(big()), duplex: "half" });
  await fetched("DELETE", job);
  await fetched("PUT", job, { body: "some 1\n" });
  say((await fetched("GET", `${gateway}/metrics`)).includes(sample));
}

async function http2() {
  const session = connect(gateway);
  const streams = Array.from({ length: 20 }, (_, n) =>
    session.request({ ":method": "POST", ":path": `${new URL(job).pathname}/n/${n}` }),
  );
  const statuses = streams.map((stream) => new Promise((resolve) => stream.on("response", resolve)));
  for (const stream of streams) stream.end("some 1\n");
  for (const answer of statuses) say((await answer)[":status"]);
  await Promise.all(streams.map((stream) => text(stream)));
  session.close();
}

await { http, fetching, http2 }[scene]();
