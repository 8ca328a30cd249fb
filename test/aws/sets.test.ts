import { type DescribeManagedPrefixListsCommandOutput, EC2Client } from '@aws-sdk/client-ec2'
import { WAFV2Client } from '@aws-sdk/client-wafv2'
import { describe, expect, test } from 'vitest'
import { IpSet, Pace } from '../../lib/aws/ip-set.ts'
import { PrefixList } from '../../lib/aws/prefix-list.ts'
import type { Family, Prefix } from '../../lib/core/prefix.ts'
import { setContract } from '../contract/sets.ts'
import { type LocalAws, type LocalAwsOptions, startLocalAws } from './local-aws.ts'

const LIST = 'pl-0123456789abcdef0'
const NOW = 1_800_000_000_000

interface Account {
  readonly aws: LocalAws
  readonly ec2: EC2Client
  readonly waf: WAFV2Client
  now: number
  /** How long the ports have waited. */
  waited: number
  wait(ms: number): Promise<void>
  stop(): Promise<void>
}

/** An account whose clock stands still, but for when a port waits. */
async function open(options: LocalAwsOptions): Promise<Account> {
  const account = { now: NOW, waited: 0 }
  const aws = await startLocalAws({ now: () => account.now, ...options })
  const { endpoint, credentials, region } = aws
  const config = { endpoint, credentials, region, maxAttempts: 1 }
  const [ec2, waf] = [new EC2Client(config), new WAFV2Client(config)]
  return Object.assign(account, {
    aws,
    ec2,
    waf,
    async wait(ms: number) {
      account.now += ms
      account.waited += ms
    },
    async stop() {
      ec2.destroy()
      waf.destroy()
      await aws.stop()
    },
  })
}

function writesOf({ aws }: Account, action: string): number {
  return aws.calls().filter((call) => call.action === action).length
}

async function prefixList(family: Family, maxEntries: number, more: LocalAwsOptions = {}) {
  const account = await open({ prefixLists: [{ id: LIST, family, maxEntries }], ...more })
  const list = account.aws.prefixLists.get(LIST)!
  const set = new PrefixList({ id: LIST, family, fence: 'f', ec2: account.ec2, wait: account.wait })
  const held = () => list.entriesOf(list.describe().version).map(({ prefix }) => prefix)
  return { account, list, set: Object.assign(set, { takes: () => true }), held }
}

setContract('a prefix list on EC2', {
  mostAtOnce: 100,
  capacity: 20,
  async arrange(family, maxEntries) {
    const { account, list, set, held } = await prefixList(family, maxEntries)
    return {
      set,
      held,
      change: (add, remove = []) => list.modify({ add: add.map((cidr) => ({ cidr })), remove: [...remove] }),
      writes: () => writesOf(account, 'ModifyManagedPrefixList'),
      stop: account.stop,
    }
  },
})

async function ipSet(family: Family, addresses: readonly string[] = []) {
  const account = await open({ ipSets: [{ name: 's', family, addresses, description: 'as it was made' }] })
  const [held] = [...account.aws.ipSets.values()]
  const pace = new Pace(() => account.now, account.wait)
  return { account, held: held!, set: new IpSet({ arn: held!.arn, family, waf: account.waf, pace }) }
}

setContract('an IP set of WAF', {
  mostAtOnce: 10_000,
  capacity: 10_000,
  async arrange(family) {
    const { account, held, set } = await ipSet(family)
    return {
      set,
      held: () => held.addresses,
      change(add, remove = []) {
        const gone = new Set<string>(remove)
        held.update([...held.addresses.filter((each) => !gone.has(each)), ...add])
      },
      writes: () => writesOf(account, 'UpdateIPSet'),
      stop: account.stop,
    }
  },
})

/** The client, but for one command, which gets this answer. */
function answering(ec2: EC2Client, command: string, answer: object): EC2Client {
  const send = ec2.send.bind(ec2) as (...args: unknown[]) => Promise<object>
  return new Proxy(ec2, {
    get: (target, name) =>
      name === 'send'
        ? async (asked: object) => (asked.constructor.name === command ? answer : await send(asked))
        : Reflect.get(target, name),
  })
}

