import { describe, expect, test } from "bun:test";
import { type AccessFile, parseAccessFile } from "../../src/access/access-file.ts";
import { subjectKey } from "../../src/access/subject.ts";
import { PlacedFault } from "../../src/config/strict-yaml.ts";
import { NO_PRINCIPAL_LIMITS, RIGHTS, type RightName } from "../../src/model/principal.ts";

const HASH = "0123456789abcdef".repeat(4);
const OTHER = "fedcba9876543210".repeat(4);

const parse = (text: string) => parseAccessFile(Buffer.from(text));

function parsed(text: string): AccessFile {
  const file = parse(text);
  if (file instanceof PlacedFault) throw new Error(file.message);
  return file;
}

const sha256 = (token: string) => new Bun.CryptoHasher("sha256").update(token).digest("hex");

describe("who a principal is", () => {
  const file = parsed(`
principals:
  - name: batch-team
    tokens: [${sha256("first")}, ${sha256("second").toUpperCase()}]
    users: [alice, "bób"]
    certificates: [{subject: "CN=batch,O=Example"}, {san: batch.example.org}]
    addresses: [10.0.0.0/8, "fd00::/8"]
  - name: other
    tokens:
      - ${sha256("third")}
    addresses: [10.1.0.0/16, 10.1.2.3, "::ffff:192.0.2.0/120", "2001:db8::1"]
  - {name: nobody}
anonymous:
`);
  const names = (found: { name: string } | null | undefined) => found?.name ?? null;

  const tokens: [token: string, name: string | null][] = [
    ["first", "batch-team"],
    ["second", "batch-team"],
    ["third", "other"],
    ["", null],
    ["First", null],
    [sha256("first"), null],
  ];
  test.each(tokens)("the token %j is that of %j", (token, name) => {
    expect(names(file.tokens.find(token))).toBe(name);
  });

  const addresses: [address: string, name: string | null][] = [
    ["10.9.9.9", "batch-team"],
    ["10.1.9.9", "other"],
    ["::ffff:10.1.9.9", "other"],
    ["10.1.2.3", "other"],
    ["11.0.0.1", null],
    ["192.0.2.77", "other"],
    ["192.0.3.1", null],
    ["fd12::1", "batch-team"],
    ["fd12::1%eth0", "batch-team"],
    ["fe80::1", null],
    ["2001:db8::1", "other"],
    ["2001:db8::2", null],
    ["unknown", null],
    ["", null],
  ];
  test.each(addresses)("the address %j is that of %j: the narrowest network has it", (address, name) => {
    expect(names(file.networks.find(address))).toBe(name);
  });

  test("users, subjects and alternative names are found as they are written", () => {
    expect([...file.users].map(([user, { name }]) => [user, name])).toEqual([
      ["alice", "batch-team"],
      ["bób", "batch-team"],
    ]);
    expect(names(file.subjects.get(subjectKey("O=Example\nCN=batch") ?? ""))).toBe("batch-team");
    expect(names(file.alternativeNames.get("batch.example.org"))).toBe("batch-team");
    expect(file.principals.map(({ name }) => name)).toEqual(["batch-team", "other", "nobody"]);
    expect(file.anonymous?.name).toBe("anonymous");
  });
});

