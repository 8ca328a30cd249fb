import type { ReplayDocument } from '../contract/replay.ts'
import type { Block } from '../core/block.ts'
import { isInbound, type Sockets } from '../core/direction.ts'
import type { Entry } from '../core/entry.ts'
import type { Packet } from '../core/packet.ts'
import { type Address, type Prefix, sourcePrefix } from '../core/prefix.ts'
import { RotatingMap } from '../core/rotating-map.ts'
import type { Alert, JournalEntry } from '../journal.ts'
import { VERSION } from '../version.ts'
import type { EmbeddedResult } from './fence.ts'

/** What one source sent and was sent during a replay, for people to read. */
export interface SourceTally {
  readonly first: number
  packetsIn: number
  dropped: number
  repliesOut: number
  repliesPrevented: number
  repliesPreventedBytes: number
}

const SOURCES = 20_000

/** Listens to an embedded fence and writes down what people and `--json` are shown. Bounded like the fence. */
export class ReplayRecord {
  readonly blocks = new Map<string, Block>()
  readonly events: JournalEntry[] = []
  /** Packets towards the PBX in each second: those that came through and those that were dropped. */
  readonly seconds = new RotatingMap<number, { admitted: number; dropped: number }>(100_000)
  /** Packets of the PBX to its sources, dropped ones too. */
  repliesOut = 0
  readonly #sources = new RotatingMap<Prefix, SourceTally>(SOURCES)
  readonly #sockets: Sockets

  constructor(sockets: Sockets) {
    this.#sockets = sockets
  }

  note(event: JournalEntry): void {
    if (event.kind === 'block') this.blocks.set(event.block.id, event.block)
    else this.events.push(event)
  }

  count(packet: Packet, dropped: boolean): void {
    const inbound = isInbound(packet, this.#sockets)
    if (inbound === undefined) return
    const tally = this.#tally(sourcePrefix(inbound ? packet.source : packet.destination), packet.at)
    if (inbound) {
      tally.packetsIn++
      if (dropped) tally.dropped++
      this.#countSecond(Math.floor(packet.at / 1000), dropped)
    } else {
      tally.repliesOut++
      this.repliesOut++
      if (!dropped) return
      tally.repliesPrevented++
      tally.repliesPreventedBytes += packet.bytes
    }
  }

  tally(source: Prefix): SourceTally | undefined {
    return this.#sources.get(source)
  }

  document(mode: 'enforce' | 'observe', pbx: readonly Address[], result: EmbeddedResult): ReplayDocument {
    const { packets, sipMessages, malformed, ignored } = result.totals
    const { packetsDropped, bytesDropped, repliesPrevented } = result.effect
    const to = timeOf(result.to)
    return {
      schema: 'sipfence.replay/1',
      version: VERSION,
      mode,
      pbx: [...pbx],
      capture: { packets, sipMessages, malformed, ignored, from: timeOf(result.from), to },
      detections: this.events.flatMap(detectionOf),
      blocks: [...this.blocks.values()].map(blockOf),
      alerts: this.events.flatMap((event) => (event.kind === 'alert' ? [alertOf(event.alert)] : [])),
      refused: this.events.flatMap((event) =>
        event.kind === 'refusal' ? [{ at: isoTime(event.at), source: event.source, why: event.why }] : [],
      ),
      entries: { at: to, networkAcl: result.entries.map(entryOf), peak: result.peak.map(entryOf) },
      lockdown: lockdownOf(result),
      effect: { packetsDropped, bytesDropped, repliesPrevented },
    }
  }

  #tally(source: Prefix, at: number): SourceTally {
    const known = this.#sources.get(source)
    if (known !== undefined) return known
    const fresh = {
      first: at,
      packetsIn: 0,
      dropped: 0,
      repliesOut: 0,
      repliesPrevented: 0,
      repliesPreventedBytes: 0,
    }
    this.#sources.set(source, fresh)
    return fresh
  }

  #countSecond(second: number, dropped: boolean): void {
    const counts = this.seconds.get(second) ?? { admitted: 0, dropped: 0 }
    if (dropped) counts.dropped++
    else counts.admitted++
    this.seconds.set(second, counts)
  }
}

function detectionOf(event: JournalEntry): ReplayDocument['detections'] {
  if (event.kind !== 'detection') return []
  const { at, source, class: name, proof, knownGood, evidence, why } = event.detection
  const listed = evidence.map((each) => ({ ...each, value: Math.round(each.value * 10) / 10 }))
  return [{ at: isoTime(at), source, class: name, proof, knownGood, evidence: listed, why }]
}

function alertOf({ at, kind, source, why }: Alert): ReplayDocument['alerts'][number] {
  return { at: isoTime(at), kind, source, why }
}

function blockOf(block: Block): ReplayDocument['blocks'][number] {
  const { from, until, endedAt, weight, ...rest } = block
  const times = {
    from: isoTime(from),
    until: isoTime(until),
    endedAt: endedAt === null ? null : isoTime(endedAt),
  }
  return { ...rest, weight: Math.round(weight * 10) / 10, ...times }
}

function lockdownOf({ door, effect }: EmbeddedResult): ReplayDocument['lockdown'] {
  if (door === undefined) return null
  const { closedAt, round, trusted } = door
  return {
    closedAt: closedAt === null ? null : isoTime(closedAt),
    refused: [...round.refused],
    entries: { ipv4: trusted[4].held.length, ipv6: trusted[6].held.length },
    extra: { ipv4: trusted[4].plan.extra, ipv6: trusted[6].plan.extra },
    packetsDropped: effect.droppedByGroup,
  }
}

/** Our entries are denials; anything else in the window would be somebody else's. */
function entryOf({ ruleNumber, prefix, protocol, ports }: Entry): ReplayDocument['entries']['peak'][number] {
  return { ruleNumber, prefix, protocol, ports: ports === null ? null : { ...ports }, action: 'deny' }
}

/** Zero stands for "no packet at all": there is no such instant to tell. */
function timeOf(at: number): string | null {
  return at === 0 ? null : isoTime(at)
}

function isoTime(at: number): string {
  return new Date(at).toISOString()
}
