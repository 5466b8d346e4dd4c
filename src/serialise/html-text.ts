const ENTITIES: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&#34;",
  "'": "&#39;",
};

/** Text that is safe between tags and inside quoted attributes. */
export function htmlText(text: string): string {
  return text.replace(/[&<>"']/g, (character) => ENTITIES[character] ?? character);
}

/** A table of two columns, a row a pair; both are text, not HTML. */
export function htmlPairs(pairs: Iterable<readonly [name: string, value: string]>): string {
  const rows = Array.from(pairs, ([name, value]) => {
    return `<tr><th scope="row">${htmlText(name)}</th><td>${htmlText(value)}</td></tr>`;
  });
  return `<div class="scroll"><table>${rows.join("")}</table></div>`;
}
