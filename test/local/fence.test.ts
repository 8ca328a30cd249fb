import { describe, expect, test } from 'vitest'
import { defaultFence } from '../../lib/config.ts'
import type { Block } from '../../lib/core/block.ts'
import type { Packet } from '../../lib/core/packet.ts'
import type { Address } from '../../lib/core/prefix.ts'
import type { JournalEntry } from '../../lib/journal.ts'
import { EmbeddedFence } from '../../lib/local/fence.ts'
import { SCENARIOS } from '../traffic/scenarios.ts'

const PBX = '10.0.0.10' as Address
const VICTIM = '192.0.2.66' as Address
const OTHER = '192.0.2.67' as Address
const START = 1_800_000_000_000
const SECOND = 1_000

interface Sent {
  readonly at: number
  readonly from: Address
  readonly to?: Address
  readonly text: string
}

function packetOf({ at, from, to = PBX, text }: Sent): Packet {
  const payload = new TextEncoder().encode(text)
  const ports = { sourcePort: 5060, destinationPort: 5060 }
  return {
    at,
    transport: 'udp',
    source: from,
    destination: to,
    ...ports,
    ttl: 60,
    bytes: payload.length + 28,
    payload,
  }
}

function message(start: string, id: string, more = ''): string {
  return `${start}\r\nVia: SIP/2.0/UDP h;branch=z9hG4bK${id}\r\nFrom: <sip:a@h>;tag=1\r\nTo: <sip:a@h>\r\nCall-ID: ${id}\r\nCSeq: 1 REGISTER\r\n${more}\r\n`
}

/** A REGISTER in the victim's name and the 401 to it, at a rate, for a while. */
function* reflection(
  victim: Address,
  fromMs: number,
  untilMs: number,
  perSecond = 40,
  constant = false,
): Iterable<Packet> {
  for (let i = 0; fromMs + (i * 1000) / perSecond < untilMs; i++) {
    const at = START + fromMs + (i * 1000) / perSecond
    const id = constant ? 'always' : `${victim}-${fromMs}-${i}`
    yield packetOf({ at, from: victim, text: message('REGISTER sip:h SIP/2.0', id) })
    const challenge = `WWW-Authenticate: Digest realm="h", nonce="n${victim}${i}"\r\n`
    yield packetOf({
      at: at + 2,
      from: PBX,
      to: victim,
      text: message('SIP/2.0 401 Unauthorized', id, challenge),
    })
  }
}

async function run(
  packets: Iterable<Packet>,
  enforcementDelayMs = 2_000,
  mode: 'enforce' | 'observe' = 'enforce',
) {
  const events: JournalEntry[] = []
  const dropped: Packet[] = []
  const fence = new EmbeddedFence({
    config: { ...defaultFence('test'), learningSeconds: 0 },
    pbx: [PBX],
    mode,
    enforcementDelayMs,
    seed: 1,
    onEvent: (event) => events.push(event),
    onPacket: (packet, isDropped) => {
      if (isDropped && packet.destination === PBX) dropped.push(packet)
    },
  })
  async function* source() {
    yield { packets: [...packets].sort((a, b) => a.at - b.at), ignored: 0 }
  }
  const result = await fence.run(source())
  const blocks = new Map<string, Block>()
  for (const event of events) if (event.kind === 'block') blocks.set(event.block.id, event.block)
  return { ...result, blocks: [...blocks.values()], events, dropped }
}