describe("distinguished names are the same, however they are written", () => {
  const cases: [written: string, same: string][] = [
    ["CN=batch,O=Example", "O=Example\nCN=batch"],
    ["CN=batch, O=Example", "CN=batch,O=Example"],
    ["C = DE, O = Example, CN = batch", "CN=batch,O=Example,C=DE"],
    ["cn=batch", "CN=batch"],
    ["CN=a\\, b,O=E", "O=E\nCN=a\\, b"],
    ["CN=a\\2C b", "CN=a\\, b"],
    ["CN=\\C3\\BC", "CN=ü"],
    ["OU=x+CN=y", "CN=y + OU=x"],
    ["CN=a\\ ", "CN=a\\20"],
    ["CN=back\\\\slash", "CN=back\\5Cslash"],
    ["CN=", "CN= "],
    ["2.5.4.3=a", "2.5.4.3=a"],
  ];
  test.each(cases)("%j is %j", (written, same) => {
    expect(subjectKey(written)).not.toBeNull();
    expect(subjectKey(written)).toBe(subjectKey(same));
  });

  const different: [one: string, other: string][] = [
    ["CN=batch,O=Example", "CN=batch"],
    ["CN=batch\\, O=Example", "CN=batch, O=Example"],
    ["CN=batch\\0AO=Example", "CN=batch\nO=Example"],
    ["CN=a,O=b,C=c", "O=b,CN=a,C=c"],
    ["CN=a+O=b", "CN=a,O=b"],
    ["CN=A", "CN=a"],
    ["CN=a", "CN=a\\ "],
  ];
  test.each(different)("%j is not %j", (one, other) => {
    expect(subjectKey(one)).not.toBe(subjectKey(other));
  });

  test.each(["", "batch", "CN", "CN=a,", ",CN=a", "CN=a,,O=b", 'CN="a,b"', "CN=a;O=b", "CN=a\\", "=a", "CN=a+"])(
    "%j is none",
    (written) => {
      expect(subjectKey(written)).toBeNull();
    },
  );
});

describe("what a principal may do", () => {
  const file = parsed(`
principals:
  - name: a
    rights:
      push: ['{team="a",job=~"batch-.*"}', '{job="shared",team!="b"}']
      delete: ['{"label.b"="ä\\"\\\\"}']
      scrape: ['{}']
      read: ['{instance=""}', '{}']
      admin: []
  - {name: b, rights: {push: ['{job=~".*"}']}}
anonymous: {health: yes, rights: {scrape: ['{ }']}}
`);
  const covers = (at: number, right: RightName, key: string) => {
    const reach = file.principals[at]?.reach(right) ?? null;
    return reach === null || reach === "none" ? reach : reach.covers(Buffer.from(key));
  };
  const cases: [right: RightName, key: string, covered: boolean | null | "none"][] = [
    ["push", 'job="batch-1",team="a"', true],
    ["push", 'instance="x",job="batch-1",team="a"', true],
    ["push", 'job="batch-1",team="b"', false],
    ["push", 'job="batch-1"', false],
    ["push", 'job="xbatch-1",team="a"', false],
    ["push", 'job="shared"', true],
    ["push", 'job="shared",team="b"', false],
    ["push", 'job="x\\",team=\\"a"', false],
    ["push", "", false],
    ["delete", '"label.b"="ä\\"\\\\",job="j"', true],
    ["delete", 'job="j"', false],
    ["scrape", 'job="j"', null],
    ["read", 'job="j"', null],
    ["admin", 'job="j"', "none"],
  ];
  test.each(cases)("%s {%s}: %p", (right, key, covered) => {
    expect(covers(0, right, key)).toBe(covered);
  });

  test("only {} is all groups, what is left out is none, and reaches stay the same objects", () => {
    expect(covers(1, "push", "")).toBe(true);
    expect(RIGHTS.map((right) => file.principals[1]?.reach(right) === "none")).toEqual([false, true, true, true, true]);
    expect(file.principals[0]?.reach("push")).toBe(file.principals[0]?.reach("push") ?? null);
    expect(file.anonymous?.reach("scrape")).toBeNull();
    expect(file.isHealthOpen).toBe(true);
    expect(file.principals[0]?.limits).toEqual(NO_PRINCIPAL_LIMITS);
    expect(parsed("principals: [{name: a}]")).toMatchObject({ anonymous: null, isHealthOpen: false });
  });
});

