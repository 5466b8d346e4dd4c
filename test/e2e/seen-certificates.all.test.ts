import { describe, expect, test } from "bun:test";
import { TlsStand, tlsTests } from "./tls.ts";

describe.skipIf(tlsTests.skip)(`clients without the certificate that is asked for${tlsTests.reason}`, () => {
  test("are counted by reason, and logged with where they came from", async () => {
    const stand = await TlsStand.create();
    const section = "client_auth_type: RequireAndVerifyClientCert, client_ca_file: ca.crt";
    await using gateway = await stand.secure(section);
    for (const name of ["", "stranger"]) await stand.curl(gateway, "/metrics", ...stand.presenting(name));
    const { stdout } = await stand.curl(gateway, "/metrics", ...stand.presenting("client"));
    expect(stdout).toContain(`pushgateway_http_refused_total{reason="client-certificate"} 2\n`);
    expect(gateway.stderr).toMatch(
      /msg="refused a request" logged_source=127\.0\.0\.1:\d+ .*reason=client-certificate/,
    );
  });

  test("and those with it are named by it, where they have something removed", async () => {
    const stand = await TlsStand.create();
    const section = "client_auth_type: RequireAndVerifyClientCert, client_ca_file: ca.crt";
    await using gateway = await stand.secure(section);
    for (const version of ["--http1.1", "--http2"])
      await stand.curl(gateway, "/metrics/job/j", "-XDELETE", version, ...stand.presenting("client"));
    const told = gateway.stderr.match(/msg="nothing to delete.* logged_source=127\S+ certificate="CN=client"$/gm);
    expect(told).toHaveLength(2);
  });
});
