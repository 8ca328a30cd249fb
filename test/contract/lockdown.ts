import { afterEach, describe, expect, test } from 'vitest'
import type { LockdownStep, Swap, TrustedList } from '../../lib/core/lockdown.ts'
import type { DoorState } from '../../lib/core/lockdown-wish.ts'
import { portRanges } from '../../lib/core/wanted.ts'
import type { JournalEntry } from '../../lib/journal.ts'
import type { SecurityGroup } from '../../lib/local/security-group.ts'
import type { RuleRequest, SecurityGroupRule } from '../../lib/local/security-group-rule.ts'
import {
  type LockdownOptions,
  lockdownRound,
  type SecurityGroups,
  type SwapLedger,
} from '../../lib/lockdown.ts'
import { onePrefix } from '../core/arbitraries.ts'

/** Security groups of a PBX, which a test can also look at and write to as somebody else would. */
export interface ArrangedGroups {
  readonly groups: SecurityGroups
  /** Ids of the groups, in the order of their seeds. */
  readonly ids: readonly string[]
  /** What they really hold, one line for each rule. */
  lines(): Promise<readonly string[]>
  /** Somebody else adds a rule. */
  authorize(group: string, rule: RuleRequest): void | Promise<void>
  /** Ids of the lists of trusted peers, which the groups may refer to; each holds 20 entries at most. */
  readonly lists: Readonly<Record<4 | 6, string>>
  stop(): Promise<void>
}

export interface GroupSeed {
  readonly id: string
  readonly rules: readonly (RuleRequest & { readonly tags?: Readonly<Record<string, string>> })[]
  /** Whether the settings name it. */
  readonly isOurs?: boolean
}

const NOW = 1_800_000_000_000
const FIRST = 'sg-00000000000000001'
const SECOND = 'sg-00000000000000002'
const SIP = { from: 5060, to: 5060 }
const CLOSED = { closed: true, why: 'somebody closed it' }
const OPENED = { closed: false, why: 'lockdown is off' }

/** Two groups as a PBX may have them: SIP for everybody, media, web, a carrier, and whoever manages it. */
export const TYPICAL: readonly GroupSeed[] = [
  {
    id: FIRST,
    rules: [
      {
        protocol: 'udp',
        ports: SIP,
        cidr: '0.0.0.0/0',
        description: 'phones',
        tags: { owner: 'voice', ticket: '7' },
      },
      { protocol: 'udp', ports: SIP, ipv6Cidr: '::/0' },
      {
        protocol: 'tcp',
        ports: { from: 5060, to: 5061 },
        cidr: '0.0.0.0/0',
        description: 'phones over TCP and TLS',
      },
      { protocol: 'udp', ports: { from: 10_000, to: 20_000 }, cidr: '0.0.0.0/0', description: 'media' },
      { protocol: 'udp', ports: SIP, cidr: '198.51.100.0/24', description: 'the carrier' },
      { protocol: 'tcp', ports: { from: 443, to: 443 }, cidr: '0.0.0.0/0' },
      { protocol: 'icmp', ports: { from: -1, to: -1 }, cidr: '0.0.0.0/0' },
    ],
  },
  {
    id: SECOND,
    rules: [
      { protocol: 'udp', ports: SIP, cidr: '0.0.0.0/1', description: 'half the world' },
      { protocol: 'udp', ports: SIP, cidr: '128.0.0.0/1', description: 'and the other half' },
      { protocol: 'tcp', ports: { from: 22, to: 22 }, cidr: '203.0.113.0/24' },
    ],
  },
]

/** One rule in a line, without its id: a rule that was taken away comes back under another one. */
function ruleLine(group: string, rule: Omit<SecurityGroupRule, 'id'>): string {
  const { protocol, ports, source, description = '', tags } = rule
  const range = ports === null ? '*' : `${ports.from}-${ports.to}`
  const from = source.kind === 'prefix' ? source.prefix : source.id
  const marks = Object.entries(tags).map(([key, value]) => `${key}=${value}`)
  return `${group} ${protocol} ${range} ${from} "${description}" ${marks.sort().join(' ')}`.trim()
}

/** The rules of groups that are here, in lines. */
export function rulesOf(groups: readonly SecurityGroup[]): string[] {
  return groups.flatMap(({ id, rules }) => rules.map((rule) => ruleLine(id, rule))).sort()
}

/** A ledger that can fail, or die with the process, at any write. */
class Swaps implements SwapLedger {
  held: readonly Swap[] = []

