/** A part of the program or of an image, as NOTICE and the bill of materials name it. */
export interface Component {
  readonly name: string;
  readonly version: string;
  /** An SPDX expression. */
  readonly licence: string;
  /** Where it comes from: https://github.com/package-url/purl-spec */
  readonly packageUrl: string;
  /** By which vulnerabilities of it are listed, null where they are not: https://nvd.nist.gov/products/cpe */
  readonly cpe: string | null;
  /** The package URL of the component that it is a part of, null where it is one of its own. */
  readonly partOf: string | null;
  /** What else NOTICE says of it. */
  readonly remark: string;
  /** The texts of its licences. */
  readonly licenceTexts: readonly string[];
  /** SHA-512 of the package as npm knows it, in hex; null where it is not from npm. */
  readonly sha512: string | null;
}
