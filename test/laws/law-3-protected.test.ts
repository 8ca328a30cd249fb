import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { defaultFence, type FenceConfig } from '../../lib/config.ts'
import { type Address, type Prefix, sourcePrefix } from '../../lib/core/prefix.ts'
import type { Alert } from '../../lib/journal.ts'
import { EmbeddedFence } from '../../lib/local/fence.ts'
import { search } from '../search.ts'
import { type ForgedExtra, type ForgedStyle, forge } from '../traffic/attacks.ts'
import { digestAnswer } from '../traffic/digest.ts'
import { nonceFetcher } from '../traffic/intruder.ts'
import { startWithin } from '../traffic/office.ts'
import { register } from '../traffic/sip-text.ts'
import { Stage } from '../traffic/stage.ts'
import { START } from '../traffic/world.ts'

/** Everybody who must never be blocked, whoever claims to be them. */
const PHONE = '198.18.0.1' as Address
const OFFICE = '198.51.100.7' as Address
const CARRIER = '192.0.2.40' as Address
const EIP = '203.0.113.99' as Address
const HEALTH = '192.0.2.77' as Address
const NEIGHBOUR = '10.0.7.7' as Address
const PROTECTED: readonly Address[] = [
  PHONE,
  OFFICE,
  CARRIER,
  EIP,
  HEALTH,
  NEIGHBOUR,
  '203.0.113.10' as Address, // the PBX itself
  '169.254.169.253' as Address, // the VPC's resolver
  '169.254.169.123' as Address, // the time service
  '169.254.7.7' as Address,
  '127.0.0.1' as Address,
]
/** The adversary's own host and account; another victim, whom nobody protects. */
const HIS_HOST = '198.18.99.99' as Address
const STRANGER = '192.0.2.200' as Address
const SECONDS = 24

const STYLES: readonly ForgedStyle[] = [
  'register',
  'register-constant',
  'register-minimal',
  'invite',
  'options',
  'options-minimal',
]
const EXTRAS: readonly ForgedExtra[] = ['junk-authorization', 'ack', 'bye']

const campaign = fc.record({
  target: fc.constantFrom(...PROTECTED, STRANGER),
  styles: fc.uniqueArray(fc.constantFrom(...STYLES), { minLength: 1, maxLength: 3 }),
  extras: fc.uniqueArray(fc.constantFrom(...EXTRAS), { maxLength: 3 }),
  perSecond: fc.constantFrom(3, 20, 80, 250),
  fromMs: fc.integer({ min: 3_000, max: 12_000 }),
  randomPorts: fc.boolean(),
  /** Fetches nonces in his own name and uses them in the target's; with his own password, or with wrong ones. */
  borrows: fc.constantFrom('nothing', 'nonces', 'nonces and his own account'),
})

type Campaign = typeof campaign extends fc.Arbitrary<infer C> ? C : never

const situation = fc.record({
  campaigns: fc.array(campaign, { minLength: 1, maxLength: 4 }),
  make: fc.constantFrom('freeswitch' as const, 'kamailio' as const),
  seed: fc.integer({ min: 1, max: 1_000_000 }),
})

/** People who use the PBX for real, and the adversary. */
function play({ campaigns, make, seed }: typeof situation extends fc.Arbitrary<infer S> ? S : never) {
  const stage = new Stage({ seed, seconds: SECONDS, make, trunks: [CARRIER] })
  const phone = { registerSeconds: 15, optionsSeconds: 8 }
  const home = stage.fleet(sourcePrefix(PHONE), PHONE, { phones: 1, phone })
  const office = stage.office(OFFICE, { phones: 6, phone: { ...phone, subscriptions: 1 } })
  startWithin(stage.world, [...home, ...office], 0, 1_500)
  const own = { ...stage.peer, socket: { address: HIS_HOST, port: 5_060 } }
  const fetched = nonceFetcher(stage.world, own)
  for (const each of campaigns) attack(stage, each, fetched)
  return stage.record()
}

