import { describe, expect, test } from "bun:test";
import { parseExternalUrl } from "../../src/config/external-url.ts";
import { Fault } from "../../src/model/fault.ts";

describe("a URL is read and printed as Go's url.Parse and String have it", () => {
  const cases: [url: string, path: string, text: string][] = [
    ["", "", ""],
    ["http://h", "", "http://h"],
    ["http://h/", "/", "http://h/"],
    ["HTTP://H:9091/a/b", "/a/b", "http://H:9091/a/b"],
    ["https://u:p%40@h/a", "/a", "https://u:p%40@h/a"],
    ["http://[::1]:9091/a", "/a", "http://[::1]:9091/a"],
    ["http://[fe80::1%25eth0]/a", "/a", "http://[fe80::1%25eth0]/a"],
    ["http://h:/a", "/a", "http://h:/a"],
    ["http://h/a b", "/a b", "http://h/a%20b"],
    ["http://h/a%2fb", "/a/b", "http://h/a%2fb"],
    ["http://h/ä", "/ä", "http://h/%C3%A4"],
    ["http://ä/", "/", "http://%C3%A4/"],
    ["http://h/a?q=1#f", "/a", "http://h/a?q=1#f"],
    ["http://h/a?", "/a", "http://h/a?"],
    ["http://h/a#x y", "/a", "http://h/a#x%20y"],
    ["http:/a", "/a", "http:/a"],
    ["http:///a", "/a", "http:///a"],
    ["http://", "", "http:"],
    ["/a/b", "/a/b", "/a/b"],
    ["a/b", "a/b", "a/b"],
    ["//h/a", "/a", "//h/a"],
    ["*", "*", "*"],
    ["localhost:9091/a", "", "localhost:9091/a"],
    ["host.example:9091", "", "host.example:9091"],
  ];
  for (const [url, path, text] of cases) {
    test(JSON.stringify(url), () => {
      expect(parseExternalUrl(url)).toEqual({ path, text });
      expect(parseExternalUrl(text)).toEqual({ path, text });
    });
  }
});

describe("what is no URL is refused in Go's words", () => {
  const cases: [url: string, words: string][] = [
    [":x", 'parse ":x": missing protocol scheme'],
    ["127.0.0.1:9091/a", 'parse "127.0.0.1:9091/a": first path segment in URL cannot contain colon'],
    ["http://h/\n", 'parse "http://h/\\n": net/url: invalid control character in URL'],
    ["http://h:x/", 'parse "http://h:x/": invalid port ":x" after host'],
    ["http://[::1]x/", 'parse "http://[::1]x/": invalid port "x" after host'],
    ["http://[::1/", "parse \"http://[::1/\": missing ']' in host"],
    ["http://a b/", 'parse "http://a b/": invalid character " " in host name'],
    ["http://a%41/", 'parse "http://a%41/": invalid URL escape "%41"'],
    ["http://[::1%25%01]/", 'parse "http://[::1%25%01]/": invalid URL escape "%01"'],
    ["http://u r@h/", 'parse "http://u r@h/": net/url: invalid userinfo'],
    ["http://u%2@h/", 'parse "http://u%2@h/": invalid URL escape "%2"'],
    ["http://h/%zz", 'parse "http://h/%zz": invalid URL escape "%zz"'],
    ["http://h/%zz#f", 'parse "http://h/%zz": invalid URL escape "%zz"'],
    ["http://h/#%zz", 'parse "http://h/#%zz": invalid URL escape "%zz"'],
  ];
  for (const [url, words] of cases) {
    test(JSON.stringify(url), () => expect(parseExternalUrl(url)).toEqual(new Fault(`invalid URL: ${words}`)));
  }
});
