import { type Static, Type } from "@sinclair/typebox";
import { readNetwork } from "../config/networks.ts";
import {
  decodeUtf8,
  goType,
  PlacedFault,
  type PlacedWords,
  readPlacedYaml,
  secretType,
  type TextPlace,
  type YamlPath,
} from "../config/strict-yaml.ts";
import { readAnySelector, type Selector } from "../match/selector.ts";
import { Fault } from "../model/fault.ts";
import {
  ANONYMOUS,
  NO_PRINCIPAL_LIMITS,
  type Principal,
  type PrincipalLimits,
  type Reach,
  type RightName,
} from "../model/principal.ts";
import { quoteTokenText } from "../model/quote.ts";
import { Rejection } from "../model/rejection.ts";
import { NetworkTable } from "./network-table.ts";
import { LimitFault, LimitsSection, readPrincipalLimits } from "./principal-limits.ts";
import { reachOf } from "./selector-reach.ts";
import { subjectKey } from "./subject.ts";
import { TokenTable } from "./token-table.ts";

const NAME = /^[A-Za-z0-9_.-]{1,64}$/;
const TOKEN_HASH = /^[0-9a-f]{64}$/i;

const Text = Type.String(goType("string"));
const Texts = (name: string) => Type.Array(Text, goType(name));
/** What somebody may write here is a token as it is. */
const TokenHashes = Type.Array(Type.String(secretType("hash of a token")), secretType("list of hashes of tokens"));
const Certificate = Type.Partial(Type.Object({ subject: Text, san: Text }, goType("certificate")));
const Selectors = Texts("list of selectors");
const Rights = Type.Partial(
  Type.Object(
    { push: Selectors, delete: Selectors, scrape: Selectors, read: Selectors, admin: Selectors } satisfies Record<
      RightName,
      typeof Selectors
    >,
    goType("rights"),
  ),
);

const PrincipalSection = Type.Partial(
  Type.Object(
    {
      name: Text,
      tokens: TokenHashes,
      users: Texts("list of users"),
      certificates: Type.Array(Certificate, goType("list of certificates")),
      addresses: Texts("list of addresses"),
      rights: Rights,
      limits: LimitsSection,
    },
    goType("principal"),
  ),
);
export type PrincipalSection = Static<typeof PrincipalSection>;

/** The access file; docs/access.md explains it. */
const AccessFileSchema = Type.Partial(
  Type.Object(
    {
      principals: Type.Array(PrincipalSection, goType("list of principals")),
      anonymous: Type.Partial(
        Type.Object(
          { health: Type.Boolean(goType("bool")), rights: Rights, limits: LimitsSection },
          goType("anonymous principal"),
        ),
      ),
    },
    goType("access file"),
  ),
);

/** Who may do what. Nothing of it changes. */
export interface AccessFile {
  /** In the order of the file. */
  readonly principals: readonly Principal[];
  /** Who shows nothing and is none of them; null: nobody is let in without being one of them. */
  readonly anonymous: Principal | null;
  /** Whether everybody is told how the server does. */
  readonly isHealthOpen: boolean;
  readonly tokens: TokenTable<Principal>;
  readonly users: ReadonlyMap<string, Principal>;
  /** By `subjectKey`. */
  readonly subjects: ReadonlyMap<string, Principal>;
  /** By the subject alternative names of certificates. */
  readonly alternativeNames: ReadonlyMap<string, Principal>;
  readonly networks: NetworkTable<Principal>;
}

/** An access file, and what is written in it for each principal, in their order. */
export interface PlacedAccessFile {
  readonly file: AccessFile;
  readonly sections: readonly PrincipalSection[];
  readonly placeOf: (path: YamlPath) => TextPlace;
}

/** Reads the bytes of an access file. A fault has all that is wrong, with line and column, and nothing of a token. */
export function parseAccessFile(bytes: Uint8Array): AccessFile | PlacedFault {
  const read = parsePlacedAccessFile(bytes);
  return read instanceof PlacedFault ? read : read.file;
}

/** The same with places. */
export function parsePlacedAccessFile(bytes: Uint8Array): PlacedAccessFile | PlacedFault {
  const text = decodeUtf8(bytes);
  if (text === null) return new PlacedFault([{ line: 1, column: 1, words: "the file is not UTF-8" }]);
  const read = readPlacedYaml(text, AccessFileSchema);
  if (read instanceof PlacedFault) return read;
  const { value, placeOf } = read;
  const faults: PlacedWords[] = [];
  const reader = new AccessReader((path, words) => void faults.push({ ...placeOf(path), words }));
  const { principals = [], anonymous } = value;
  if (principals.length === 0 && anonymous === undefined)
    faults.push({ ...placeOf([]), words: "there is neither a principal nor anonymous: nobody could do anything" });
  for (const [i, section] of principals.entries()) reader.readPrincipal(["principals", i], section);
  const file = reader.file(anonymous);
  if (faults.length === 0) return { file, sections: principals, placeOf };
  return new PlacedFault(faults.sort((a, b) => a.line - b.line || a.column - b.column));
}

