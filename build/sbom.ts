import type { Component } from "./components.ts";

/** The bill of materials of a release in CycloneDX's JSON: https://cyclonedx.org/docs/1.6/json/ */
export function billOfMaterials(
  release: { readonly name: string; readonly version: string; readonly time: Date; readonly sha256: string },
  components: readonly Component[],
): string {
  const { name, version, time, sha256 } = release;
  const packageUrl = `pkg:generic/${name}@${version}`;
  const bill = {
    bomFormat: "CycloneDX",
    specVersion: "1.6",
    serialNumber: `urn:uuid:${uuidOf(sha256)}`,
    version: 1,
    metadata: {
      timestamp: time.toISOString(),
      component: {
        type: "application",
        "bom-ref": packageUrl,
        name,
        version,
        hashes: [{ alg: "SHA-256", content: sha256 }],
        licenses: [{ license: { id: "Apache-2.0" } }],
        purl: packageUrl,
      },
    },
    components: components.map(componentEntry),
    dependencies: [{ ref: packageUrl, dependsOn: components.map((component) => component.packageUrl) }],
  };
  return `${JSON.stringify(bill, null, 2)}\n`;
}

function componentEntry({ name, version, licence, packageUrl, sha512 }: Component) {
  const isExpression = licence.includes(" ");
  return {
    type: "library",
    "bom-ref": packageUrl,
    name,
    version,
    ...(sha512 === null ? {} : { hashes: [{ alg: "SHA-512", content: sha512 }] }),
    licenses: [isExpression ? { expression: licence } : { license: { id: licence } }],
    purl: packageUrl,
  };
}

/** A UUID of version 8 (RFC 9562, section 5.8) from a hash: the same release has the same. */
function uuidOf(sha256: string): string {
  const [a, b, c, d, e] = [
    sha256.slice(0, 8),
    sha256.slice(8, 12),
    sha256.slice(13, 16),
    sha256.slice(17, 20),
    sha256.slice(20, 32),
  ];
  return `${a}-${b}-8${c}-8${d}-${e}`;
}
