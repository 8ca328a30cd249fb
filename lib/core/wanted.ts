import type { Block, Scope } from './block.ts'
import { ANY_PROTOCOL, type Entry, type PortRange, TCP, UDP } from './entry.ts'
import { bitsOf, covers, type Prefix } from './prefix.ts'

/** An entry that a block wants, before it has a rule number. */
export type Denial = Omit<Entry, 'ruleNumber'>

/** SIP ports as the fewest contiguous ranges: an entry holds one range. */
export function portRanges(ports: readonly number[]): PortRange[] {
  const ranges: { from: number; to: number }[] = []
  for (const port of [...new Set(ports)].sort((a, b) => a - b)) {
    const last = ranges.at(-1)
    if (last !== undefined && last.to === port - 1) last.to = port
    else ranges.push({ from: port, to: port })
  }
  return ranges
}

/** The entries that deny a prefix in a scope: one for each protocol and port range. */
export function denialsOf(prefix: Prefix, scope: Scope, ranges: readonly PortRange[]): Denial[] {
  if (scope === 'all') return [{ prefix, protocol: ANY_PROTOCOL, ports: null, action: 'deny' }]
  const protocols = scope === 'sip' ? [UDP, TCP] : [UDP]
  return protocols.flatMap((protocol) =>
    ranges.map((ports) => ({ prefix, protocol, ports, action: 'deny' as const })),
  )
}

/** One text for entries that deny the same packets; the rule number is not part of it. */
export function denialKey({ prefix, protocol, ports, action }: Denial): string {
  return `${action} ${prefix} ${protocol} ${ports === null ? '*' : `${ports.from}-${ports.to}`}`
}

export function sameEntry(one: Entry, other: Entry): boolean {
  return one.ruleNumber === other.ruleNumber && denialKey(one) === denialKey(other)
}

const WIDTH_OF_SCOPE: Record<Scope, number> = { 'sip-udp': 0, sip: 1, all: 2 }

/** Whether the first block denies everything that the second one does. */
export function blockCovers(first: Block, second: Block): boolean {
  if (WIDTH_OF_SCOPE[first.scope] < WIDTH_OF_SCOPE[second.scope]) return false
  return covers(bitsOf(first.prefix), bitsOf(second.prefix))
}