const add = (...texts: string[]) =>
  texts.map((text) => ({ kind: 'add' as const, prefix: text as Prefix, why: 'it floods' }))

describe('A prefix list', () => {
  test('is waited for while a change of it is under way, its own or somebody else’s', async () => {
    const { account, list, set } = await prefixList(4, 300, { prefixListMs: 900 })
    try {
      list.modify({ add: [{ cidr: '203.0.113.1/32' }] })
      const state = await set.read()
      expect(state.held).toEqual(['203.0.113.1/32'])
      const many = Array.from({ length: 250 }, (_, i) => `10.0.0.${i}/32`)
      expect(await set.apply(add(...many), state)).toMatchObject({ stopped: null })
      expect((await set.read()).held).toHaveLength(251)
      expect(account.waited).toBeGreaterThanOrEqual(4 * 900)
    } finally {
      await account.stop()
    }
  })

  test('that takes its time is left to later rounds, which go on where it stopped', async () => {
    const { account, list, set } = await prefixList(4, 300, { prefixListMs: 5_000 })
    try {
      const many = Array.from({ length: 150 }, (_, i) => `10.0.0.${i}/32`)
      const { done, stopped } = await set.apply(add(...many), await set.read())
      expect([done.length, stopped?.kind]).toEqual([100, 'slow'])
      expect(account.waited).toBeLessThanOrEqual(3_500)
      account.now += 60_000
      expect(list.describe(account.now).version).toBe(2)
      const rest = add(...many).slice(100)
      expect((await set.apply(rest, await set.read())).done).toHaveLength(50)
    } finally {
      await account.stop()
    }
  })

  test('whose change EC2 gives up says why, and nothing counts as done', async () => {
    const { account, set } = await prefixList(4, 300)
    const failed: Pick<DescribeManagedPrefixListsCommandOutput, 'PrefixLists'> = {
      PrefixLists: [
        {
          PrefixListId: LIST,
          Version: 1,
          MaxEntries: 300,
          AddressFamily: 'IPv4',
          State: 'modify-failed',
          StateMessage: 'no room in sg-1',
        },
      ],
    }
    try {
      const state = await set.read()
      const ec2 = answering(account.ec2, 'DescribeManagedPrefixListsCommand', failed)
      const broken = new PrefixList({ id: LIST, family: 4, fence: 'f', ec2, wait: account.wait })
      const outcome = await broken.apply(add('192.0.2.7/32'), state)
      expect(outcome).toEqual({ done: [], stopped: { kind: 'failed', reason: 'no room in sg-1' } })
    } finally {
      await account.stop()
    }
  })

  test('is not written from an old reading: what somebody adds between two calls stays, and the rest waits', async () => {
    const { account, list, set, held } = await prefixList(4, 300)
    try {
      const state = await set.read()
      const many = Array.from({ length: 150 }, (_, i) => `10.0.0.${i}/32`)
      list.onChange = () => {
        list.onChange = () => undefined
        list.modify({ add: [{ cidr: '203.0.113.1/32' }] })
      }
      const { done, stopped } = await set.apply(add(...many), state)
      expect([done.length, stopped?.kind, held().length]).toEqual([100, 'stale', 101])
    } finally {
      await account.stop()
    }
  })

  test.each([
    ['a first page', 1],
    ['a later page', 2],
  ])('is not read where %s of it comes without entries', async (_, page) => {
    const { account, list, set } = await prefixList(4, 300)
    try {
      list.modify({ add: Array.from({ length: 100 }, (_, i) => ({ cidr: `10.0.0.${i}/32` })) })
      list.modify({ add: Array.from({ length: 50 }, (_, i) => ({ cidr: `10.0.1.${i}/32` })) })
      expect((await set.read()).held).toHaveLength(150)
      const fault = { kind: 'without', element: 'entrySet' } as const
      account.aws.faults.plan([{ action: 'GetManagedPrefixListEntries', calls: [page], fault }])
      await expect(set.read()).rejects.toThrow(/EC2 answered without its entries/)
    } finally {
      await account.stop()
    }
  })

  test('that stays in the middle of a change is not read as if it were over', async () => {
    const { account, list, set } = await prefixList(4, 300, { prefixListMs: 3_600_000 })
    try {
      list.modify({ add: [{ cidr: '203.0.113.1/32' }] })
      await expect(set.read()).rejects.toThrow(/a change of it is under way; the next round reads it again/)
    } finally {
      await account.stop()
    }
  })

  test('keeps its versions: an earlier one can be restored, and each entry says whose it is and why', async () => {
    const { account, list, set, held } = await prefixList(4, 300)
    try {
      await set.apply(add('192.0.2.7/32'), await set.read())
      await set.apply(add('192.0.2.8/32'), await set.read())
      expect(list.describe().version).toBe(3)
      expect(list.entriesOf(2)).toEqual([{ prefix: '192.0.2.7/32', description: 'sipfence f: it floods' }])
      list.restore(2, 3)
      expect(held()).toEqual(['192.0.2.7/32'])
      expect((await set.read()).version).toBe('4')
    } finally {
      await account.stop()
    }
  })

  test('of the other family is refused before anything is written', async () => {
    const { account } = await prefixList(4, 300)
    try {
      const set = new PrefixList({ id: LIST, family: 6, fence: 'f', ec2: account.ec2, wait: account.wait })
      await expect(set.read()).rejects.toThrow(/it is IPv4 .* expected a list of IPv6/)
    } finally {
      await account.stop()
    }
  })

  test('takes a description of any text, cut to what EC2 takes', async () => {
    const { account, list, set } = await prefixList(4, 300)
    try {
      const why = `“héllo”\u0007 ${'x'.repeat(400)}`
      await set.apply([{ kind: 'add', prefix: '192.0.2.7/32' as Prefix, why }], await set.read())
      const { description } = list.entriesOf(2)[0]!
      expect(description).toMatch(/^sipfence f: \?h\?llo\?\? x+$/)
      expect(description).toHaveLength(255)
    } finally {
      await account.stop()
    }
  })
})

