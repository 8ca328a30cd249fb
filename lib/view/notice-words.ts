/** Text for mail, chat and text messages: whatever it was, it renders as it reads. */

const MARKUP = /[^\x20-\x7e]|[<>[\]&@|`]/gu

/**
 * Printable ASCII without what mail programs and chats take for links, mentions and markup; each such character becomes a
 * \u escape, and what is too long is cut, so that the result is no longer than `most`. Doing it again changes nothing.
 */
export function plain(text: string, most: number): string {
  const safe = text
    .slice(0, most)
    .replace(MARKUP, (c) => [...utf16(c)].join(''))
    .replaceAll('://', ':\\u002f/')
    .replace(/www\./gi, (w) => `${w.slice(0, 3)}\\u002e`)
  return safe.length <= most ? safe : `${safe.slice(0, Math.max(0, most - 3))}...`
}

function* utf16(character: string): Generator<string> {
  for (let i = 0; i < character.length; i++)
    yield `\\u${character.charCodeAt(i).toString(16).padStart(4, '0')}`
}

/** `11:05 UTC` on the day of the other instant, else with its date. */
export function clockTime(time: string, at: string): string {
  const hours = `${time.slice(11, 16)} UTC`
  return time.slice(0, 10) === at.slice(0, 10) ? hours : `${time.slice(0, 10)} ${hours}`
}
