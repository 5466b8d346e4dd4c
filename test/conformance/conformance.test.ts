import { describe } from "bun:test";
import { Certificates } from "../certificates.ts";
import { answersAlike } from "./answers-alike.ts";
import { Servers } from "./replay.ts";

describe("recorded conversations", () => answersAlike(() => new Servers()));

describe("recorded conversations over TLS", () => {
  const config = "tls_server_config: {cert_file: server.crt, key_file: server.key}";
  answersAlike(() => new Servers(new Certificates().write("web.yml", config)));
});