describe('An IP set', () => {
  test('is written at most once a second, whichever of the two', async () => {
    const { account, set } = await ipSet(4)
    try {
      for (const address of ['192.0.2.7/32', '192.0.2.9/32', '192.0.2.11/32'])
        expect(await set.apply(add(address), await set.read())).toMatchObject({ stopped: null })
      expect(account.waited).toBe(2_000)
    } finally {
      await account.stop()
    }
  })

  test('keeps its description and the addresses of others, whatever their text', async () => {
    const { account, held, set } = await ipSet(6, ['2001:0db8:0000:0000:0000:0000:0000:0001/128'])
    try {
      await set.apply(add('2001:db8:7::/64'), await set.read())
      expect(held.description).toBe('as it was made')
      expect([...held.addresses].sort()).toEqual(['2001:db8:7::/64', '2001:db8::1/128'])
    } finally {
      await account.stop()
    }
  })

  test('takes sources that are proven to be real and no others', async () => {
    const { account, set } = await ipSet(4)
    await account.stop()
    const scopes = ['sip-udp', 'sip', 'all'] as const
    expect(scopes.filter((scope) => set.takes({ scope } as never))).toEqual(['sip', 'all'])
  })

  test('of CloudFront, or of no IP set at all, is refused by name', () => {
    const pace = new Pace(
      () => 0,
      async () => undefined,
    )
    const arn = 'arn:aws:wafv2:us-east-1:123456789012:global/ipset/s/1'
    expect(() => new IpSet({ arn, family: 4, waf: {} as never, pace })).toThrow(
      /expected the ARN of a regional IP set/,
    )
  })
})
