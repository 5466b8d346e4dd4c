import { describe, expect, test } from "bun:test";
import { escapeLabelName } from "../../src/model/names.ts";
import { findUnscrapable } from "../../src/model/scraped-labels.ts";

describe("escapeLabelName", () => {
  test.each([
    ["a_b", "a_b", "a_b", "a_b"],
    ["a.b", "a_b", "a_dot_b", "U__a_2e_b"],
    ["a:b", "a_b", "a__b", "U__a_3a_b"],
    ["a:b_c.d", "a_b_c_d", "a__b__c_dot_d", "U__a_3a_b__c_2e_d"],
    ["1", "_", "__", "U___31_"],
    ["é", "_", "__", "U___e9_"],
  ])("%p is %p, %p and %p", (name, underscores, dots, values) => {
    expect(escapeLabelName(name, "allow-utf-8")).toBe(name);
    expect(escapeLabelName(name, "underscores")).toBe(underscores);
    expect(escapeLabelName(name, "dots")).toBe(dots);
    expect(escapeLabelName(name, "values")).toBe(values);
  });
});

describe("findUnscrapable", () => {
  test.each([
    [["a", "b_c", "__"], null],
    [["a.b", "a.c", "a__b", "job"], null],
    [["a.b", "job", "a_b"], 'has two or more labels with the same name once escaped: "a.b" and "a_b" are a_b'],
    [["a.b", "a-b"], 'has two or more labels with the same name once escaped: "a.b" and "a-b" are a_b'],
    [["a.b", "a_dot_b"], 'has two or more labels with the same name once escaped: "a.b" and "a_dot_b" are a_dot_b'],
    [
      ["a.b", "U__a_2e_b"],
      'has two or more labels with the same name once escaped: "a.b" and "U__a_2e_b" are U__a_2e_b',
    ],
    [["--name--"], 'has a label with an invalid name once escaped: "--name--" is __name__'],
    [["x", "a\0"], 'has a label with an invalid name: "a\\x00"'],
    [["x", "-name-"], 'has a label with an invalid name once escaped: "-name-" is __name__'],
  ])("%p: %p", (names, fault) => {
    expect(findUnscrapable(names)).toBe(fault);
  });
});
