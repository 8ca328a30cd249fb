/** What text from elsewhere becomes before a terminal, a log, a message or a page shows it. */

/**
 * Controls (C0, C1), format characters (directions, zero width, soft hyphens, tags), line and paragraph separators, and
 * halves of surrogate pairs, by Unicode's general categories: what a reader does not see, or what acts on what he sees.
 */
const UNSEEN = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/gu

/** The text with `\u` escapes for what is not to be shown as it is; within a string of JSON they mean the same. */
export function escaped(text: string): string {
  return text.replace(UNSEEN, (found) =>
    Array.from({ length: found.length }, (_, i) => `\\u${hex(found.charCodeAt(i))}`).join(''),
  )
}

/** JSON that holds nothing but what can be shown; JSON.stringify escapes C0 alone. */
export function jsonText(value: unknown, indent = 0): string {
  return JSON.stringify(value, null, indent).split('\n').map(escaped).join('\n')
}

function hex(unit: number): string {
  return unit.toString(16).padStart(4, '0')
}