  async swaps(): Promise<readonly Swap[]> {
    return this.held
  }

  async keepSwaps(swaps: readonly Swap[]): Promise<void> {
    this.held = swaps
  }
}

class Crash extends Error {}

/** Dies at the so-manyeth call of whatever changes something: before it, or after it took effect. */
function dyingAt(call: number, when: 'before' | 'after', groups: SecurityGroups, ledger: Swaps) {
  let calls = 0
  async function dying<T>(act: () => Promise<T>): Promise<T> {
    const isIt = ++calls === call
    if (isIt && when === 'before') throw new Crash()
    const result = await act()
    if (isIt) throw new Crash()
    return result
  }
  return {
    calls: () => calls,
    groups: { read: () => groups.read(), apply: (step: LockdownStep) => dying(() => groups.apply(step)) },
    ledger: {
      swaps: () => ledger.swaps(),
      keepSwaps: (swaps: readonly Swap[]) => dying(() => ledger.keepSwaps(swaps)),
    },
  }
}

/** What every port to security groups does under a lockdown. */
export function lockdownContract(
  name: string,
  arrange: (seeds: readonly GroupSeed[], rulesQuota?: number) => Promise<ArrangedGroups>,
  /** Whether crashes are tried at each step, which say more of the loop than of the port; and quotas of one's choice. */
  { crashes = true, quotas = true } = {},
): void {
  describe(`the lockdown of ${name}`, () => {
    let arranged: ArrangedGroups | undefined
    afterEach(async () => {
      await arranged?.stop()
      arranged = undefined
    })

    async function start(seeds: readonly GroupSeed[] = TYPICAL, rulesQuota?: number) {
      await arranged?.stop()
      const parts = await arrange(seeds, rulesQuota)
      arranged = parts
      const ledger = new Swaps()
      const told: JournalEntry[] = []
      const journal = { write: async (entry: JournalEntry) => void told.push(entry) }
      const list = (family: 4 | 6): TrustedList => ({
        id: parts.lists[family],
        capacity: 20,
        held: 3,
        knownGood: 3,
        left: [],
        problem: null,
      })
      const options: LockdownOptions = {
        fence: 'f',
        ranges: portRanges([5060]),
        apply: true,
        trusted: { 4: list(4), 6: list(6) },
      }
      const round = (
        door: DoorState,
        over: Partial<LockdownOptions> = {},
        ports: { groups?: SecurityGroups; ledger?: SwapLedger } = {},
      ) =>
        lockdownRound({ groups: parts.groups, ledger, journal, ...ports }, door, { ...options, ...over }, NOW)
      return { ...parts, ledger, told, options, round }
    }

    test('swaps the public rules for SIP for the trusted peers, and leaves every other rule alone', async () => {
      const { round, lines, lists } = await start()
      const before = await lines()
      expect(await round(CLOSED)).toMatchObject({ refused: [], problem: null, tracked: true })
      const after = await lines()
      const gone = before.filter((line) => !after.includes(line))
      expect(gone).toHaveLength(5)
      for (const line of gone) expect(line).toMatch(/phones|::\/0|half/)
      const come = after.filter((line) => !before.includes(line))
      expect(come).toHaveLength(4) // udp and tcp, IPv4 and IPv6 in the first group; one for both halves of the world in the second
      for (const line of come) expect(line).toMatch(new RegExp(`${lists[4]}|${lists[6]}`))
    })

    test('done twice changes nothing the second time, open or closed', async () => {
      const { round, lines } = await start()
      for (const door of [CLOSED, OPENED]) {
        await round(door)
        const before = await lines()
        const { steps } = await round(door)
        expect(steps).toEqual([])
        expect(await lines()).toEqual(before)
      }
    })

    test('ends exactly as it began: descriptions and tags too', async () => {
      const { round, lines, ledger } = await start()
      const before = await lines()
      await round(CLOSED)
      expect(ledger.held).toHaveLength(5)
      expect(await round(OPENED)).toMatchObject({ problem: null, swaps: [] })
      expect(await lines()).toEqual(before)
      expect(ledger.held).toEqual([])
    })

    test('what is revoked is in the ledger first, and a trusted peer is let in before the public is not', async () => {
      const { round, groups, ledger, ids } = await start()
      const steps: string[] = []
      const watched: SecurityGroups = {
        read: () => groups.read(),
        apply: async (step) => {
          if (step.kind === 'revoke') expect(ledger.held.map(({ rule }) => rule)).toContainEqual(step.rule)
          steps.push(`${step.kind} ${step.group}`)
          return await groups.apply(step)
        },
      }
      await round(CLOSED, {}, { groups: watched })
      for (const id of ids)
        expect(steps.lastIndexOf(`authorize ${id}`)).toBeLessThan(steps.indexOf(`revoke ${id}`))
    })

    const dyings = [
      ['closing', CLOSED, CLOSED],
      ['closing, and then opened', CLOSED, OPENED],
      ['opening', OPENED, OPENED],
      ['opening, and then closed again', OPENED, CLOSED],
    ] as const
    if (crashes)
      test.each(dyings)(
        'a crash at any step of %s: after that it can be closed and opened, and is as it began',
        async (_, dies, next) => {
          let steps = 1
          for (let call = 1; call <= steps; call++) {
            for (const when of ['before', 'after'] as const) {
              const { round, groups, ledger, lines } = await start()
              const before = await lines()
              if (!dies.closed) await round(CLOSED)
              const dying = dyingAt(call, when, groups, ledger)
              await round(dies, {}, dying).catch((error: unknown) => {
                if (!(error instanceof Crash)) throw error
              })
              steps = Math.max(steps, dying.calls() + 1)
              if (dying.calls() < call) break // the round has fewer steps: none was missed
              await round(next)
              if (next.closed)
                expect(
                  (await lines()).filter((line) => /0\.0\.0\.0\/0|::\/0/.test(line) && line.includes('5060')),
                ).toEqual([])
              await round(CLOSED)
              await round(OPENED)
              expect(await lines()).toEqual(before)
              expect(ledger.held).toEqual([])
            }
          }
          expect(steps).toBeGreaterThan(8)
        },
      )

    test('a step that fails leaves the public in where nobody else is let in yet, and says so', async () => {
      const { round, groups, lines, told, ids } = await start()
      const first = ids[0]!
      const before = (await lines()).filter((line) => line.startsWith(first))
      const failing: SecurityGroups = {
        read: () => groups.read(),
        apply: async (step) =>
          step.kind === 'authorize' && step.group === first
            ? { kind: 'failed', reason: 'no' }
            : await groups.apply(step),
      }
      expect((await round(CLOSED, {}, { groups: failing })).problem).toMatch(/cannot authorize/)
      expect((await lines()).filter((line) => line.startsWith(first))).toEqual(before)
      expect(told).toContainEqual(
        expect.objectContaining({
          kind: 'alert',
          alert: expect.objectContaining({ kind: 'lockdown-refused' }),
        }),
      )
      await round(CLOSED)
      expect((await lines()).filter((line) => line.startsWith(first))).not.toEqual(before)
    })

    test('a group that cannot be opened now is opened later, and the trusted peers stay let in until then', async () => {
      const { round, groups, lines, ledger, lists, ids } = await start()
      const first = ids[0]!
      const before = await lines()
      await round(CLOSED)
      const failing: SecurityGroups = {
        read: () => groups.read(),
        apply: async (step) =>
          step.kind === 'authorize' && step.group === first
            ? { kind: 'failed', reason: 'no' }
            : await groups.apply(step),
      }
      expect((await round(OPENED, {}, { groups: failing })).problem).toMatch(/cannot authorize/)
      expect(ledger.held.map(({ group }) => group)).toEqual([first, first, first])
      expect((await lines()).filter((line) => line.includes(lists[4]))).toHaveLength(2)
      await round(OPENED)
      expect(await lines()).toEqual(before)
    })

    // Who has put a rule there is told by its description, which moto does not show.
    if (crashes)
      test('closed again while reads still show the rules of the lockdown before: the trusted peers are let in', async () => {
        const { round, groups, lines, lists } = await start()
        await round(CLOSED)
        const late = await groups.read() // what a lagging read shows: the trusted peers are still let in
        await round(OPENED)
        const opened = await groups.read()
        const both = late.map((group, i) => ({ ...group, rules: [...group.rules, ...opened[i]!.rules] }))
        const lagging: SecurityGroups = { read: async () => both, apply: (step) => groups.apply(step) }
        expect((await round(CLOSED, {}, { groups: lagging })).refused).toEqual([])
        const now = await lines()
        expect(now.filter((line) => line.includes(' 17 5060-5060 0.0.0.0/'))).toEqual([])
        expect(now.filter((line) => line.includes(lists[4]))).toHaveLength(3)
      })

    test('somebody opens it by hand: it is closed again, and still ends as it began', async () => {
      const { round, lines, authorize, ids, ledger } = await start()
      const before = await lines()
      await round(CLOSED)
      await authorize(ids[0]!, { protocol: 'udp', ports: SIP, cidr: '0.0.0.0/0', description: 'in a hurry' })
      expect((await round(CLOSED)).steps.filter(({ kind }) => kind === 'revoke')).toHaveLength(1)
      expect(ledger.held).toHaveLength(5)
      await round(OPENED)
      expect(await lines()).toEqual(before)
    })

    test("somebody's own rule for the trusted peers stays", async () => {
      const { round, lines, authorize, ids, lists } = await start()
      await authorize(ids[0]!, {
        protocol: 'udp',
        ports: SIP,
        prefixListId: lists[4],
        description: 'ours for good',
      })
      const before = await lines()
      await round(CLOSED)
      await round(OPENED)
      expect(await lines()).toEqual(before)
    })

    const open = (rules: GroupSeed['rules'], isOurs = true): GroupSeed => ({ id: FIRST, rules, isOurs })
    const sip = { protocol: 'udp', ports: SIP, cidr: '0.0.0.0/0' }

    test.each([
      [
        'a group that the settings do not name',
        [...TYPICAL, { ...open([sip], false), id: 'sg-00000000000000003' }],
        {},
        /sg-\w+ lets the public in .* not among/,
      ],
      [
        'a rule for more than SIP',
        [open([{ protocol: 'udp', ports: { from: 1_024, to: 65_535 }, cidr: '0.0.0.0/0' }])],
        {},
        /for more than SIP/,
      ],
      ['a rule for everything', [open([{ protocol: '-1', cidr: '0.0.0.0/0' }])], {}, /for more than SIP/],
      ['no public rule at all', [open([{ ...sip, cidr: '198.51.100.0/24' }])], {}, /nothing to close/],
    ] as const)('refuses %s, and changes nothing', async (_, seeds, over, words) => {
      const { round, lines, ledger } = await start(seeds)
      const before = await lines()
      expect((await round(CLOSED, over)).refused.join('\n')).toMatch(words)
      expect(await lines()).toEqual(before)
      expect(ledger.held).toEqual([])
    })

    const full = 'refuses where the references do not fit into the quota of rules'
    if (quotas)
      test(full, async () => {
        const { round, lines } = await start([open([sip, { ...sip, protocol: 'tcp' }])], 40)
        const before = await lines()
        expect((await round(CLOSED)).refused.join()).toMatch(/has room for 38 IPv4 rules and would need 40/)
        expect(await lines()).toEqual(before)
        const fits = await start([open([sip, { ...sip, protocol: 'tcp' }])], 42)
        expect((await fits.round(CLOSED)).refused).toEqual([])
      })

    test('refuses where somebody would lose service, by name, where the list is empty, and where it is not up to date', async () => {
      const { round, lines, options } = await start()
      const before = await lines()
      const with4 = (over: object) => ({
        trusted: { ...options.trusted, 4: { ...options.trusted[4], ...over } },
      })
      const left = [onePrefix('192.0.2.7/32')]
      expect((await round(CLOSED, with4({ left }))).refused.join()).toMatch(
        /1 trusted source.* would lose service: 192\.0\.2\.7\/32/,
      )
      const two = [...left, onePrefix('192.0.2.9/32')]
      for (const [who, refused] of [
        [left, 0],
        [two, 1],
      ] as const) {
        const preview = { ...with4({ left: who }), apply: false }
        expect((await round({ ...CLOSED, lose: 1 }, preview)).refused).toHaveLength(refused)
      }
      const empty = {
        trusted: { 4: { ...options.trusted[4], held: 0 }, 6: { ...options.trusted[6], held: 0 } },
      }
      expect((await round(CLOSED, empty)).refused.join()).toMatch(/nobody would be let in/)
      expect((await round(CLOSED, with4({ problem: 'EC2 is away' }))).refused.join()).toMatch(
        /not up to date: EC2 is away/,
      )
      expect(await lines()).toEqual(before)
      await round(CLOSED)
      const closed = await lines()
      await round(CLOSED, with4({ left, problem: 'EC2 is away' }))
      expect(await lines()).toEqual(closed)
    })

    test('a preview changes nothing and writes nothing', async () => {
      const { round, lines, ledger } = await start()
      const before = await lines()
      expect((await round(CLOSED, { apply: false })).steps).not.toEqual([])
      expect(await lines()).toEqual(before)
      expect(ledger.held).toEqual([])
    })
  })
}
