import type { Component } from "./component.ts";

/** What a bill of materials is of. */
export interface Product {
  readonly name: string;
  readonly version: string;
  readonly type: "application" | "container";
  readonly time: Date;
  /** Of its content. */
  readonly sha256: string;
}

/** The bill of materials of a program or an image in CycloneDX's JSON: https://cyclonedx.org/docs/1.6/json/ */
export function billOfMaterials(product: Product, components: readonly Component[]): string {
  const { name, version, type, time, sha256 } = product;
  const packageUrl = `pkg:generic/${name}@${version}`;
  const bill = {
    bomFormat: "CycloneDX",
    specVersion: "1.6",
    serialNumber: `urn:uuid:${uuidOf(sha256)}`,
    version: 1,
    metadata: {
      timestamp: time.toISOString(),
      component: {
        type,
        "bom-ref": packageUrl,
        name,
        version,
        hashes: [{ alg: "SHA-256", content: sha256 }],
        licenses: [{ license: { id: "Apache-2.0" } }],
        purl: packageUrl,
      },
    },
    components: components.map(componentEntry),
    dependencies: [
      { ref: packageUrl, dependsOn: partsOf(null, components) },
      ...components
        .map((component) => ({ ref: component.packageUrl, dependsOn: partsOf(component.packageUrl, components) }))
        .filter(({ dependsOn }) => dependsOn.length > 0),
    ],
  };
  return `${JSON.stringify(bill, null, 2)}\n`;
}

function partsOf(whole: string | null, components: readonly Component[]): string[] {
  return components.filter(({ partOf }) => partOf === whole).map(({ packageUrl }) => packageUrl);
}

function componentEntry({ name, version, licence, packageUrl, cpe, sha512 }: Component) {
  const isExpression = licence.includes(" ");
  return {
    type: "library",
    "bom-ref": packageUrl,
    name,
    version,
    ...(sha512 === null ? {} : { hashes: [{ alg: "SHA-512", content: sha512 }] }),
    licenses: [isExpression ? { expression: licence } : { license: { id: licence } }],
    ...(cpe === null ? {} : { cpe }),
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