describe("what is wrong in an access file is a fault with its line and column", () => {
  const cases: [text: string, ...faults: string[]][] = [
    ["", "line 1, column 1: there is neither a principal nor anonymous: nobody could do anything"],
    ["principals: []", "line 1, column 1: there is neither a principal nor anonymous: nobody could do anything"],
    ["principals: {", "line 1, column 14: Flow map in block collection must be sufficiently indented and end with a }"],
    ["principals:\n- {name: a, rights: *all}", "line 2, column 21: unknown anchor 'all' referenced"],
    ["principal: []", "line 1, column 1: field principal not found in type access file"],
    ["principals:\n- name: a\n  right: {}", "line 3, column 3: field right not found in type principal"],
    ["principals:\n- name: a\n  rights: {pushes: []}", "line 3, column 12: field pushes not found in type rights"],
    ["principals:\n- name: a\n- name: a\n", 'line 3, column 9: there are two principals "a"'],
    ["principals:\n- name: anonymous", "line 2, column 9: the name anonymous is that of who shows nothing"],
    [
      'principals:\n- tokens: []\n- name: "a b"\n',
      'line 2, column 3: expected a name of 1 to 64 letters, digits, _, . or -, found ""',
      'line 3, column 9: expected a name of 1 to 64 letters, digits, _, . or -, found "a b"',
    ],
    [
      `principals:\n- {name: a, tokens: [${HASH}]}\n- {name: b, tokens: [${OTHER}, ${HASH.toUpperCase()}]}`,
      'line 3, column 88: it is principal "a" already',
    ],
    ["principals: [{name: a, users: [x, y]}, {name: b, users: [y]}]", 'line 1, column 58: it is principal "a" already'],
    [
      "principals:\n- name: a\n  addresses: [10.0.0.1/8]\n- name: b\n  addresses:\n  - 10.9.9.9/8",
      'line 6, column 5: it is principal "a" already',
    ],
    [
      'principals: [{name: a, certificates: [{subject: "CN=a,O=b"}]}, {name: b, certificates: [{subject: "O=b,CN=a"}]}]',
      'line 1, column 89: it is principal "a" already',
    ],
    [
      "principals: [{name: a, certificates: [{}, {subject: CN=a, san: b}, {subject: x}]}]",
      "line 1, column 39: expected a subject or a san",
      "line 1, column 43: expected a subject or a san",
      'line 1, column 68: expected a subject like CN=batch,O=Example, found "x"',
    ],
    [
      "principals: [{name: a, addresses: [10.0.0.0/33]}]",
      'line 1, column 36: invalid network "10.0.0.0/33", expected an address or a CIDR like 10.0.0.0/8 or fd00::/8',
    ],
    [
      'principals:\n- name: a\n  rights:\n    push:\n      - up{a="b"}',
      'line 5, column 9: reading the selector "up{a=\\"b\\"}": expected a selector such as {job="x"}, without a metric name at character 1, found "up{a=\\"b\\"}"',
    ],
    ['principals: [{name: a, rights: {push: [{team: "a"}]}}]', "line 1, column 40: cannot unmarshal !!map into string"],
    [
      "principals: [{name: a, rights: {push: '{}'}}]",
      "line 1, column 39: cannot unmarshal !!str `{}` into list of selectors",
    ],
    [
      "principals: [{name: a, limits: {groups: none}}]",
      'line 1, column 41: invalid number "none", expected a whole number, 0 or more',
    ],
    ["anonymous: {health: 1}", "line 1, column 21: cannot unmarshal !!int `1` into bool"],
    ["anonymous: {name: x}", "line 1, column 13: field name not found in type anonymous principal"],
    [
      "anonymous: {health: true, health: true}",
      "line 1, column 27: field health already set in type anonymous principal",
    ],
  ];
  test.each(cases)("%j", (text, ...faults) => {
    const fault = parse(text);
    expect(fault instanceof PlacedFault && fault.message.split("\n")).toEqual(faults);
  });

  test("a file that is not UTF-8 is none", () => {
    expect(parseAccessFile(Uint8Array.of(0x61, 0xff))).toEqual(
      new PlacedFault([{ line: 1, column: 1, words: "the file is not UTF-8" }]),
    );
  });

  const SECRET = "s3cr3t-t0ken";
  test.each([
    `principals: [{name: a, tokens: [${SECRET}]}]`,
    `principals: [{name: a, tokens: ${SECRET}}]`,
    `principals: [{name: a, tokens: {${SECRET}: 1}}]`,
    `principals: [{name: a, tokens: [{${SECRET}: 1}]}]`,
    `principals: [{name: a, tokens: [[${SECRET}]]}]`,
    `principals: [{name: a, tokens: ${SECRET}, tokens: ${SECRET}}]`,
  ])("no fault shows a token that was written as it is: %j", (text) => {
    const fault = parse(text);
    expect(fault).toBeInstanceOf(PlacedFault);
    expect(fault instanceof PlacedFault && fault.message).not.toContain(SECRET.slice(0, 4));
  });
});