/** Takes principals in, one after the other. */
class AccessReader {
  private readonly principals: Principal[] = [];
  private readonly names = new Set<string>();
  private readonly tokens = new TokenTable<Principal>();
  private readonly users = new Map<string, Principal>();
  private readonly subjects = new Map<string, Principal>();
  private readonly alternativeNames = new Map<string, Principal>();
  private readonly networks = new NetworkTable<Principal>();

  constructor(private readonly fault: (path: YamlPath, words: string) => void) {}

  readPrincipal(path: YamlPath, section: PrincipalSection): void {
    const principal = this.principal(path, this.readName(path, section.name), section);
    this.principals.push(principal);
    const each = <Item>(
      field: string,
      items: readonly Item[] = [],
      claim: (item: Item) => Principal | string | null,
    ) => {
      for (const [i, item] of items.entries()) this.claimed([...path, field, i], claim(item));
    };
    each("tokens", section.tokens, (hash) => this.claimToken(hash, principal));
    each("users", section.users, (user) => claim(this.users, user, principal));
    each("certificates", section.certificates, (certificate) => this.claimCertificate(certificate, principal));
    each("addresses", section.addresses, (network) => this.claimNetwork(network, principal));
  }

  file(anonymous: Static<typeof AccessFileSchema>["anonymous"]): AccessFile {
    const { principals, tokens, users, subjects, alternativeNames, networks } = this;
    return {
      principals,
      anonymous: anonymous === undefined ? null : this.principal(["anonymous"], ANONYMOUS, anonymous),
      isHealthOpen: anonymous?.health ?? false,
      tokens,
      users,
      subjects,
      alternativeNames,
      networks,
    };
  }

  private readName(path: YamlPath, name = ""): string {
    if (!NAME.test(name))
      this.fault(
        [...path, "name"],
        `expected a name of 1 to 64 letters, digits, _, . or -, found ${quoteTokenText(name)}`,
      );
    else if (name === ANONYMOUS) this.fault([...path, "name"], `the name ${ANONYMOUS} is that of who shows nothing`);
    else if (this.names.has(name)) this.fault([...path, "name"], `there are two principals ${quoteTokenText(name)}`);
    this.names.add(name);
    return name;
  }

  private principal(
    path: YamlPath,
    name: string,
    { rights = {}, limits = {} }: Pick<PrincipalSection, "rights" | "limits">,
  ): Principal {
    const of = (right: RightName) => reachOf(this.selectors([...path, "rights", right], rights[right]));
    const reaches: Readonly<Record<RightName, Reach>> = {
      push: of("push"),
      delete: of("delete"),
      scrape: of("scrape"),
      read: of("read"),
      admin: of("admin"),
    };
    return { name, limits: this.limits([...path, "limits"], limits), reach: (right) => reaches[right] };
  }

  private selectors(path: YamlPath, texts: readonly string[] = []): readonly Selector[] {
    const read: Selector[] = [];
    for (const [i, text] of texts.entries()) {
      const selector = readAnySelector(text);
      if (selector instanceof Rejection) this.fault([...path, i], selector.message);
      else read.push(selector);
    }
    return read;
  }

  private limits(path: YamlPath, section: Static<typeof LimitsSection>): PrincipalLimits {
    const limits = readPrincipalLimits(section);
    if (!(limits instanceof LimitFault)) return limits;
    this.fault([...path, limits.field], limits.message);
    return NO_PRINCIPAL_LIMITS;
  }

  /** `outcome`: who has claimed the same before, or what is wrong with it. */
  private claimed(path: YamlPath, outcome: Principal | string | null): void {
    if (outcome === null) return;
    this.fault(path, typeof outcome === "string" ? outcome : `it is principal ${quoteTokenText(outcome.name)} already`);
  }

  private claimToken(hash: string, principal: Principal): Principal | string | null {
    if (TOKEN_HASH.test(hash)) return this.tokens.add(hash, principal);
    return "expected the SHA-256 of a token, 64 hexadecimal digits as `pushgateway hash-token` prints them";
  }

  private claimCertificate(
    { subject, san }: Static<typeof Certificate>,
    principal: Principal,
  ): Principal | string | null {
    if ((subject === undefined) === (san === undefined)) return "expected a subject or a san";
    if (san !== undefined) return san === "" ? "expected a name" : claim(this.alternativeNames, san, principal);
    const key = subjectKey(subject ?? "");
    if (key !== null) return claim(this.subjects, key, principal);
    return `expected a subject like CN=batch,O=Example, found ${quoteTokenText(subject ?? "")}`;
  }

  private claimNetwork(text: string, principal: Principal): Principal | string | null {
    const network = readNetwork(text);
    return network instanceof Fault ? network.message : this.networks.add(network, principal);
  }
}

/** Enters a principal, unless there is one already: that one, or null. */
function claim(table: Map<string, Principal>, key: string, principal: Principal): Principal | null {
  const known = table.get(key);
  if (known !== undefined) return known;
  table.set(key, principal);
  return null;
}
