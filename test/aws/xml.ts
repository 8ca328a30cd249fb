import type { WireValue } from './wire-value.ts'

/**
 * The elements of a value; null and undefined are none. A list is `<item>` elements, as in the answers of EC2, or
 * those of the name given.
 */
export function xmlOf(value: WireValue, member = 'item'): string {
  if (value === null || value === undefined) return ''
  if (Array.isArray(value)) return value.map((item: WireValue) => element(member, item, member)).join('')
  if (typeof value !== 'object') return escaped(String(value))
  return Object.entries(value)
    .map(([name, below]) => (below === undefined || below === null ? '' : element(name, below, member)))
    .join('')
}

function element(name: string, value: WireValue, member: string): string {
  return `<${name}>${xmlOf(value, member)}</${name}>`
}

/** Control characters that XML 1.0 has no way to write are replaced. */
function escaped(text: string): string {
  return text
    .replace(/[\0-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]/g, '\ufffd')
    .replace(/[&<>"\r]/g, (character) => `&#${character.charCodeAt(0)};`)
}