function attack(
  stage: Stage,
  { target, borrows, ...how }: Campaign,
  fetched: () => string | undefined,
): void {
  const victim = { address: target, port: 5_060 }
  const borrowNonce = borrows === 'nonces' ? { borrowNonce: fetched } : {}
  forge(stage.world, { ...stage.peer, ...how, ...borrowNonce, victim })
  if (borrows === 'nonces and his own account') logInAs(stage, target, fetched)
}

/** Logs in with his own account and a nonce of his own, from an address that is not his. */
function logInAs(stage: Stage, target: Address, fetched: () => string | undefined): void {
  const { world, peer } = stage
  world.at(3_000, () =>
    world.repeat(
      () => 900,
      peer.untilMs,
      () => {
        const nonce = fetched()
        if (nonce === undefined) return
        const local = { address: target, port: 5_060 }
        const request = register({
          dice: world.dice,
          local,
          domain: peer.domain,
          user: '2001',
          userAgent: 'softphone',
        })
        const question = { user: '2001', password: 'Rq7-2001-vN2', realm: peer.domain, nonce }
        const answer = digestAnswer({ ...question, method: request.method, uri: request.uri })
        world.send(
          { from: local, to: peer.pbx, content: { ...request, answer } },
          { latencyMs: 20, jitterMs: 2, loss: 0, ttl: 50 },
        )
      },
    ),
  )
}

const FENCE: FenceConfig = {
  ...defaultFence('law'),
  learningSeconds: 0,
  allow: [sourcePrefix(CARRIER)],
  healthCheckers: [sourcePrefix(HEALTH)],
  vpcCidrs: ['10.0.0.0/16' as Prefix],
  pbxs: [{ addresses: [EIP] }],
}

async function outcome(given: Parameters<typeof play>[0]) {
  const { frames, pbx } = play(given)
  const blocked: Prefix[] = []
  const alerts: Alert[] = []
  const fence = new EmbeddedFence({
    config: FENCE,
    pbx,
    mode: 'enforce',
    enforcementDelayMs: 1_000,
    seed: 3,
    onEvent: (event) => {
      if (event.kind === 'block') blocked.push(event.block.prefix)
      if (event.kind === 'alert') alerts.push(event.alert)
    },
  })
  async function* source() {
    yield { packets: frames.map(({ packet }) => packet), ignored: 0 }
  }
  const { peak } = await fence.run(source())
  return { blocked: new Set([...blocked, ...peak.map(({ prefix }) => prefix)]), alerts }
}

describe('No sequence of spoofable UDP packets, sent by an adversary who also owns one real host and one valid account,', () => {
  const never = new Set(PROTECTED.map(sourcePrefix))

  test("gets an allowlisted or known-good source, the PBX's own addresses, the VPC, link-local, the resolver, the time service or a health checker blocked", async () => {
    await search(
      fc.asyncProperty(situation, async (given) => {
        const { blocked } = await outcome(given)
        expect([...blocked].filter((prefix) => never.has(prefix))).toEqual([])
      }),
      { seed: 33, numRuns: 30, endOnFailure: true },
    )
  })

  test.each(PROTECTED.filter((address) => address !== '203.0.113.10'))(
    'a flood that claims to be %s raises an alert, and a stranger under the same flood is blocked',
    async (target) => {
      const flood: Campaign = {
        target,
        styles: ['register'],
        extras: [],
        perSecond: 250,
        fromMs: 6_000,
        randomPorts: false,
        borrows: 'nothing',
      }
      const campaigns = [flood, { ...flood, target: STRANGER }]
      const { blocked, alerts } = await outcome({ campaigns, make: 'freeswitch', seed: 5 })
      expect([...blocked]).toEqual([sourcePrefix(STRANGER)])
      const alert = alerts.find(({ source }) => source === sourcePrefix(target))
      expect(alert).toMatchObject({ kind: 'protected-source-flood' })
      expect(alert!.at - START).toBeLessThan(6_000 + 20_000)
    },
  )
})