describe('the embedded fence in packet time', () => {
  test('lets blocks end and climb while nothing but what it denies arrives', async () => {
    const { blocks } = await run(reflection(VICTIM, 0, 15 * 60 * SECOND))
    expect(blocks.map(({ level }) => level)).toEqual([1, 2, 3])
    for (const { until, endedAt } of blocks.slice(0, -1)) expect(endedAt).toBe(until)
  })

  test('lets the owner of a forged address in an hour later, from his first packet on', async () => {
    const login = [0, 1].map((i) =>
      packetOf({
        at: START + 3_600_000 + i,
        from: VICTIM,
        text: message('REGISTER sip:h SIP/2.0', `own${i}`),
      }),
    )
    const { dropped, entries } = await run([...reflection(VICTIM, 0, 20 * SECOND), ...login])
    expect(dropped.length).toBeGreaterThan(500)
    expect(dropped.every(({ at }) => at < START + 60 * SECOND)).toBe(true)
    expect(entries).toEqual([])
  })

  test('drops nothing of a source after its `until`', async () => {
    const trickle = Array.from({ length: 100 }, (_, i) =>
      packetOf({
        at: START + 100_000 + i * 1000,
        from: VICTIM,
        text: message('OPTIONS sip:h SIP/2.0', `t${i}`),
      }),
    )
    const { blocks, dropped } = await run([...reflection(VICTIM, 0, 20 * SECOND), ...trickle])
    expect(blocks).toHaveLength(1)
    const last = Math.max(...dropped.map(({ at }) => at))
    expect(last).toBeLessThan(Math.ceil(blocks[0]!.until / 1000) * 1000)
    expect(last).toBeGreaterThan(blocks[0]!.until - 2_000)
  })

  test('does not take the replies to one victim for those to another when a tool sends one buffer to both', async () => {
    const packets = [
      ...reflection(VICTIM, 0, 40 * SECOND, 40, true),
      ...reflection(OTHER, 20 * SECOND, 40 * SECOND, 40, true),
    ]
    const { blocks, effect } = await run(packets)
    expect(blocks.map(({ prefix }) => prefix)).toEqual([`${VICTIM}/32`, `${OTHER}/32`])
    expect(effect.repliesPrevented).toBe(effect.packetsDropped)
  })

  test('with a longer delay it is the decision that is early and the entry that is late', async () => {
    const early = await run(reflection(VICTIM, 0, 30 * SECOND), 0)
    const late = await run(reflection(VICTIM, 0, 30 * SECOND), 10_000)
    expect(late.blocks[0]!.from).toBe(early.blocks[0]!.from)
    expect(early.effect.packetsDropped - late.effect.packetsDropped).toBeGreaterThan(350)
  })

  test('ends every block that is over, in observe too', async () => {
    const { blocks } = await run(reflection(VICTIM, 0, 12 * 60 * SECOND, 20), 2_000, 'observe')
    for (const { until, endedAt } of blocks)
      expect(endedAt).toBe(until < START + 12 * 60 * SECOND ? until : null)
  })
})

describe('one wrong timestamp', () => {
  test('moves time for nobody, and counts as ignored', async () => {
    const wrong = packetOf({
      at: START + 104 * 86_400_000,
      from: OTHER,
      text: message('OPTIONS sip:h SIP/2.0', 'x'),
    })
    const attack = [...reflection(VICTIM, 0, 20 * SECOND)]
    async function* source() {
      yield { packets: [...attack.slice(0, 10), wrong, ...attack.slice(10)], ignored: 0 }
    }
    const events: JournalEntry[] = []
    const fence = new EmbeddedFence({
      config: defaultFence('test'),
      pbx: [PBX],
      mode: 'enforce',
      enforcementDelayMs: 0,
      seed: 1,
      onEvent: (event) => events.push(event),
    })
    const { totals, to } = await fence.run(source())
    expect(events.filter(({ kind }) => kind === 'block')).toHaveLength(1)
    expect(to).toBeLessThan(START + 21 * SECOND)
    expect(totals).toMatchObject({ packets: attack.length + 1, ignored: 1 })
  })

  test('that the next packet confirms is a gap, and nothing is lost', async () => {
    const late = [0, 1, 2].map((i) =>
      packetOf({ at: START + 86_400_000 + i, from: OTHER, text: message('OPTIONS sip:h SIP/2.0', `y${i}`) }),
    )
    const { totals, to } = await run([...reflection(VICTIM, 0, SECOND), ...late])
    expect(to).toBe(START + 86_400_002)
    expect(totals).toMatchObject({ packets: 83, sipMessages: 83, ignored: 0 })
  })
})

describe('a sensor that misses one direction', () => {
  test.each(['trunk-100cps', 'nat-office-boot', 'trunk-failover'])(
    'blocks nobody of %s, whichever it misses, and says so',
    async (name) => {
      const { frames, pbx } = SCENARIOS[name]!(7)
      for (const towards of [true, false]) {
        const seen = frames
          .map(({ packet }) => packet)
          .filter(({ destination }) => pbx.includes(destination) === towards)
        const events: JournalEntry[] = []
        const fence = new EmbeddedFence({
          config: { ...defaultFence('test'), learningSeconds: 0 },
          pbx,
          mode: 'enforce',
          enforcementDelayMs: 0,
          seed: 1,
          onEvent: (event) => events.push(event),
        })
        async function* source() {
          yield { packets: seen, ignored: 0 }
        }
        await fence.run(source())
        expect(events.filter(({ kind }) => kind === 'block')).toEqual([])
        expect(events).toContainEqual(
          expect.objectContaining({ alert: expect.objectContaining({ kind: 'half-blind' }) }),
        )
      }
    },
  )
})
