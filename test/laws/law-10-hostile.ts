import fc from 'fast-check'
import { expect } from 'vitest'

/** Text that means harm to whoever is shown it, and what of it may never be shown. */

/** In each hostile text, so that a test sees where one comes through. */
export const MARK = 'oriole'
/** An address that no packet ever came from. */
export const CLAIMED = '198.18.66.99'

/** C0 and C1, directions, zero width, separators of lines, tags, and halves of pairs: spelled out, as nobody shows them. */
const UNSEEN =
  /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u00ad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\u{e0001}\u{e0020}-\u{e007f}]|[\ud800-\udfff]/u

const PIECES = [
  '\u001b[2J\u001b[1;1H',
  '\u001b]0;title\u0007',
  '\u001bP1$r\u001b\\',
  '\u009b31m',
  '\u009d8;;https://example.com\u009c',
  '\u0085next line',
  '\u0000\u0008\u0008\u0008\r',
  'abc\u202egnp.exe',
  '\u2066\u2067x\u2069\u202a\u202d\u202c',
  'a\u200bb\u200dc\ufeffd\u00ade\u061cf\u180eg',
  'line\u2028paragraph\u2029',
  '\ud800',
  '\udfff\ud83d',
  '\u{e0001}\u{e0041}',
  '<script>alert(1)</script>',
  '&lt;"\'><img src=x onerror=alert(1)>',
  '%s%n$(id)`id`',
  '{"a":1}',
  `${CLAIMED} sip:x@${CLAIMED}`,
  '\u0065\u0301\u{1f600}',
  '{}\\u0000\\x1b',
]

const unit = fc.integer({ min: 0, max: 0xffff }).map((code) => String.fromCharCode(code))
const control = fc.integer({ min: 0, max: 0x9f }).map((code) => String.fromCharCode(code))

/** Up to some 5,000 characters, now and then. */
export const hostileText: fc.Arbitrary<string> = fc
  .tuple(
    fc.array(fc.oneof(fc.constantFrom(...PIECES), control, unit, fc.string({ maxLength: 12 })), {
      minLength: 1,
      maxLength: 8,
    }),
    fc.constantFrom(1, 1, 1, 300),
  )
  .map(([pieces, times]) => `${MARK}${pieces.join('')}`.repeat(times).slice(0, 5_000))

/** The same within one header line. */
export const hostileLine: fc.Arbitrary<string> = hostileText.map((text) =>
  text.replace(/[\r\n]/g, ' ').slice(0, 1_000),
)

/** Nothing in it acts on a terminal, but for the ends of its own lines; and it has an end. */
export function expectHarmless(shown: string, longest = 40_000): void {
  const found = UNSEEN.exec(shown)
  expect(found === null ? null : `U+${found[0].codePointAt(0)!.toString(16)} at ${found.index}`).toBeNull()
  expect(shown.length).toBeLessThan(longest)
}
