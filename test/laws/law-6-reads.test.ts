import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { throwProblems } from '../../lib/round.ts'
import type { RoundRecord } from '../../lib/round-record.ts'
import type { Fault, FaultRule } from '../aws/faults.ts'
import {
  everything,
  expectConverges,
  expectNothingOpened,
  inTheMiddle,
  type Middle,
  round,
} from './law-6-middle.ts'

/** How a read goes wrong: it fails, or its answer comes without a list. */
interface BadRead {
  readonly service: string
  readonly action: string
  readonly fault: Fault
}

const FAILS: Fault = { kind: 'before' }
const without = (element: string): Fault => ({ kind: 'without', element })
const ec2 = (action: string, fault: Fault): BadRead => ({ service: 'ec2', action, fault })
const waf = (fault: Fault): BadRead => ({ service: 'wafv2', action: 'GetIPSet', fault })

/** Every read that a tier rests on, each with both ways to go wrong; in a round that meets one of each, none may change. */
const OF_ACL = [
  ec2('DescribeNetworkAcls', FAILS),
  ec2('DescribeNetworkAcls', without('entrySet')),
  ec2('DescribeNetworkAcls', without('networkAclSet')),
]
const OF_LISTS = [
  ec2('GetManagedPrefixListEntries', FAILS),
  ec2('GetManagedPrefixListEntries', without('entrySet')),
  ec2('DescribeManagedPrefixLists', FAILS),
  ec2('DescribeManagedPrefixLists', without('prefixListSet')),
]
const OF_GROUPS = [
  ec2('DescribeSecurityGroupRules', FAILS),
  ec2('DescribeSecurityGroupRules', without('securityGroupRuleSet')),
  ec2('DescribeSecurityGroups', FAILS),
  ec2('DescribeSecurityGroups', without('securityGroupInfo')),
  ec2('DescribeNetworkInterfaces', FAILS),
  ec2('DescribeNetworkInterfaces', without('networkInterfaceSet')),
]
const OF_IP_SETS = [waf(FAILS), waf(without('Addresses')), waf(without('IPSet'))]
const ROUNDS = OF_GROUPS.map((groups, i) =>
  [OF_ACL, OF_LISTS, OF_IP_SETS].map((reads) => reads[i % reads.length]!).concat(groups),
)

const WORDS = /answered without|EC2 shows no interface|An internal error has occurred/

let middle: Middle
beforeAll(async () => {
  middle = await inTheMiddle()
  // A list that never held anything may come without entries, so each has held something.
  for (const list of middle.account.aws.prefixLists.values()) {
    const cidr = list.family === 4 ? '203.0.113.99/32' : '2001:db8:99::/64'
    list.modify({ add: [{ cidr }] })
    list.modify({ remove: [cidr] })
  }
})
afterAll(async () => {
  await middle.account.stop()
})

/** A round of a process that has just started, with the faults; undefined where it did not come to an end. */
async function roundWith(rules: readonly FaultRule[]): Promise<RoundRecord | Error> {
  const { account } = middle
  account.aws.faults.plan(rules)
  account.now += 1_000
  try {
    return await round(account.restart(1), account.now)
  } catch (error) {
    return error instanceof Error ? error : new Error(String(error))
  } finally {
    account.aws.faults.clear()
  }
}

const nameOf = ({ action, fault }: BadRead) =>
  `${action} ${fault.kind === 'without' ? `without ${fault.element}` : 'fails'}`

/** One fence for all of these: as long as the law holds, no round changes it. */
describe('An unreadable allowlist, known-good set or firewall changes nothing', () => {
  test.each(ROUNDS.map((reads) => [reads.map(nameOf).join(', '), reads] as const))('%s', async (_, reads) => {
    const before = everything(middle.account)
    const record = await roundWith(reads)
    expect(everything(middle.account)).toEqual(before)
    if (record instanceof Error) throw record
    const { firewalls, sets, trusted, lockdown } = record
    const places = [...firewalls, ...sets, ...trusted, { id: 'lockdown', problem: lockdown?.problem ?? null }]
    expect(places).toHaveLength(8)
    for (const { id, problem } of places) expect([id, problem]).toEqual([id, expect.stringMatching(WORDS)])
    expect(() => throwProblems(record)).toThrow(/Cannot finish the round/)
  })

  test.each<[string, string, Fault]>([
    ['fails', 'Query', FAILS],
    ['fails', 'GetItem', FAILS],
    ['answers without its rows', 'Query', without('Items')],
  ])('a ledger that %s, at every %s', async (_, action, fault) => {
    const before = everything(middle.account)
    expect(await roundWith([{ service: 'dynamodb', action, fault }])).toBeInstanceOf(Error)
    expect(everything(middle.account)).toEqual(before)
  })

  /** Blocks, known-good, trusted peers: whichever is asked for at that call. */
  test('a ledger that answers one Query without its rows, at any of them', async () => {
    let call = 1
    for (; ; call++) {
      const fault = without('Items')
      const rule = { service: 'dynamodb', action: 'Query', calls: [call], fault }
      const outcome = await roundWith([rule])
      expectNothingOpened(everything(middle.account))
      if (middle.account.aws.faults.injected().at(-1)?.index !== call) break
      expect([call, outcome instanceof Error || problemsOf(outcome)]).not.toEqual([call, []])
    }
    expect(call).toBeGreaterThan(4)
  })

  test('and the next round does what was to be done', async () => {
    await expectConverges(middle)
  })
})

function problemsOf({ firewalls, sets, trusted, lockdown }: RoundRecord): readonly string[] {
  return [...firewalls, ...sets, ...trusted, { problem: lockdown?.problem ?? null }].flatMap(
    ({ problem }) => problem ?? [],
  )
}
