import { describe, expect, test } from 'vitest'
import type { Batch } from '../../lib/capture.ts'
import { defaultFence } from '../../lib/config.ts'
import { ruleText } from '../../lib/core/ingress-rule.ts'
import type { Packet } from '../../lib/core/packet.ts'
import { readPayload } from '../../lib/core/sip-message.ts'
import type { Alert, JournalEntry } from '../../lib/journal.ts'
import { EmbeddedFence, type EmbeddedOptions } from '../../lib/local/fence.ts'
import {
  CLOSED_AFTER_MS,
  FLOODER,
  type LockdownStory,
  oneFlooder,
  phonesOfFewProviders,
  scatteredPhones,
} from '../traffic/lockdowns.ts'
import { START } from '../traffic/world.ts'

const SEED = 20_260_302
/** Reports and rounds take their second. */
const CLOSED_AT = START + CLOSED_AFTER_MS + 2_000

interface Count {
  packets: number
  dropped: number
}

interface Played {
  readonly phones: Count
  readonly flood: Count
  /** Calls of phones that the PBX answered, by their Call-ID. */
  readonly calls: ReadonlySet<string>
  readonly alerts: readonly Alert[]
  readonly steps: readonly string[]
  readonly result: Awaited<ReturnType<EmbeddedFence['run']>>
}

/** Counts what comes in, and the calls that are answered, after the door was closed. */
async function play(
  { frames, pbx, phones }: LockdownStory,
  more: Partial<EmbeddedOptions> = {},
): Promise<Played> {
  const [heard, flooded] = [
    { packets: 0, dropped: 0 },
    { packets: 0, dropped: 0 },
  ]
  const calls = new Set<string>()
  const events: JournalEntry[] = []
  const fence = new EmbeddedFence({
    config: { ...defaultFence('test'), learningSeconds: 0 },
    pbx,
    mode: 'enforce',
    enforcementDelayMs: 2_000,
    seed: 7,
    lockdownAfterMs: CLOSED_AFTER_MS,
    onPacket(packet, dropped) {
      if (packet.at < CLOSED_AT) return
      if (pbx.includes(packet.source)) {
        if (!dropped && phones.has(packet.destination)) for (const call of answered(packet)) calls.add(call)
        return
      }
      const count = phones.has(packet.source) ? heard : flooded
      count.packets++
      if (dropped) count.dropped++
    },
    onEvent: (event) => events.push(event),
    ...more,
  })
  async function* source(): AsyncIterable<Batch> {
    yield { packets: frames.map(({ packet }) => packet), ignored: 0 }
  }
  const result = await fence.run(source())
  return {
    phones: heard,
    flood: flooded,
    calls,
    alerts: events.flatMap((event) => (event.kind === 'alert' ? [event.alert] : [])),
    steps: events.flatMap((event) =>
      event.kind === 'lockdown' ? [`${event.step.kind} ${ruleText(event.step.rule)}`] : [],
    ),
    result,
  }
}

function answered(packet: Packet): string[] {
  return readPayload(packet).flatMap((reading) => {
    if (reading.kind !== 'message' || reading.message.kind !== 'response') return []
    const { status, method, callId } = reading.message
    return status === 200 && method === 'INVITE' ? [String(callId)] : []
  })
}

describe('A flood whose every packet claims another source, and 300 known-good phones', () => {
  test('in the networks of few providers: the door is closed, they keep calling, and the flood is cut', async () => {
    const story = phonesOfFewProviders(SEED)
    const open = await play(story, { lockdownAfterMs: undefined })
    const { phones, flood, calls, alerts, steps, result } = await play(story)
    const { round, trusted } = result.door!
    expect(steps).toEqual([
      'authorize udp 5060 from pl-00000000000000004',
      'authorize udp 5060 from pl-00000000000000006',
      'authorize tcp 5060 from pl-00000000000000004',
      'authorize tcp 5060 from pl-00000000000000006',
      'revoke udp 5060 from 0.0.0.0/0',
      'revoke udp 5060 from ::/0',
      'revoke tcp 5060 from 0.0.0.0/0',
      'revoke tcp 5060 from ::/0',
    ])
    expect(round).toMatchObject({ refused: [], problem: null, tracked: false })
    expect(trusted[4].held.length).toBeLessThanOrEqual(20)
    expect(trusted[4].plan.extra).toBeLessThan(200_000) // of 4,294,967,296: so little of a random flood passes
    expect(alerts.map(({ kind }) => kind)).toContain('lockdown')
    // The figures: 20,000 forged packets, and not one of a phone.
    expect(open.flood.dropped).toBe(0)
    expect(flood.packets).toBeGreaterThan(20_000)
    expect(flood.dropped / flood.packets).toBeGreaterThan(0.999)
    expect(phones.packets).toBeGreaterThan(2_000)
    expect(phones.dropped).toBe(0)
    expect(calls.size).toBeGreaterThan(200)
    expect(calls.size).toBe(open.calls.size)
  })

  test('scattered, no two in one network: it refuses, says who would lose service, and nobody does', async () => {
    const { phones, flood, alerts, steps, result } = await play(scatteredPhones(SEED))
    const { round, trusted } = result.door!
    expect(steps).toEqual([])
    expect(round.refused.join()).toMatch(
      /28\d trusted sources do not fit into the 20 entries of pl-00000000000000004 and would lose service: \d+\.\d+\.\d+\.\d+\/32, .* and 27\d more/,
    )
    expect(trusted[4].plan.left.length).toBeGreaterThan(270)
    expect(alerts.map(({ kind }) => kind)).toContain('lockdown-refused')
    expect(phones.dropped).toBe(0)
    expect(flood.dropped).toBe(0)
  })
})

describe('A flow that stood when the door was closed', () => {
  /** What came in of the flooder, by the second after the door was closed. */
  async function admittedBySecond(tracksFlows: boolean): Promise<number[]> {
    const seconds: number[] = []
    const story = oneFlooder(SEED)
    const { result } = await play(story, {
      tracksFlows,
      enforcementDelayMs: 8_000, // so that a second of the closed door is seen before the network ACL denies
      onPacket({ source, at }, dropped) {
        const second = Math.floor((at - START - CLOSED_AFTER_MS) / 1_000)
        if (source === FLOODER && second >= 0) seconds[second] = (seconds[second] ?? 0) + (dropped ? 0 : 1)
      },
    })
    expect(result.door!.round).toMatchObject({ refused: [], tracked: tracksFlows })
    if (tracksFlows) expect(result.entries.map(({ prefix }) => prefix)).toEqual([`${FLOODER}/32`])
    return seconds
  }

  test('is cut at once where security groups do not track it', async () => {
    const seconds = await admittedBySecond(false)
    expect(seconds.slice(1).reduce((sum, packets) => sum + packets, 0)).toBe(0)
  })

  test('lives on where they do, until the heaviest are denied in the network ACL', async () => {
    const seconds = await admittedBySecond(true)
    expect(seconds[2]).toBeGreaterThan(150)
    expect(seconds.slice(12).reduce((sum, packets) => sum + packets, 0)).toBe(0)
  })
})
