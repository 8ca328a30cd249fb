/** What goes over the wire, whatever the protocol: in XML a list becomes `<item>` elements, undefined nothing. */
export type WireValue = string | number | boolean | null | undefined | readonly WireValue[] | WireObject

export interface WireObject {
  readonly [name: string]: WireValue
}

export function isObject(value: WireValue): value is WireObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
