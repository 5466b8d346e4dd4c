import { describe } from "bun:test";
import { Certificates } from "../certificates.ts";
import { answersAlike } from "./answers-alike.ts";
import { Servers } from "./replay.ts";

describe("recorded conversations", () => answersAlike(() => new Servers()));

describe("recorded conversations over TLS", () => {
  answersAlike(() => new Servers(new Certificates().tlsConfig()));
});
